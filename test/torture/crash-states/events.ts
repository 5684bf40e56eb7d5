// What a server did to the files of its store and to its clients, in the order in which it happened, made of its system calls. From
// that every state can be built that a crash of the machine could have left (disk-model.ts).
import { basename, dirname } from "node:path";
import { type Call, type CallResult, type CallWitness, fileOf, textOf } from "../../support/call-trace.ts";

export type StoreEvent =
  /** `offset` null: at the end. */
  | { readonly kind: "write"; readonly name: string; readonly offset: number | null; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly name: string; readonly length: number }
  /** A sync covers what came before its beginning, once it has ended. `name` null: of the directory. */
  | { readonly kind: "sync-begins"; readonly id: number; readonly name: string | null }
  | { readonly kind: "sync-ends"; readonly id: number }
  | { readonly kind: "create"; readonly name: string }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  /** An answer to this writer begins to be sent. */
  | { readonly kind: "answer"; readonly writer: number };

/** Every call by which files of a store are changed, and what goes over sockets. */
export const RECORDED_CALLS = [
  ...["openat", "open", "creat", "pwrite64", "write", "writev", "pwritev", "ftruncate", "truncate", "fallocate"],
  ...["fsync", "fdatasync", "sync_file_range", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link"],
  ...["recvfrom", "recvmsg", "sendto", "sendmsg"],
] as const;

/** Longer than any one write of a recording. */
export const RECORDED_BYTES_MAX = 16 * 1024;

/** Shared memory, which SQLite makes anew after a crash. */
const NOT_KEPT = /-shm$/;

export class EventRecorder implements CallWitness {
  readonly events: StoreEvent[] = [];
  readonly #directory: string;
  readonly #names = new Set<string>();
  /** The writer that asked last on a socket. */
  readonly #writers = new Map<string, number>();
  /** Syncs under way, by thread. */
  readonly #syncs = new Map<number, number>();
  #syncId = 0;

  /** @param directory - of the store, without links in its path */
  constructor(directory: string) {
    this.#directory = directory;
  }

  begins(call: Call): void {
    switch (call.name) {
      case "pwrite64":
      case "write":
      case "sendto":
      case "sendmsg":
      case "writev":
        this.#write(call);
        return;
      case "ftruncate": {
        const name = this.#nameOf(plain(fileOf(call)));
        const length = Number(/, (\d+)/.exec(call.args)?.[1]);
        if (name !== null) this.events.push({ kind: "truncate", name, length });
        return;
      }
      case "fsync":
      case "fdatasync":
        this.#beginSync(call);
        return;
      default:
    }
  }

  ends(call: Call, { value, isInjected }: CallResult): void {
    if (value === null || value < 0) return;
    const [path, second] = pathsOf(call);
    const name = path === undefined ? null : this.#nameOf(path);
    switch (call.name) {
      case "openat":
        if (name === null) return;
        if (this.#names.has(name)) {
          if (call.args.includes("O_TRUNC")) this.events.push({ kind: "truncate", name, length: 0 });
          return;
        }
        if (!call.args.includes("O_CREAT")) return;
        this.#names.add(name);
        this.events.push({ kind: "create", name });
        return;
      case "unlink":
        if (name === null) return;
        this.#names.delete(name);
        this.events.push({ kind: "unlink", name });
        return;
      case "rename": {
        const to = second === undefined ? null : this.#nameOf(second);
        if (name === null || to === null) return;
        this.#names.delete(name);
        this.#names.add(to);
        this.events.push({ kind: "rename", name, to });
        return;
      }
      case "fsync":
      case "fdatasync":
        this.#endSync(call, isInjected);
        return;
      case "recvfrom":
      case "recvmsg":
        this.#noteAsked(call);
        return;
      case "pwrite64":
      case "write":
      case "ftruncate":
      case "sendto":
      case "sendmsg":
        return;
      default:
        // What is not understood must not be left out in silence.
        if (name !== null || this.#nameOf(plain(fileOf(call))) !== null)
          throw new Error(`${call.name} is not recorded`);
    }
  }

  #write(call: Call): void {
    const file = plain(fileOf(call));
    if (file.startsWith("socket:")) this.#noteAnswer(file);
    const name = this.#nameOf(file);
    if (name === null) return;
    const bytes = bytesOf(textOf(call));
    // Also of a call that has not ended yet.
    const [, length, offset] =
      /^(?:\.\.\.)?, (\d+)(?:, (\d+))?/.exec(call.args.slice(call.args.lastIndexOf('"') + 1)) ?? [];
    if (bytes.length !== Number(length)) throw new Error(`A write of ${length} bytes was recorded in part`);
    this.events.push({ kind: "write", name, offset: offset === undefined ? null : Number(offset), bytes });
  }

  #noteAsked(call: Call): void {
    const head = bytesOf(textOf(call).slice(0, 4 * HEAD_BYTES)).toString("latin1");
    const writer = /^[A-Z]+ \/keys[/?]w(\d+)/.exec(head)?.[1];
    if (writer !== undefined) this.#writers.set(plain(fileOf(call)), Number(writer));
  }

  #noteAnswer(socket: string): void {
    const writer = this.#writers.get(socket);
    if (writer === undefined) return;
    this.#writers.delete(socket);
    this.events.push({ kind: "answer", writer });
  }

  #beginSync(call: Call): void {
    const path = plain(fileOf(call));
    const name = path === this.#directory ? null : this.#nameOf(path);
    if (name === null && path !== this.#directory) return;
    const id = ++this.#syncId;
    this.#syncs.set(call.thread, id);
    this.events.push({ kind: "sync-begins", id, name });
  }

  #endSync({ thread }: Call, isInjected: boolean): void {
    const id = this.#syncs.get(thread);
    this.#syncs.delete(thread);
    if (id !== undefined && !isInjected) this.events.push({ kind: "sync-ends", id });
  }

  #nameOf(path: string): string | null {
    if (dirname(path) !== this.#directory) return null;
    const name = basename(path);
    return NOT_KEPT.test(name) ? null : name;
  }
}

const HEAD_BYTES = 60;

/** @param text - of textOf(), in hexadecimal */
function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

function plain(name: string): string {
  return name.replaceAll(/(?:\\x[0-9a-f]{2})+/g, (text) => bytesOf(text).toString("utf8"));
}

/** The paths that a call names in quotes. */
function pathsOf({ name, args }: Call): readonly string[] {
  if (!PATH_CALLS.has(name)) return [];
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = ""]) => bytesOf(text).toString("utf8"));
}

const PATH_CALLS: ReadonlySet<string> = new Set([
  ...["openat", "open", "creat", "truncate", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link"],
]);
