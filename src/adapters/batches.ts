// Several entries at once for adapters: in as few transactions as hold them, each of whose operations may have an end of its own and
// says what it did. What one transaction does not hold goes into further ones: all or nothing is promised for a step, not for all.
import { inGroups } from "../client/groups.ts";
import { hasCode, type Keyhold, type Operation, type OperationResult } from "../client/keyhold.ts";

export interface NewEntry {
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly contentType: string;
  /** Null for one that stays. */
  readonly ttlMs: number | null;
}

/** Operations of one transaction at most. */
const STEP_MAX = 128;
/** Length of all its values, so that its body stays below the 8 MiB that a transaction may have, however much of it is escaped. */
const STEP_LENGTH_MAX = 1_048_576;

/** Puts all of these; of two under one key the later. */
export async function putAll(client: Keyhold, entries: readonly NewEntry[]): Promise<void> {
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  for (const step of stepsOf([...last.values()], ({ value }) => value.length)) {
    const results = await commitTogether(client, step.map(toPut));
    if (results === null) await Promise.all(step.map((entry) => putOne(client, entry)));
  }
}

/** Deletes all of these. Of each, whether there was one. */
export async function deleteEach(client: Keyhold, keys: readonly string[]): Promise<boolean[]> {
  const present = new Map<string, boolean>();
  for (const step of stepsOf([...new Set(keys)], (key) => key.length)) {
    const results = await commitTogether(
      client,
      step.map((key) => ({ delete: { key } })),
    );
    const deleted = results?.map(isDeletion) ?? (await Promise.all(step.map((key) => client.delete(key))));
    for (const [index, key] of step.entries()) present.set(key, deleted[index] === true);
  }
  return keys.map((key) => present.get(key) === true);
}

/** Those of these keys that there are, asked for without their values. */
export async function presentKeys(client: Keyhold, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const step of stepsOf([...new Set(keys)], (key) => key.length)) {
    const found = await Promise.all(step.map((key) => client.has(key)));
    for (const [index, key] of step.entries()) if (found[index] === true) present.add(key);
  }
  return present;
}

/**
 * The results of these operations, committed together; null where nothing was committed: for a single one, which needs no
 * transaction, and on a store whose partitions cannot hold them together.
 */
async function commitTogether(client: Keyhold, ops: readonly Operation[]): Promise<readonly OperationResult[] | null> {
  if (ops.length === 1) return null;
  try {
    const outcome = await client.transact({ ops });
    return outcome.committed ? outcome.results : null;
  } catch (error) {
    if (hasCode(error, "cross-partition")) return null;
    throw error;
  }
}

/** Each as one transaction takes it. */
function stepsOf<Item>(items: readonly Item[], lengthOf: (item: Item) => number): readonly (readonly Item[])[] {
  return inGroups(items, { countMax: STEP_MAX, lengthMax: STEP_LENGTH_MAX, lengthOf });
}

function toPut({ key, value, contentType, ttlMs }: NewEntry): Operation {
  return { put: { key, value, contentType, ...(ttlMs !== null && { ttlMs }) } };
}

async function putOne(client: Keyhold, { key, value, contentType, ttlMs }: NewEntry): Promise<void> {
  await client.put(key, value, { contentType, ...(ttlMs !== null && { ttlMs }) });
}

function isDeletion(result: OperationResult): boolean {
  return result.op === "delete" && result.isDeleted;
}
