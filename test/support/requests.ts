// Short ways to write down mutations, batches and ranges in tests. Everything goes through the constructors of core, so a
// test can ask for nothing that a request could not.
import { type Mutation, makeBatch } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import type { ValueForm } from "../../src/core/entry.ts";
import { type Expiry, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { type Key, parseKey } from "../../src/core/key.ts";
import { parsePattern } from "../../src/core/pattern.ts";
import { EVERY_KEY, type KeySet, type Range } from "../../src/core/range.ts";
import type { CommitResult, Store } from "../../src/store/store.ts";

export interface Asked {
  readonly when?: readonly Condition[];
  readonly wantBefore?: boolean;
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
  const { when = [], wantBefore = false, expiry = NEVER, contentType = "text/plain", form = "text" } = asked;
  return { op: "put", key: keyOf(name), value: bytesOf(value), when, wantBefore, expiry, contentType, form };
}

export function remove(name: string, { when = [], wantBefore = false }: Asked = {}): Mutation {
  return { op: "delete", key: keyOf(name), when, wantBefore };
}

export function touch(name: string, expiry: Expiry, { when = [], wantBefore = false }: Asked = {}): Mutation {
  return { op: "touch", key: keyOf(name), when, wantBefore, expiry };
}

export function check(name: string, when: readonly Condition[] = [], wantBefore = false): Mutation {
  return { op: "check", key: keyOf(name), when, wantBefore };
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
