// Backups of a store that serves: one copy at a time, made by a thread of its own (backup-thread.ts), so that reads and
// commits go on. A copy gets its name when it is whole and synced; what a crash leaves of one is removed at the next start.
import { closeSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KeyholdError } from "../../core/errors.ts";
import type { Backup, BackupFacts, BackupTerms, OpenBackup } from "../../store/store.ts";
import { toCopyFault } from "./backup-copy.ts";
import { finishCopy, requireRoom } from "./backup-target.ts";
import { COPY_NAME, COPY_PREFIX, type StoreFiles } from "./layout.ts";
import { type FromBackup, fromErrorMessage, type ToBackup } from "./messages.ts";

/** Bytes read from a copy at once, and held for a reader that is slow. */
const PART_BYTES = 1024 * 1024;

/** Copies without a name that may be read at the same time: each takes as much room as the store. */
export const OPEN_COPIES_MAX = 2;

export class SqliteBackup implements Backup {
  readonly #files: StoreFiles;
  readonly #reserveBytes: number;
  readonly #stopping = new AbortController();
  /** Resolves when the thread of the copy that is made has ended; null while none is. */
  #running: Promise<void> | null = null;
  #openCopies = 0;

  /** @param reserveBytes - what a copy on the store's own disk must leave free */
  constructor(files: StoreFiles, reserveBytes: number) {
    this.#files = files;
    this.#reserveBytes = reserveBytes;
  }

  writeTo(path: string, terms: BackupTerms): Promise<BackupFacts> {
    return finishCopy(path, (draft) => this.#make(draft, terms));
  }

  async open(terms: BackupTerms): Promise<OpenBackup> {
    if (this.#openCopies >= OPEN_COPIES_MAX) {
      throw new KeyholdError(
        "busy",
        `Cannot make a backup: ${OPEN_COPIES_MAX} are still being sent, the limit; try again when one has been taken`,
        { limit: OPEN_COPIES_MAX },
      );
    }
    const name = crypto.getRandomValues(new Uint8Array(8)).toHex();
    const path = join(this.#files.directory, `${COPY_PREFIX}${name}.db`);
    const facts = await this.#make(path, terms);
    try {
      const copy = openOnce(path, facts, () => this.#openCopies--);
      this.#openCopies++;
      return copy;
    } finally {
      // The open file keeps its room until it is closed, however the process ends.
      rmSync(path, { force: true });
    }
  }

  /** Ends a copy that is being made, and makes no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #make(target: string, { onProgress, signal }: BackupTerms): Promise<BackupFacts> {
    if (this.#running !== null) {
      throw new KeyholdError("busy", "Cannot make a backup: another one is being made; try again when it is finished");
    }
    const ended = Promise.withResolvers<void>();
    this.#running = ended.promise;
    try {
      requireRoom(this.#files, target, this.#reserveBytes);
      return await copyOnThread(
        { kind: "copy", database: this.#files.database, target },
        { onProgress, signal: AbortSignal.any([signal, this.#stopping.signal]) },
      );
    } catch (error) {
      throw toCopyFault(error);
    } finally {
      this.#running = null;
      ended.resolve();
    }
  }
}

/** Removes what servers that were killed have left of copies. Requires: the store is held by this process. */
export function removeLeftCopies({ directory }: StoreFiles): void {
  for (const name of readdirSync(directory)) {
    if (COPY_NAME.test(name)) rmSync(join(directory, name), { force: true });
  }
}

/** Settles when the thread has ended, so that nothing of it is left then. */
function copyOnThread(order: Extract<ToBackup, { kind: "copy" }>, { onProgress, signal }: BackupTerms) {
  const { promise, resolve, reject } = Promise.withResolvers<BackupFacts>();
  const thread = new Worker(new URL("./backup-thread.ts", import.meta.url).href);
  const tell = (message: ToBackup) => thread.postMessage(message);
  const stop = () => tell({ kind: "stop" });
  let settle = () => reject(new KeyholdError("unavailable", "The thread that made the copy ended by itself"));
  thread.onmessage = ({ data }: MessageEvent<FromBackup>) => {
    if (data.kind === "progress") onProgress(data.progress);
    else settle = data.kind === "made" ? () => resolve(data.facts) : () => reject(fromErrorMessage(data.error));
  };
  thread.onerror = ({ message }) => {
    settle = () => reject(new KeyholdError("unavailable", `The thread that made the copy failed: ${message}`));
  };
  thread.addEventListener("close", () => {
    signal.removeEventListener("abort", stop);
    settle();
  });
  tell(order);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  return promise;
}

function openOnce(path: string, facts: BackupFacts, onClose: () => void): OpenBackup {
  let file: number | null = openSync(path, "r");
  const close = () => {
    if (file === null) return;
    closeSync(file);
    file = null;
    onClose();
  };
  async function* parts(): AsyncGenerator<Uint8Array> {
    try {
      for (let offset = 0; offset < facts.bytes; ) {
        if (file === null) throw new KeyholdError("unavailable", "The copy was closed before it was read to its end");
        const part = new Uint8Array(PART_BYTES);
        const length = readSync(file, part, 0, part.length, offset);
        if (length === 0) throw new KeyholdError("unavailable", "The copy has lost its end");
        offset += length;
        yield part.subarray(0, length);
      }
    } finally {
      close();
    }
  }
  return { ...facts, parts, close };
}
