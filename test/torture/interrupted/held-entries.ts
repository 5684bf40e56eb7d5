// Stores with entries of every kind, and how what they hold is compared.
import { openSnapshot } from "../../../src/engines/archive.ts";
import { storeFiles } from "../../../src/engines/sqlite/layout.ts";
import { fillStore, type Held, heldIn, withStoreIn } from "../../support/filled-store.ts";
import { removeEntries } from "../../support/forged-database.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";

const ENTRIES = 400;

/** Fills a new store and returns what it holds. */
export function fillNew(directory: string, random: SeededRandom): Promise<readonly Held[]> {
  return withStoreIn(directory, async (store) => {
    await fillStore(store, random, ENTRIES);
    return heldIn(store);
  });
}

export function heldInDirectory(directory: string): Promise<readonly Held[]> {
  return withStoreIn(directory, heldIn);
}

export function heldInBackup(file: string): readonly Held[] {
  const snapshot = openSnapshot({ file });
  try {
    return [...snapshot.entries(null)].map(({ key, value, contentType, form, expiresAt }) => ({
      key,
      value: value.toBase64(),
      contentType,
      form,
      expiresAt,
    }));
  } finally {
    snapshot.close();
  }
}

/** Whether all of it is in the whole, as it stands there. */
export function isPart(part: readonly Held[], whole: readonly Held[]): boolean {
  const all = new Set(whole.map((held) => JSON.stringify(held)));
  return part.every((held) => all.has(JSON.stringify(held)));
}

export function isSame(one: readonly Held[], other: readonly Held[]): boolean {
  return one.length === other.length && isPart(one, other);
}

export function dropEntryOf(directory: string): void {
  dropEntryIn(storeFiles(directory).database);
}

export function dropEntryIn(file: string): void {
  removeEntries(file, "select min(id) from entries");
}
