// The one way to change a store: a batch of conditional mutations, applied whole or not at all.
import type { Brand } from "./brand.ts";
import type { Condition } from "./condition.ts";
import type { Revision, ValueForm } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import type { EpochMs, Expiry } from "./expiry.ts";
import type { Key } from "./key.ts";
import { LIMITS } from "./limits.ts";

/** What is to happen to one key, if all conditions in `when` hold. */
export type Mutation = {
  readonly key: Key;
  readonly when: readonly Condition[];
  readonly want: Want;
} & (
  | {
      readonly op: "put";
      readonly value: Uint8Array;
      readonly contentType: string;
      readonly form: ValueForm;
      readonly expiry: Expiry;
    }
  /**
   * Sets the decimal integer that is `delta` more than the entry's value, or than `initial` where there is no entry; its
   * media type stays. Fails whole with "not-an-integer" on another value, with "out-of-range" on a sum below `min` or above
   * `max`. All four are integers within ±(2^53−1).
   */
  | {
      readonly op: "add";
      readonly delta: number;
      readonly initial: number;
      readonly min: number;
      readonly max: number;
      readonly expiry: Expiry;
    }
  /** Adds text to one side of the value, or creates it; the media type of an entry stays. "value-too-large" beyond `maxBytes`. */
  | {
      readonly op: "append";
      readonly side: "start" | "end";
      readonly value: Uint8Array;
      readonly maxBytes: number;
      readonly expiry: Expiry;
    }
  /** Without effect on a key that has no entry. */
  | { readonly op: "delete" }
  /** Changes only when the entry ends; its revision and tag stay. Without effect on a key that has no entry. */
  | { readonly op: "touch"; readonly expiry: Expiry }
  /** Changes nothing: its conditions, and what it wants to see, are all it is for. */
  | { readonly op: "check" }
);

/**
 * Which value the outcome carries: none; the one that stood before; or the one that stands after the whole batch, a check's
 * of a key that the batch writes among them. Costs a read of it.
 */
export type Want = "info" | "before" | "after";

/** A mutation that says what to write whatever stood there. */
export type Write = Extract<Mutation, { op: "put" | "delete" | "touch" | "check" }>;

/** A mutation whose result depends on the value that it finds. */
export type Edit = Extract<Mutation, { op: "add" | "append" }>;

/** One or more mutations within LIMITS, writing distinct keys. Made by makeBatch() alone. */
export type Batch = Brand<readonly Mutation[], "Batch">;

/** How a batch is to be committed. */
export interface CommitTerms {
  /** Makes it happen once, however often it is asked for; null where it need not. */
  readonly once: Once | null;
  /** Keys to read, in the same instant, where a condition fails; at most LIMITS.readBytes of values. */
  readonly otherwise: readonly Key[];
}

/** As most writes are committed. */
export const UNNAMED: CommitTerms = { once: null, otherwise: [] };

/** Names a write, so that asking for it again answers what it did instead of doing it again. */
export interface Once {
  /** 64 hexadecimal digits, lower case: whose name it is, and the name. */
  readonly id: string;
  /** 64 hexadecimal digits, lower case: what was asked. Another one under the same id is "idempotency-key-reused". */
  readonly fingerprint: string;
  /** When it was asked; its record is kept from then on. */
  readonly at: EpochMs;
}

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
  requireMutationCount(mutations.length);
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

/** @throws "body-too-large" over LIMITS.batchMutations */
export function requireMutationCount(count: number): void {
  if (count <= LIMITS.batchMutations) return;
  throw new KeyholdError(
    "body-too-large",
    `Cannot change ${count} keys at once, limit ${LIMITS.batchMutations}; send them in parts`,
    { limit: LIMITS.batchMutations },
  );
}

/** Bytes of the values that a batch carries. */
export function batchBytes(mutations: readonly Mutation[]): number {
  return mutations.reduce((sum, mutation) => sum + ("value" in mutation ? mutation.value.length : 0), 0);
}

/** Whether the mutation may make the store larger, so that a full disk must refuse it. */
export function mayGrow({ op }: Mutation): boolean {
  return op === "put" || op === "add" || op === "append";
}

/** Whether the mutation is one of those that may change something: a record of the others is not worth keeping. */
export function isWrite({ op }: Mutation): boolean {
  return op !== "check";
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
