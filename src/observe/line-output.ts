// Writes whole lines to a file descriptor, synchronously, such as standard output. A pipe whose reader is slow may refuse
// to take more: then lines wait for the next write, up to a bound, and later ones are dropped and counted, because a
// server must not stop for its log. When the reader is gone the rest is dropped in silence.
import { writeSync } from "node:fs";

export interface LineOutputOptions {
  /** As writeSync(): writes from `offset` on and returns how much it took; throws what the system says. */
  readonly write: (bytes: Uint8Array, offset: number) => number;
  /** Said in place of lines that were dropped, as soon as there is room. Ends in a line break. */
  readonly droppedLine: (lines: number) => string;
}

/** Bytes that wait for a slow reader. */
export const WAITING_BYTES_MAX = 1024 * 1024;

/** The writes of LineOutput for a descriptor of this process, by number: 1 is standard output. */
export function writeTo(descriptor: number): LineOutputOptions["write"] {
  return (bytes, offset) => writeSync(descriptor, bytes, offset);
}

export class LineOutput {
  readonly #options: LineOutputOptions;
  #waiting: Buffer = Buffer.alloc(0);
  #droppedLines = 0;
  #isGone = false;

  constructor(options: LineOutputOptions) {
    this.#options = options;
  }

  /** Takes one or more whole lines. What waits from before goes first. */
  write(lines: string): void {
    if (this.#isGone) return;
    this.#drain();
    const bytes = Buffer.from(lines, "utf8");
    if (this.#waiting.length + bytes.length > WAITING_BYTES_MAX) {
      this.#droppedLines += lines.split("\n").length - 1;
      return;
    }
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#drain();
  }

  /** Writes what waits, as far as the system takes it. */
  #drain(): void {
    let written = 0;
    try {
      while (written < this.#waiting.length) written += this.#options.write(this.#waiting, written);
    } catch (error) {
      this.#isGone = isWithoutReader(error);
    }
    this.#waiting = this.#isGone ? Buffer.alloc(0) : this.#waiting.subarray(written);
    if (this.#waiting.length > 0 || this.#droppedLines === 0 || this.#isGone) return;
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    this.#waiting = Buffer.from(this.#options.droppedLine(dropped), "utf8");
    this.#drain();
  }
}

/** Everything else may pass: a full pipe (EAGAIN), a full disk behind a redirection (ENOSPC). */
function isWithoutReader(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "EBADF");
}
