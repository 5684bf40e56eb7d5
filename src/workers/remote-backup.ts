// Copies of the store that a serving thread is asked for: made on the main thread, so that there are never more than it allows,
// and handed over part by part as the client takes them.
import { KeyholdError } from "../core/errors.ts";
import type { Backup, BackupFacts, BackupTerms, OpenBackup } from "../store/store.ts";
import { type FromCopy, type FromServing, fromErrorMessage, type ToCopy, toErrorMessage } from "./messages.ts";

/** What a serving thread has for the backup of its store. */
export class RemoteBackup implements Backup {
  readonly #post: (message: FromServing, moved: readonly MessagePort[]) => void;

  constructor(post: (message: FromServing, moved: readonly MessagePort[]) => void) {
    this.#post = post;
  }

  /** The schedule of backups, which alone names files, is the main thread's. */
  writeTo(): Promise<BackupFacts> {
    return Promise.reject(new KeyholdError("not-supported", "Copies that have a name are made by the main thread"));
  }

  async open({ signal }: BackupTerms): Promise<OpenBackup> {
    const { port1, port2 } = new MessageChannel();
    const heard = new Heard();
    port1.onmessage = ({ data }: { readonly data: FromCopy }) => heard.take(data);
    const say = (message: ToCopy) => port1.postMessage(message);
    const close = () => {
      say("close");
      heard.end();
    };
    this.#post({ kind: "backup", port: port2 }, [port2]);
    signal.addEventListener("abort", close, { once: true });
    const made = await heard.next();
    signal.removeEventListener("abort", close);
    if (made.kind !== "made") {
      port1.close();
      throw made.kind === "failed" ? fromErrorMessage(made.error) : closed();
    }
    return { ...made.facts, close, parts: () => partsOf(heard, say, close) };
  }

  /** Copies are ended where they are made. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

async function* partsOf(heard: Heard, say: (message: ToCopy) => void, close: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      say("next");
      const message = await heard.next();
      if (message.kind === "failed") throw fromErrorMessage(message.error);
      if (message.kind !== "part" || message.part === null) return;
      yield message.part;
    }
  } finally {
    close();
  }
}

/** What comes by the port, one by one as it is waited for. */
class Heard {
  #come: ((message: FromCopy) => void) | null = null;
  #early: FromCopy | null = null;
  #hasEnded = false;

  take(message: FromCopy): void {
    if (this.#come === null) this.#early = message;
    else this.#come(message);
    this.#come = null;
  }

  next(): Promise<FromCopy> {
    const early = this.#early;
    this.#early = null;
    if (this.#hasEnded) return Promise.resolve({ kind: "failed", error: toErrorMessage(closed()) });
    if (early !== null) return Promise.resolve(early);
    return new Promise((resolve) => {
      this.#come = resolve;
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#come?.({ kind: "failed", error: toErrorMessage(closed()) });
    this.#come = null;
  }
}

function closed(): KeyholdError {
  return new KeyholdError("unavailable", "The copy was closed before it was read to its end");
}

/** The main thread's side: makes a copy for who holds the other end of the port, and sends it. */
export function serveCopy(backup: Backup, port: MessagePort): void {
  const stopping = new AbortController();
  const post = (message: FromCopy) => port.postMessage(message);
  let copy: OpenBackup | null = null;
  let parts: AsyncIterator<Uint8Array> | null = null;
  const send = async () => {
    const next = await parts?.next();
    post({ kind: "part", part: next === undefined || next.done === true ? null : next.value });
  };
  const fail = (error: unknown) => post({ kind: "failed", error: toErrorMessage(error) });
  port.onmessage = ({ data }: { readonly data: ToCopy }) => {
    if (data === "next") {
      send().catch(fail);
      return;
    }
    stopping.abort();
    copy?.close();
    port.close();
  };
  const open = async () => {
    const made = await backup.open({ signal: stopping.signal, onProgress: () => {} });
    if (stopping.signal.aborted) return made.close();
    const { bytes, revision, incarnation, entries, sha256 } = made;
    copy = made;
    parts = made.parts()[Symbol.asyncIterator]();
    post({ kind: "made", facts: { bytes, revision, incarnation, entries, sha256 } });
  };
  open().catch(fail);
}
