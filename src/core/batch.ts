// The one way to change a store: a batch of conditional mutations, applied whole or not at all.
import type { Brand } from "./brand.ts";
import type { Condition } from "./condition.ts";
import type { Revision, ValueForm } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import type { Expiry } from "./expiry.ts";
import type { Key } from "./key.ts";
import { LIMITS } from "./limits.ts";

/** What is to happen to one key, if all conditions in `when` hold. */
export type Mutation = {
  readonly key: Key;
  readonly when: readonly Condition[];
  /** Whether the outcome carries the whole entry as it was; costs a read of its value. */
  readonly wantBefore: boolean;
} & (
  | {
      readonly op: "put";
      readonly value: Uint8Array;
      readonly contentType: string;
      readonly form: ValueForm;
      readonly expiry: Expiry;
    }
  /** Without effect on a key that has no entry. */
  | { readonly op: "delete" }
  /** Changes only when the entry ends; its revision and tag stay. Without effect on a key that has no entry. */
  | { readonly op: "touch"; readonly expiry: Expiry }
  /** Changes nothing: its conditions are all it is for. */
  | { readonly op: "check" }
);

/** One or more mutations within LIMITS, writing distinct keys. Made by makeBatch() alone. */
export type Batch = Brand<readonly Mutation[], "Batch">;

/** What befell one key. "expire" follows the entry's end by at most the sweep interval; "touch" has no new revision. */
export interface Change {
  readonly kind: "put" | "delete" | "expire" | "touch";
  readonly key: Key;
  readonly revision: Revision;
}

/**
 * Requires: at least one mutation.
 *
 * @throws "body-too-large" over LIMITS.batchMutations or, for more than one key, LIMITS.batchBytes; "invalid-request" where
 * a key would be written twice
 */
export function makeBatch(mutations: readonly Mutation[]): Batch {
  if (mutations.length > LIMITS.batchMutations) {
    throw new KeyholdError(
      "body-too-large",
      `Cannot change ${mutations.length} keys at once, limit ${LIMITS.batchMutations}; send them in parts`,
      { limit: LIMITS.batchMutations },
    );
  }
  const bytes = batchBytes(mutations);
  if (mutations.length > 1 && bytes > LIMITS.batchBytes) {
    throw new KeyholdError(
      "body-too-large",
      `Cannot write ${bytes} bytes of values at once, limit ${LIMITS.batchBytes}; send them in parts`,
      { limit: LIMITS.batchBytes },
    );
  }
  if (mutations.length > 1) requireDistinctKeys(mutations);
  return brandBatch(mutations);
}

/** Bytes of the values that a batch carries. */
export function batchBytes(mutations: readonly Mutation[]): number {
  return mutations.reduce((sum, mutation) => sum + (mutation.op === "put" ? mutation.value.length : 0), 0);
}

function requireDistinctKeys(mutations: readonly Mutation[]): void {
  const written = new Set<Key>();
  for (const { op, key } of mutations) {
    if (op === "check") continue;
    if (written.has(key)) {
      throw new KeyholdError("invalid-request", `Cannot write ${JSON.stringify(key)} twice in one request`, { key });
    }
    written.add(key);
  }
}

function brandBatch(mutations: readonly Mutation[]): Batch {
  return mutations as Batch;
}
