// Short ways to write down mutations, batches and ranges in tests. Everything goes through the constructors of core, so a
// test can ask for nothing that a request could not.
import { type Mutation, makeBatch, type Want } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type Revision, toRevision, type ValueForm } from "../../src/core/entry.ts";
import { type Expiry, KEEP, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { type Key, parseKey } from "../../src/core/key.ts";
import { parsePattern } from "../../src/core/pattern.ts";
import { EVERY_KEY, type KeySet, type Range } from "../../src/core/range.ts";
import type { CommitResult, Outcome, Store } from "../../src/store/store.ts";

export interface Asked {
  readonly when?: readonly Condition[];
  readonly want?: Want;
}

export interface AskedPut extends Asked {
  readonly expiry?: Expiry;
  readonly contentType?: string;
  readonly form?: ValueForm;
}

export function keyOf(text: string): Key {
  return parseKey(text);
}

export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}

export function textOf(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}

export function put(name: string, value: string | Uint8Array = name, asked: AskedPut = {}): Mutation {
  const { when = [], want = "info", expiry = NEVER, contentType = "text/plain", form = "text" } = asked;
  return { op: "put", key: keyOf(name), value: bytesOf(value), when, want, expiry, contentType, form };
}

export function remove(name: string, { when = [], want = "info" }: Asked = {}): Mutation {
  return { op: "delete", key: keyOf(name), when, want };
}

export function touch(name: string, expiry: Expiry, { when = [], want = "info" }: Asked = {}): Mutation {
  return { op: "touch", key: keyOf(name), when, want, expiry };
}

export interface AskedEdit extends Asked {
  readonly expiry?: Expiry;
}

export function add(
  name: string,
  delta: number,
  asked: AskedEdit & { readonly initial?: number; readonly min?: number; readonly max?: number } = {},
): Mutation {
  const { when = [], want = "info", expiry = KEEP, initial = 0 } = asked;
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = asked;
  return { op: "add", key: keyOf(name), when, want, expiry, delta, initial, min, max };
}

export function append(
  name: string,
  side: "start" | "end",
  text: string,
  { when = [], want = "info", expiry = KEEP, maxBytes = 1000 }: AskedEdit & { readonly maxBytes?: number } = {},
): Mutation {
  return { op: "append", key: keyOf(name), when, want, expiry, side, value: bytesOf(text), maxBytes };
}

export function check(name: string, when: readonly Condition[] = [], want: Want = "info"): Mutation {
  return { op: "check", key: keyOf(name), when, want };
}

export function endsAt(ms: number): Expiry {
  return { kind: "at", at: toEpochMs(ms) };
}

/** An end that every clock is past: what is put with it is never visible. */
export const ENDED: Expiry = endsAt(1_000_000_000_000);

export function endsIn(ms: number): Expiry {
  return { kind: "in", ms };
}

export function keySet(narrowing: Partial<Omit<KeySet, "pattern">> & { readonly filter?: string }): KeySet {
  const { filter, ...rest } = narrowing;
  return { ...EVERY_KEY, ...rest, pattern: filter === undefined ? null : parsePattern(filter) };
}

export function rangeOf(asked: Partial<Omit<Range, "pattern">> & { readonly filter?: string } = {}): Range {
  const { after = null, reverse = false, limit = 1000, ...set } = asked;
  return { ...keySet(set), after, reverse, limit };
}

export function commit(store: Store, ...mutations: readonly Mutation[]): Promise<CommitResult> {
  return store.commit(makeBatch(mutations));
}

/** As commit(), where a conflict would be a mistake of the test. */
export async function mustCommit(
  store: Store,
  ...mutations: readonly Mutation[]
): Promise<Extract<CommitResult, { committed: true }>> {
  const result = await commit(store, ...mutations);
  if (!result.committed) throw new Error(`Unexpected conflict: ${JSON.stringify(result.conflicts)}`);
  return result;
}

/**
 * Makes what a test begins with, where it is not about one batch: together where the store can hold all of it, else in one
 * batch for each partition. The outcomes stand in the order asked; the revision is the greatest.
 */
export async function prepare(
  store: Store,
  ...mutations: readonly Mutation[]
): Promise<{ readonly revision: Revision; readonly outcomes: readonly Outcome[] }> {
  const groups = [...Map.groupBy(mutations, ({ key }) => store.partitionOf(key)).values()];
  const results = await Promise.all(groups.map((group) => mustCommit(store, ...group)));
  const outcomes = new Map(groups.flatMap((group, at) => zip(group, results[at]?.outcomes ?? [])));
  return {
    revision: toRevision(Math.max(...results.map(({ revision }) => revision))),
    outcomes: mutations.map((mutation) => outcomes.get(mutation) ?? { before: null, after: null }),
  };
}

/** The key of this name that lies with all others that are made so, in whatever store: for tests that are about one batch. */
export function near(name: string): string {
  return `{t}${name}`;
}

/** Keys that lie in partitions of their own, where the store has several. */
export function apart(store: Store, count: number): readonly string[] {
  if (store.capabilities.atomicity === "store") return Array.from({ length: count }, (_, index) => `k${index}`);
  const found = new Map<string, string>();
  for (let index = 0; found.size < count; index++) {
    const partition = store.partitionOf(keyOf(`k${index}`));
    if (!found.has(partition)) found.set(partition, `k${index}`);
  }
  return [...found.values()];
}

function zip<One, Other>(ones: readonly One[], others: readonly Other[]): readonly (readonly [One, Other])[] {
  return ones.flatMap((one, index) => {
    const other = others[index];
    return other === undefined ? [] : [[one, other] as const];
  });
}
