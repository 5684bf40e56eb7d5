// Entries from elsewhere, put as they come: one commit a chunk, all of it or nothing.
import type { Mutation } from "../core/batch.ts";
import { ALWAYS, type Condition } from "../core/condition.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, isAlive, NEVER } from "../core/expiry.ts";
import type { Key } from "../core/key.ts";
import type { Entries, NewEntry } from "./entries.ts";

/** What an entry that stands under the same key means: it is replaced; it stays; nothing of the chunk is written. */
export const CONFLICT_POLICIES = ["replace", "skip", "fail"] as const;
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number];

export interface ImportedEntry extends Omit<NewEntry, "expiry"> {
  readonly key: Key;
  readonly expiresAt: EpochMs | null;
}

/** What became of a chunk. */
export interface Imported {
  readonly imported: number;
  /** Left out because an entry stands under the key. */
  readonly skipped: number;
  /** Left out because they have ended. */
  readonly expired: number;
}

/** Others may put what stands in the way between two tries. */
const TRIES = 8;

/**
 * Puts a chunk of entries with distinct keys. They keep bytes, type and end; revision and instants are those of this write.
 *
 * @throws "already-exists" under "fail"; "busy" where others kept coming between; as Store.commit() and makeBatch()
 */
export async function importEntries(
  entries: Entries,
  chunk: readonly ImportedEntry[],
  policy: ConflictPolicy,
): Promise<Imported> {
  const now = entries.now();
  const live = chunk.filter(({ expiresAt }) => isAlive(expiresAt, now));
  const expired = chunk.length - live.length;
  const when: readonly Condition[] = policy === "replace" ? ALWAYS : [{ is: "absent" }];
  let wanted = live;
  for (let tries = 0; tries < TRIES; tries++) {
    if (wanted.length === 0) return { imported: 0, skipped: live.length, expired };
    const result = await entries.transact(
      wanted.map((entry) => toPut(entry, when)),
      [],
    );
    if (result.committed) {
      const imported = result.outcomes.length;
      return { imported, skipped: live.length - imported, expired };
    }
    const taken = new Set(result.conflicts.map(({ index }) => index));
    const first = wanted.find((_, index) => taken.has(index));
    if (policy === "fail" && first !== undefined) throw inTheWay(first.key);
    wanted = wanted.filter((_, index) => !taken.has(index));
  }
  throw new KeyholdError("busy", `Cannot import: others kept writing the same keys, ${TRIES} times; try again`);
}

function toPut({ key, value, contentType, form, expiresAt }: ImportedEntry, when: readonly Condition[]): Mutation {
  const expiry = expiresAt === null ? NEVER : ({ kind: "at", at: expiresAt } as const);
  return { op: "put", key, when, want: "info", value, contentType, form, expiry };
}

function inTheWay(key: Key): KeyholdError {
  return new KeyholdError(
    "already-exists",
    `There is an entry ${JSON.stringify(key)} already, and nothing of this part was written; import with on_conflict replace or skip, or delete it`,
    { key },
  );
}
