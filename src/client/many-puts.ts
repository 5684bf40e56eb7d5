// Puts of many entries: in transactions, each of as many as one holds. Up to that many are all or nothing; what is more is not,
// and an entry that was put stays where a later transaction fails. Where the store has partitions, entries that one commit
// cannot hold together are put one by one.
import { type Context, fullKey } from "./context.ts";
import { hasCode } from "./errors.ts";
import { inGroups } from "./groups.ts";
import type { CallOptions, ExpiryOptions } from "./options.ts";
import { inParallel } from "./parallel.ts";
import type { Operation } from "./transaction-parts.ts";
import { transact } from "./transactions.ts";
import { toJsonText } from "./value-body.ts";

/** What `putMany` takes as a value: text and bytes as they are, everything else as JSON. */
export type ManyEntries = Readonly<Record<string, unknown>> | Iterable<readonly [key: string, value: unknown]>;

/** Operations of one transaction, and characters of its body, well below what the server takes. */
const OPERATIONS_MAX = 128;
const LENGTH_MAX = 4 * 1024 * 1024;
/** Of a character of text in JSON, and of a byte in Base64, rounded up. */
const LENGTH_PER_UNIT = 2;
/** Puts under way at once where each goes alone. */
const PUTS_MAX = 8;

/** How many were put. */
export async function putMany(
  context: Context,
  entries: ManyEntries,
  options: CallOptions & ExpiryOptions,
): Promise<number> {
  const { ttlMs, expiresAt, ...call } = options;
  const ends = { ...(ttlMs !== undefined && { ttlMs }), ...(expiresAt !== undefined && { expiresAt }) };
  const pairs = isIterable(entries) ? entries : Object.entries(entries);
  // The last one of a key counts, as it would if they were put one after another.
  const operations = [...new Map(pairs).entries()].map(([key, value]) => toOperation(key, value, ends));
  for (const group of inTransactions(context, operations)) await putGroup(context, group, call);
  return operations.length;
}

async function putGroup(context: Context, ops: readonly Operation[], options: CallOptions): Promise<void> {
  try {
    await transact(context, { ops }, options);
  } catch (error) {
    if (!hasCode(error, "cross-partition")) throw error;
    await inParallel(ops, { max: PUTS_MAX }, async (operation) => {
      await transact(context, { ops: [operation] }, options);
    });
  }
}

function toOperation(key: string, value: unknown, ends: ExpiryOptions): Operation {
  if (typeof value === "string" || value instanceof Uint8Array) return { put: { key, value, ...ends } };
  return { putJson: { key, value, ...ends } };
}

function inTransactions(context: Context, operations: readonly Operation[]): readonly (readonly Operation[])[] {
  return inGroups(operations, {
    countMax: OPERATIONS_MAX,
    lengthMax: LENGTH_MAX,
    lengthOf: (operation) => lengthOf(context, operation),
  });
}

function lengthOf(context: Context, operation: Operation): number {
  if ("put" in operation) {
    return (fullKey(context, operation.put.key).length + operation.put.value.length) * LENGTH_PER_UNIT;
  }
  return "putJson" in operation ? toJsonText(operation.putJson.value).length * LENGTH_PER_UNIT : 0;
}

function isIterable(entries: ManyEntries): entries is Iterable<readonly [string, unknown]> {
  return Symbol.iterator in entries;
}
