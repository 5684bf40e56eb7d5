// Keeps some of the disk free for the log. In WAL mode a full disk is a trap: a DELETE must append to the log, and so must
// wait for room like any other write. So writes that add are refused while less than the reserve is free; what is left
// lets deletes, expiries and checkpoints go on, and they are the way out (docs/adr/0007).
import { statfsSync } from "node:fs";
import { KeyholdError } from "../../core/errors.ts";

/** How long a reading of the free space is good for, less what has been granted since. */
const READING_MS = 100;

export class DiskReserve {
  readonly #directory: string;
  readonly #reserveBytes: number;
  readonly #steadyMs: () => number;
  #freeBytes = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(directory: string, reserveBytes: number, steadyMs: () => number) {
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
    this.#steadyMs = steadyMs;
  }

  /** @throws "no-room" when a write of this many bytes would reach into the reserve */
  grant(bytes: number): void {
    this.#read();
    // Twice: once in the log, once in the database when the log is brought in.
    const needed = 2 * bytes;
    if (this.#freeBytes - needed < this.#reserveBytes) {
      this.#readAtMs = Number.NEGATIVE_INFINITY;
      throw new KeyholdError(
        "no-room",
        `Cannot write: the disk of the store has ${Math.floor(this.#freeBytes / 1024)} KiB free, of which --disk-reserve keeps ${Math.floor(this.#reserveBytes / 1024)} KiB; delete entries or make room`,
      );
    }
    this.#freeBytes -= needed;
  }

  #read(): void {
    const now = this.#steadyMs();
    if (now - this.#readAtMs < READING_MS) return;
    const { bavail, bsize } = statfsSync(this.#directory);
    this.#freeBytes = bavail * bsize;
    this.#readAtMs = now;
  }
}
