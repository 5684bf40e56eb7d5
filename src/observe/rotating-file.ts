// A log file that one process appends to and that cannot grow without bound: before a line would make it larger than its
// limit, error.log becomes error.log.1, that one error.log.2 and so on. Writing is synchronous, so the line that says why
// a process ends is in the file when it has ended. It never throws: a line that cannot be written is dropped, and that is
// said once.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface RotatingFileOptions {
  readonly path: string;
  /** The file is rotated before it grows beyond this; a single longer line stands in a file of its own. */
  readonly fileBytesMax: number;
  /** Rotated files kept beside the one written to. */
  readonly keptFiles: number;
  /** Told in one sentence, once until reopen(), that lines are being dropped. */
  readonly complain: (sentence: string) => void;
}

interface OpenFile {
  readonly descriptor: number;
  /** False for what is not a file of its own name, such as /dev/stderr: renaming that would harm others. */
  readonly mayRotate: boolean;
}

// O_NONBLOCK: opening a named pipe that nobody reads must fail, not wait. It means nothing for a regular file.
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Opens at the first line, so that a server without warnings leaves no empty file. */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #open: OpenFile | null = null;
  #fileBytes = 0;
  #hasComplained = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Appends `line`, which ends in a line break. Drops it where that fails. */
  append(line: string): void {
    const bytes = Buffer.from(line, "utf8");
    try {
      let open = this.#openIfClosed();
      if (open.mayRotate && this.#fileBytes > 0 && this.#fileBytes + bytes.length > this.#options.fileBytesMax) {
        this.#rotate();
        open = this.#openIfClosed();
      }
      this.#write(open, bytes);
    } catch (error) {
      this.#complainOnce(error);
    }
  }

  /** To be called when another program has moved the file away: the next line goes to a new one of the same name. */
  reopen(): void {
    this.close();
    this.#hasComplained = false;
  }

  /** A later line opens the file again. */
  close(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    try {
      closeSync(open.descriptor);
    } catch (error) {
      this.#complainOnce(error);
    }
  }

  #openIfClosed(): OpenFile {
    if (this.#open !== null) return this.#open;
    const { path } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(path, OPEN_FLAGS, 0o600);
    this.#open = { descriptor, mayRotate: lstatSync(path).isFile() };
    this.#fileBytes = fstatSync(descriptor).size;
    return this.#open;
  }

  /** From the oldest down, so that nothing is overwritten but the one that falls out. Throws half way rather than lose more. */
  #rotate(): void {
    const { path, keptFiles } = this.#options;
    this.close();
    if (keptFiles === 0) {
      rmSync(path);
      return;
    }
    for (let number = keptFiles; number > 1; number--) renameIfThere(`${path}.${number - 1}`, `${path}.${number}`);
    renameSync(path, `${path}.1`);
  }

  /** All of `bytes` or, where the disk is full, none. */
  #write({ descriptor, mayRotate }: OpenFile, bytes: Buffer): void {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (mayRotate) ftruncateSync(descriptor, this.#fileBytes);
      throw error;
    }
    this.#fileBytes += bytes.length;
  }

  #complainOnce(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.complain(`Cannot write the error log "${this.#options.path}": ${reason}; its lines are dropped`);
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
}
