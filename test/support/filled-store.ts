// Stores filled at random for tests of what moves them, and what a store holds as plain data, to be compared.
import { makeBatch } from "../../src/core/batch.ts";
import { ALWAYS } from "../../src/core/condition.ts";
import { NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { type Key, parseKey } from "../../src/core/key.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import { newIncarnation } from "../../src/engines/open.ts";
import { openSqliteStore } from "../../src/engines/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { contentOfBytes } from "../../src/wire/entry-json.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { sqliteOptions } from "./sqlite-harness.ts";

const ODD_KEYS = ["__proto__", "10", "a b", "ä/ö", "\ufeffbom", "🂡", "\ue000", "\uffee", "'\"\\", "%41", "~", "\u2028"];
const TYPES = ["application/json", "text/plain; charset=utf-8", "application/octet-stream", "", "x/y+json"];
const BATCH = 500;

/** What a copy keeps of an entry. */
export interface Held {
  readonly key: string;
  readonly value: string;
  readonly contentType: string;
  readonly form: string;
  readonly expiresAt: number | null;
}

/** Opens the store of a directory for the length of `body`. */
export async function withStoreIn<T>(directory: string, body: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({
    ...sqliteOptions(directory, { sweepIntervalMs: 1000 }),
    newIncarnation: newIncarnation(),
  });
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** Puts entries of every kind: odd keys, bytes, JSON, texts, empty values, ends to the millisecond. */
export async function fillStore(store: Store, random: SeededRandom, entries: number): Promise<void> {
  for (let first = 0; first < entries; first += BATCH) {
    const count = Math.min(BATCH, entries - first);
    const puts = Array.from({ length: count }, (_, index) => entryOf(first + index, random, store.now()));
    await store.commit(makeBatch(puts));
  }
}

function entryOf(index: number, random: SeededRandom, now: number) {
  const contentType = random.pick(TYPES);
  const text = random.oneIn(2) ? JSON.stringify({ n: random.below(99), "€": [] }) : "x".repeat(random.below(40));
  const value = random.oneIn(3)
    ? Uint8Array.from({ length: random.below(random.oneIn(40) ? 70_000 : 60) }, () => random.below(256))
    : new TextEncoder().encode(text);
  const expiry = random.oneIn(4)
    ? ({ kind: "at", at: toEpochMs(now + 3_600_001 + random.below(1e9)) } as const)
    : NEVER;
  const key = parseKey(ODD_KEYS[index] ?? `key${index}`);
  return { op: "put", key, when: ALWAYS, want: "info", expiry, ...contentOfBytes(value, contentType) } as const;
}

/** Everything that a store holds, in key order. */
export async function heldIn(store: Pick<Store, "scan">): Promise<readonly Held[]> {
  const held: Held[] = [];
  let after: Key | null = null;
  do {
    const page: Awaited<ReturnType<Store["scan"]>> = await store.scan({
      ...EVERY_KEY,
      after,
      reverse: false,
      limit: 1000,
    });
    for (const { key, value, contentType, form, expiresAt } of page.items) {
      held.push({ key, value: value.toBase64(), contentType, form, expiresAt });
    }
    after = page.next;
  } while (after !== null);
  return held;
}
