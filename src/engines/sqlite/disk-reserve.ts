// Keeps some of the disk free for the log. In WAL mode a full disk is a trap: a DELETE must append to the log, and so must
// wait for room like any other write. So writes that add are refused while less than the reserve is free; what is left
// lets deletes, expiries and checkpoints go on, and they are the way out (docs/adr/0007). What the database has still to grow by
// when the log is brought in is no more free than what has been written: a log can be longer than the reserve (docs/adr/0032).
//
// The database file does not shrink when entries are deleted: its free pages are used again. A write that fits into them
// needs room in the log alone, and may reach into the first half of the reserve; so deletes make room for writes even where
// the disk itself stays as full as it was.
import { statfsSync } from "node:fs";
import { KeyholdError } from "../../core/errors.ts";

/** How long a reading of the free space is good for, less what has been granted since. */
const READING_MS = 100;

export class DiskReserve {
  readonly #directory: string;
  readonly #reserveBytes: number;
  readonly #steadyMs: () => number;
  readonly #reusableBytes: () => number;
  readonly #owedBytes: () => number;
  #freeBytes = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param reusableBytes - room in the database's own free pages; asked only near the reserve
   * @param owedBytes - what the database file will grow by when the log has been brought in
   */
  constructor(parts: {
    readonly directory: string;
    readonly reserveBytes: number;
    readonly steadyMs: () => number;
    readonly reusableBytes: () => number;
    readonly owedBytes: () => number;
  }) {
    this.#directory = parts.directory;
    this.#reserveBytes = parts.reserveBytes;
    this.#steadyMs = parts.steadyMs;
    this.#reusableBytes = parts.reusableBytes;
    this.#owedBytes = parts.owedBytes;
  }

  /** @throws "no-room" when a write of this many bytes would reach into the reserve */
  grant(bytes: number): void {
    this.#read();
    // Twice: once in the log, once in the database when the log is brought in.
    if (this.#freeBytes - 2 * bytes >= this.#reserveBytes) {
      this.#freeBytes -= 2 * bytes;
      return;
    }
    if (this.#freeBytes - bytes >= this.#reserveBytes / 2 && this.#reusableBytes() >= 2 * bytes) {
      this.#freeBytes -= bytes;
      return;
    }
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    throw new KeyholdError(
      "no-room",
      `Cannot write: the disk of the store has ${Math.floor(this.#freeBytes / 1024)} KiB free, and --disk-reserve keeps ${Math.floor(this.#reserveBytes / 1024)} KiB of it for deletes; delete entries or make room`,
    );
  }

  #read(): void {
    const now = this.#steadyMs();
    if (now - this.#readAtMs < READING_MS) return;
    const { bavail, bsize } = statfsSync(this.#directory);
    this.#freeBytes = Math.max(0, bavail * bsize - this.#owedBytes());
    this.#readAtMs = now;
  }
}
