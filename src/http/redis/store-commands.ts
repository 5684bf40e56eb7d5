// Commands on the store as a whole, which no commit can hold: they list, count and clear, each by itself, and cannot be part of
// a transaction.
import { randomInt } from "node:crypto";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY, type Range } from "../../core/range.ts";
import type { Entries } from "../../service/entries.ts";
import { type Answer, integer, list, NIL, OK, text } from "./answer.ts";
import { type Argument, integerOf, textOf, wordOf } from "./arguments.ts";
import { type Glob, parseGlob } from "./glob.ts";
import { Refusal, SYNTAX } from "./refusal.ts";
import { cursorAfter, keyOfCursor } from "./scan-cursor.ts";

/** What such a command works on. */
export interface StoreAsked {
  readonly entries: Entries;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

const NOTHING = new Uint8Array();
const EVERYTHING: Glob = { pattern: null, matches: () => true };
/** COUNT where it is not given, as in Redis. */
const SCAN_COUNT = 10n;
/** Keys among which RANDOMKEY chooses, from a place in the order that is chosen first. */
const RANDOM_KEYS = 32;

export async function keys([pattern = NOTHING]: readonly Argument[], { entries, signal }: StoreAsked): Promise<Answer> {
  const glob = parseGlob(textOf(pattern));
  const found: string[] = [];
  for (let after: Key | null = null; ; ) {
    const page = await entries.list(rangeOf(glob, after, LIMITS.pageEntries));
    for (const { key } of page.items) if (glob.matches(key)) found.push(key);
    if (found.length > LIMITS.redisKeys) {
      throw new Refusal(`ERR more than ${LIMITS.redisKeys} keys match, which is the limit of KEYS here; use SCAN`);
    }
    // Where the client has gone nobody reads the rest.
    if (page.next === null || signal.aborted) return list(found.map(text));
    after = page.next;
  }
}

export async function scan(
  [cursor = NOTHING, ...options]: readonly Argument[],
  { entries }: StoreAsked,
): Promise<Answer> {
  const after = keyOfCursor(textOf(cursor));
  if (after === "invalid") throw new Refusal("ERR invalid cursor");
  const { glob, count, withType, type } = readScanOptions(options);
  const page = await entries.list(rangeOf(glob, after, count));
  const found = type === "string" ? page.items.filter(({ key }) => glob.matches(key)) : [];
  const items = found.flatMap(({ key }) => (withType ? [text(key), text("string")] : [text(key)]));
  return list([text(cursorAfter(page.next)), list(items)]);
}

/** A key, or nil; each can be answered, though not each as likely as any other. */
export async function randomkey(_: readonly Argument[], { entries }: StoreAsked): Promise<Answer> {
  const [first] = (await entries.list({ ...EVERY_KEY, after: null, reverse: false, limit: 1 })).items;
  const [last] = (await entries.list({ ...EVERY_KEY, after: null, reverse: true, limit: 1 })).items;
  if (first === undefined || last === undefined) return NIL;
  const start = textBetween(first.key, last.key);
  const page = await entries.list({ ...EVERY_KEY, start, after: null, reverse: false, limit: RANDOM_KEYS });
  const chosen = page.items.length === 0 ? first : page.items[randomInt(page.items.length)];
  return text((chosen ?? first).key);
}

export async function dbsize(_: readonly Argument[], { entries }: StoreAsked): Promise<Answer> {
  return integer(await entries.count(EVERY_KEY));
}

/** FLUSHDB and FLUSHALL: there is one database. */
export async function flush(options: readonly Argument[], { entries }: StoreAsked): Promise<Answer> {
  if (options.length > 1 || options.some((option) => !["ASYNC", "SYNC"].includes(wordOf(option)))) {
    throw new Refusal(SYNTAX);
  }
  await entries.deleteAll({ set: EVERY_KEY });
  return OK;
}

function rangeOf({ pattern }: Glob, after: Key | null, limit: number): Range {
  return { ...EVERY_KEY, pattern, after, reverse: false, limit };
}

interface ScanOptions {
  readonly glob: Glob;
  readonly count: number;
  readonly withType: boolean;
  readonly type: string;
}

function readScanOptions(options: readonly Argument[]): ScanOptions {
  let [glob, count, withType, type] = [EVERYTHING, SCAN_COUNT, false, "string"];
  for (let index = 0; index < options.length; index++) {
    const word = wordOf(options[index] ?? NOTHING);
    const value = options[index + 1];
    if (word === "WITHTYPE") {
      withType = true;
      continue;
    }
    if (value === undefined) throw new Refusal(SYNTAX);
    if (word === "MATCH") glob = parseGlob(textOf(value));
    else if (word === "COUNT") count = integerOf(value);
    else if (word === "TYPE") type = textOf(value).toLowerCase();
    else throw new Refusal(SYNTAX);
    index++;
  }
  if (count < 1n) throw new Refusal(SYNTAX);
  return { glob, count: Number(count > LIMITS.pageEntries ? LIMITS.pageEntries : count), withType, type };
}

/** A text from `first` to `last`, at random, where they part. */
function textBetween(first: string, last: string): string {
  let common = 0;
  while (common < first.length && first[common] === last[common]) common++;
  const low = first.codePointAt(common) ?? 0x20;
  const high = last.codePointAt(common) ?? low;
  const point = low < high ? randomInt(low, high + 1) : low;
  const between = first.slice(0, common) + String.fromCodePoint(point);
  // No text holds half of a surrogate pair.
  return between.isWellFormed() ? between : first;
}
