// A file that has its name once it is whole and synced: written under a draft's name, synced every so often, renamed last.
// A draft belongs to one process alone, or two that write at a time would leave a mixture under a good name.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { KeyholdError } from "../core/errors.ts";

/** Bytes between two syncs: the store may be on the same disk, and its commits would wait for one large sync. */
const SYNCED_BYTES = 8 * 1024 * 1024;

/** What a file is to become, and whether it may replace one that is there. */
export interface Target {
  readonly path: string;
  readonly replaces: boolean;
}

export class SyncedFile {
  readonly draft: string;
  readonly #file: number;
  #bytes: number;
  #unsyncedBytes = 0;

  private constructor(draft: string, file: number, bytes: number) {
    this.draft = draft;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** A draft that must not be there yet. @throws Error with the code EEXIST where it is */
  static create(draft: string): SyncedFile {
    return new SyncedFile(draft, openSync(draft, "wx", 0o600), 0);
  }

  /** A draft that is there, cut to its first bytes. */
  static goOn(draft: string, bytes: number): SyncedFile {
    const file = openSync(draft, "a", 0o600);
    ftruncateSync(file, bytes);
    return new SyncedFile(draft, file, bytes);
  }

  /** A whole file at once. @throws "unavailable" where one is there that is not to be replaced */
  static writeWhole(target: Target, bytes: Uint8Array): void {
    const file = SyncedFile.create(`${target.path}.${crypto.getRandomValues(new Uint8Array(8)).toHex()}.part`);
    try {
      file.write(bytes);
      file.finish(target);
    } catch (error) {
      file.discard();
      throw error;
    } finally {
      file.close();
    }
  }

  write(part: Uint8Array): void {
    for (let offset = 0; offset < part.length; ) offset += writeSync(this.#file, part, offset);
    this.#bytes += part.length;
    this.#unsyncedBytes += part.length;
    if (this.#unsyncedBytes < SYNCED_BYTES) return;
    fsyncSync(this.#file);
    this.#unsyncedBytes = 0;
  }

  /** Gives it its name, durably. @throws "unavailable" where another writes into it, or the name has been taken since */
  finish(target: Target): void {
    fsyncSync(this.#file);
    if (fstatSync(this.#file).size !== this.#bytes) {
      throw new KeyholdError("unavailable", `Cannot finish ${target.path}: another command writes into ${this.draft}`);
    }
    requireFree(target);
    renameSync(this.draft, target.path);
    syncDirectoryOf(target.path);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Takes the draft away. Requires: it is not finished. */
  discard(): void {
    rmSync(this.draft, { force: true });
  }
}

/** @throws "unavailable" where a file is there that is not to be replaced */
export function requireFree({ path, replaces }: Target): void {
  if (replaces || !existsSync(path)) return;
  throw new KeyholdError("unavailable", `Cannot write ${path}: it is there already; give --force to replace it`);
}

/** Makes the name of a file durable. */
function syncDirectoryOf(path: string): void {
  const directory = openSync(dirname(resolve(path)), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
