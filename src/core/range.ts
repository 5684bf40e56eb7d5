// Which keys a listing, a count or a deletion speaks of, and the bounds that engines walk between. Plain data, so that it
// can be handed to another thread.
import { compareKeys, endOfPrefix, type Key } from "./key.ts";
import { type KeyPattern, matches } from "./pattern.ts";

/** A set of keys: all of the narrowings hold together. */
export interface KeySet {
  /** Only keys beginning with this; "" for all. */
  readonly prefix: string;
  /** Only keys that match; null for all. */
  readonly pattern: KeyPattern | null;
  /** Only this key and ones sorting after it; null from the first. */
  readonly start: string | null;
  /** Only keys sorting before this one; null to the last. */
  readonly end: string | null;
}

export const EVERY_KEY: KeySet = { prefix: "", pattern: null, start: null, end: null };

/** One page's worth of a key set, in key order or against it. */
export interface Range extends KeySet {
  /** Only keys beyond this one in the direction of the listing; null from the beginning. */
  readonly after: Key | null;
  readonly reverse: boolean;
  /** Entries to return, 1 to LIMITS.pageEntries. */
  readonly limit: number;
}

/** Keys `k` with low <= k < high in key order; an exclusive low is written as the least text after it. */
export interface Bounds {
  /** "" for from the first. */
  readonly low: string;
  /** null for to the last. */
  readonly high: string | null;
}

/** The tightest bounds that hold every key of the set; what lies within may still fail its pattern. */
export function boundsOf(set: KeySet): Bounds {
  let bounds: Bounds = { low: set.start ?? "", high: set.end };
  for (const prefix of [set.prefix, set.pattern?.prefix ?? ""]) {
    if (prefix !== "") bounds = narrow(bounds, { low: prefix, high: endOfPrefix(prefix) });
  }
  return bounds;
}

/** The bounds of what is left of a range beyond its `after`. */
export function boundsOfRange(range: Range): Bounds {
  const bounds = boundsOf(range);
  if (range.after === null) return bounds;
  return narrow(bounds, range.reverse ? { low: "", high: range.after } : { low: `${range.after}\0`, high: null });
}

/** Whether a key within boundsOf(set) is in the set. */
export function isInSet(set: KeySet, key: string): boolean {
  return set.pattern === null || matches(set.pattern, key);
}

/** Whether the set is every key there is. */
export function isEveryKey(set: KeySet): boolean {
  return set.prefix === "" && set.pattern === null && set.start === null && set.end === null;
}

function narrow(a: Bounds, b: Bounds): Bounds {
  return {
    low: compareKeys(a.low, b.low) >= 0 ? a.low : b.low,
    high: a.high === null ? b.high : b.high === null ? a.high : compareKeys(a.high, b.high) <= 0 ? a.high : b.high,
  };
}
