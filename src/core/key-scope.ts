// The keys that a token with prefixes may use, as a list of prefixes in key order, none of which begins another (core/token.ts).
// Keys and prefixes are compared decoded, as they are stored; both are well-formed, so that comparing their text is comparing
// their bytes.
import { KeyholdError } from "./errors.ts";
import { compareKeys, type Key } from "./key.ts";
import { boundsOf, type KeySet } from "./range.ts";

function isWithin(prefixes: readonly string[], key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

/** What of a set lies within the prefixes, as sets in key order that have no key in common; without those that hold none for sure. */
export function narrowSet(set: KeySet, prefixes: readonly string[]): readonly KeySet[] {
  return prefixes.flatMap((prefix) => {
    const narrowed = narrowToPrefix(set, prefix);
    return narrowed === null || isEmpty(narrowed) ? [] : [narrowed];
  });
}

/** @throws "forbidden" naming the prefixes, whether or not there is an entry under the key */
export function requireWithin(prefixes: readonly string[], keys: readonly Key[]): void {
  const key = keys.find((candidate) => !isWithin(prefixes, candidate));
  if (key !== undefined) throw outside(prefixes, JSON.stringify(key), { key });
}

/** The set as far as it lies within one prefix; null where it lies within none. @throws "forbidden" where within several */
export function narrowToOne(set: KeySet, prefixes: readonly string[]): KeySet | null {
  const [first, second] = narrowSet(set, prefixes);
  if (second === undefined) return first ?? null;
  throw new KeyholdError(
    "forbidden",
    `The token has keys under several prefixes, and this takes one at a time: name one of ${shown(prefixes)} with prefix=`,
    { prefixes },
  );
}

/** What is refused because it lies outside the prefixes. */
export function outside(
  prefixes: readonly string[],
  what: string,
  data: Readonly<Record<string, unknown>> = {},
): KeyholdError {
  return new KeyholdError("forbidden", `The token gives no leave for ${what}: its keys begin with ${shown(prefixes)}`, {
    ...data,
    prefixes,
  });
}

function narrowToPrefix(set: KeySet, prefix: string): KeySet | null {
  if (set.prefix.startsWith(prefix)) return set;
  return prefix.startsWith(set.prefix) ? { ...set, prefix } : null;
}

function isEmpty(set: KeySet): boolean {
  const { low, high } = boundsOf(set);
  return high !== null && compareKeys(low, high) >= 0;
}

function shown(prefixes: readonly string[]): string {
  return prefixes.map((prefix) => JSON.stringify(prefix)).join(" or ");
}
