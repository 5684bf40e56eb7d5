// Keys that lie apart: what a store in partitions can hold together, and how who asked for more is told. Engines that have
// one partition for all answer the same name for every key, and refuse nothing here.
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { quote } from "../core/quote.ts";

/** What Store.partitionOf() answers where one batch can hold all keys. */
export const ONE_PARTITION = "0";

/** Keys that a refusal names, over all groups, so that it stays as short as any other answer. */
const NAMED_KEYS_MAX = 100;

/**
 * The text of a key that says which partition it lies in: what stands between its first "{" and the next "}", unless that
 * is nothing; else all of it. The rule of Valkey's hash tags.
 */
export function taggedPart(key: string): string {
  const open = key.indexOf("{");
  const close = open === -1 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** The keys by their partitions, both in the order in which they came. */
export function groupByPartition(keys: readonly Key[], partitionOf: (key: Key) => string): readonly (readonly Key[])[] {
  return [...Map.groupBy(keys, partitionOf).values()];
}

/**
 * @throws "cross-partition" where the keys lie in more than one partition. Its `partitions` are the keys by their groups, as
 * many as are named at most, its `partition_count` is how many groups there are
 */
export function requireOnePartition(keys: readonly Key[], partitionOf: (key: Key) => string): void {
  const [first, ...others] = keys;
  if (first === undefined) return;
  const partition = partitionOf(first);
  if (others.every((key) => partitionOf(key) === partition)) return;
  throw crossPartition(groupByPartition([...new Set(keys)], partitionOf));
}

/** What Store.deleteAll() throws where it goes page by page, and was to keep a record of what it has done. */
export function namedDeletion(): KeyholdError {
  return new KeyholdError(
    "cross-partition",
    "Cannot delete a set of keys under an Idempotency-Key: this store deletes it page by page, and nothing could say afterwards what has been deleted; nothing was done; send it without the field, as repeating such a deletion does no harm",
  );
}

/** Requires: two groups or more, none of them empty. */
function crossPartition(groups: readonly (readonly Key[])[]): KeyholdError {
  const [[one] = [], [other] = []] = groups;
  return new KeyholdError(
    "cross-partition",
    `Cannot take ${quote(one ?? "")} and ${quote(other ?? "")} in one request: they lie in different partitions of the store, and nothing was done; give keys that belong together the same {tag}, as in ${quote("{cart}a")} and ${quote("{cart}b")}, send one request a key, or keep the store in one partition with --partitions 1`,
    { partitions: namedGroups(groups), partition_count: groups.length },
  );
}

/** At least one key of each group before more of any, as far as they go: groups are what it is about. */
function namedGroups(groups: readonly (readonly Key[])[]): readonly (readonly Key[])[] {
  const named = groups.slice(0, NAMED_KEYS_MAX);
  const share = Math.max(1, Math.floor(NAMED_KEYS_MAX / named.length));
  return named.map((keys) => keys.slice(0, share));
}
