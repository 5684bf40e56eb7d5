// Everything that a store answers, as texts that can be compared: each entry, listings both ways, with and without values, counts,
// tokens, records, the change log and where the store stands. What a read throws is kept in the place of its answer.
import { toRevision } from "../../../src/core/entry.ts";
import { KeyholdError } from "../../../src/core/errors.ts";
import type { Key } from "../../../src/core/key.ts";
import { EVERY_KEY } from "../../../src/core/range.ts";
import { isSqliteError, messageOf } from "../../../src/engines/sqlite/sqlite-errors.ts";
import type { Cursor, Page, Store } from "../../../src/store/store.ts";
import { keyOf, keySet, rangeOf } from "../../support/requests.ts";

/** What a read came to: a text, or the damage that it told. */
export type Answer = { readonly text: string } | { readonly told: string };

/** Answers by what was asked, as "get key7". */
export type Answers = ReadonlyMap<string, Answer>;

/** What is asked of each store. */
export interface Questions {
  readonly keys: readonly string[];
  /** Of idempotency records. */
  readonly ids: readonly string[];
}

/** A walk that goes on for longer than any store here has pages is a circle. */
const PAGES_MAX = 1000;
/** By how much a store's clock may be off ours: far less than a flipped bit of consequence makes of it. */
const CLOCK_MS_MAX = 3_600_000;

export async function readStore(store: Store, { keys, ids }: Questions): Promise<Answers> {
  const answers = new Map<string, Answer>(await readEntries(store, keys));
  const ask = async (what: string, read: () => unknown) => void answers.set(what, await answerOf(read));
  await ask("getMany", () => store.getMany(keys.map(keyOf)));
  await ask("list forward", () => walk((after) => store.list(rangeOf({ after }))));
  await ask("list backward", () => walk((after) => store.list(rangeOf({ after, reverse: true }))));
  await ask("scan backward", () => walk((after) => store.scan(rangeOf({ after, reverse: true }))));
  await ask("list filtered", () => walk((after) => store.list(rangeOf({ after, filter: "*1*" }))));
  await ask("count filtered", () => store.count(keySet({ filter: "*1*" })));
  for (const id of ids) await ask(`recall ${id}`, () => store.recall(id));
  await ask("tokens", () => store.tokens());
  await ask("changes", () => walkChanges(store));
  await ask("cursor", () => store.latestCursor());
  await ask("state", () => {
    const { entries, revision, records, recordBytes } = store.stats();
    const isClockRight = Math.abs(store.now() - Date.now()) < CLOCK_MS_MAX;
    return { entries, revision: toRevision(revision), records, recordBytes, isClockRight, life: store.incarnation };
  });
  return answers;
}

/** The part of it that is of entries alone: each by itself, all in one listing, and how many. */
export async function readEntries(store: Store, keys: readonly string[]): Promise<Answers> {
  const answers = new Map<string, Answer>();
  for (const key of keys) answers.set(`get ${key}`, await answerOf(async () => store.get(keyOf(key))));
  answers.set("scan forward", await answerOf(() => walk((after) => store.scan(rangeOf({ after })))));
  answers.set("count", await answerOf(() => store.count(EVERY_KEY)));
  return answers;
}

/** Whether it says that the store is damaged, as docs/guarantees.md has it. */
export function isDamage(error: unknown): boolean {
  if (error instanceof KeyholdError) return error.code === "damaged-entry";
  return ["SQLITE_CORRUPT", "SQLITE_NOTADB"].some((code) => isSqliteError(error, code));
}

async function answerOf(read: () => unknown): Promise<Answer> {
  try {
    const answer = await read();
    return { text: JSON.stringify(answer, (_, value) => (value instanceof Uint8Array ? value.toBase64() : value)) };
  } catch (error) {
    if (isDamage(error)) return { told: messageOf(error) };
    throw error;
  }
}

async function walk<T>(page: (after: Key | null) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let after: Key | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const { items: more, next }: Page<T> = await page(after);
    items.push(...more);
    if (next === null) return items;
    after = next;
  }
  throw new Error(`A listing has no end after ${PAGES_MAX} pages`);
}

async function walkChanges(store: Store): Promise<unknown> {
  const seen: unknown[] = [];
  let after: Cursor | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page: Awaited<ReturnType<Store["changes"]>> = await store.changes(after, 1000);
    // The log was not trimmed: who watches is told to begin anew.
    if (page.isIncomplete) throw new KeyholdError("damaged-entry", "The change log does not hold what it held");
    seen.push(page.changes);
    if (!page.hasMore) return seen;
    after = page.cursor;
  }
  throw new Error(`The change log has no end after ${PAGES_MAX} pages`);
}
