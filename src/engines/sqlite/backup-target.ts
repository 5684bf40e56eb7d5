// Where a copy goes: whether there is room for it, and how it comes to its name. Whatever ends the work, under the name
// stands what stood there or the whole copy.
import { renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { KeyholdError } from "../../core/errors.ts";
import { toCopyFault } from "./backup-copy.ts";
import { syncDirectory } from "./directory.ts";
import type { StoreFiles } from "./layout.ts";

/**
 * Gives what `make` makes the name `target` once it is whole. The name of the draft is given once: of two that copy to one
 * target at a time, neither writes into what the other has.
 *
 * @throws as toCopyFault(); then nothing of the draft is left
 */
export async function finishCopy<T>(target: string, make: (draft: string) => Promise<T>): Promise<T> {
  const draft = `${target}.${crypto.getRandomValues(new Uint8Array(8)).toHex()}.part`;
  try {
    const made = await make(draft);
    renameSync(draft, target);
    syncDirectory(dirname(target));
    return made;
  } catch (error) {
    rmSync(draft, { force: true });
    throw toCopyFault(error);
  }
}

/**
 * @param reserveBytes - what is to stay free where the copy is on the store's own disk
 * @throws "no-room" where the copy would not fit, or would reach into the reserve
 */
export function requireRoom(files: StoreFiles, target: string, reserveBytes: number): void {
  const directory = dirname(target);
  const { bavail, bsize } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  const keptBytes = statSync(directory).dev === statSync(files.directory).dev ? reserveBytes : 0;
  const neededBytes = storeBytes(files) + keptBytes;
  if (freeBytes >= neededBytes) return;
  throw new KeyholdError(
    "no-room",
    `Cannot make a backup: ${directory} has ${Math.floor(freeBytes / 1024)} KiB free, and ${Math.ceil(neededBytes / 1024)} KiB are needed${keptBytes > 0 ? ", --disk-reserve included" : ""}; make room, or back up to another disk`,
  );
}

/** What is committed may stand in the log alone: the database grows by it when the log is brought in. */
function storeBytes({ database, log }: StoreFiles): number {
  return statSync(database).size + (statSync(log, { throwIfNoEntry: false })?.size ?? 0);
}
