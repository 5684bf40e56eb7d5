// Entries that have been read lately, kept in memory so that reading them again asks nobody: half of what a read costs is SQLite.
//
// Goal: never show what get() of the database would not show. Invariants:
// 1. From the moment in which a write is handed to the writer until it is settled, its keys are not in here and are not put in
//    here: whether it has been committed meanwhile only the database can say.
// 2. All that writes entries is handed over on this thread, but for the sweeper, which removes only what has ended; and whether an
//    entry has ended is asked at each read.
// 3. What is kept counts with its value and an allowance for what is around it, and never comes to more than the limit.
//
// Two generations: what is found in the older one moves to the younger, and when the younger has come to half of the limit it
// takes the place of the older, which is forgotten. That is nearly as good as an exact order of use, and costs two look-ups
// where that costs a deletion and an insertion at every read.
import type { Entry } from "../../core/entry.ts";
import { type Clock, isAlive } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";

/** What an entry takes besides its value: its object, key, tag and media type, its place in the map, and header fields made of it. */
const ENTRY_BYTES = 2048;
/** Larger values are not kept: reading them costs more in copying than in looking for them. */
const VALUE_BYTES_MAX = 16 * 1024;

export class HotEntries {
  readonly #generationBytesMax: number;
  #young = new Map<Key, Entry>();
  #old = new Map<Key, Entry>();
  #youngBytes = 0;
  /** Keys with writes under way, and how many. */
  readonly #written = new Map<Key, number>();
  #setsWritten = 0;

  /** @param limitBytes - 0 to keep nothing */
  constructor(limitBytes: number) {
    this.#generationBytesMax = limitBytes / 2;
  }

  /** The live entry; null where it has ended, undefined where nothing is known of the key. */
  get(key: Key, now: Clock): Entry | null | undefined {
    const entry = this.#young.get(key) ?? this.#fromOld(key);
    if (entry === undefined || entry.expiresAt === null || isAlive(entry.expiresAt, now())) return entry;
    return null;
  }

  /** Keeps what was just read from the database. */
  keep(entry: Entry): void {
    const bytes = sizeOf(entry);
    if (entry.value.length > VALUE_BYTES_MAX || bytes > this.#generationBytesMax) return;
    if (this.#setsWritten > 0 || this.#written.has(entry.key)) return;
    if (this.#youngBytes + bytes > this.#generationBytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(entry.key, entry);
    this.#youngBytes += bytes;
  }

  /** A write of these keys is handed to the writer. */
  beginWrite(keys: readonly Key[]): void {
    for (const key of keys) {
      this.#written.set(key, (this.#written.get(key) ?? 0) + 1);
      this.#forget(key);
    }
  }

  endWrite(keys: readonly Key[]): void {
    for (const key of keys) {
      const left = (this.#written.get(key) ?? 1) - 1;
      if (left === 0) this.#written.delete(key);
      else this.#written.set(key, left);
    }
  }

  /** A write of keys that only the writer will know is handed to it. */
  beginSetWrite(): void {
    this.#setsWritten++;
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  endSetWrite(): void {
    this.#setsWritten--;
  }

  #fromOld(key: Key): Entry | undefined {
    const entry = this.#old.get(key);
    if (entry === undefined) return undefined;
    this.#old.delete(key);
    this.keep(entry);
    return entry;
  }

  #forget(key: Key): void {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#young.delete(key);
      this.#youngBytes -= sizeOf(young);
    }
    this.#old.delete(key);
  }
}

function sizeOf({ value }: Entry): number {
  return value.length + ENTRY_BYTES;
}
