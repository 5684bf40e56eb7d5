// Judge, then write: what every engine asks of a batch before it changes the first row, and what a put makes of an entry.
// Engines differ in how they keep entries, never in these two.
import type { Batch, Mutation } from "./batch.ts";
import { allHold } from "./condition.ts";
import type { EntryInfo, Revision, Tag } from "./entry.ts";
import { type EpochMs, resolveExpiry } from "./expiry.ts";

/** What stood in the way of the mutation at `index`. */
export interface JudgedConflict {
  readonly index: number;
  readonly current: EntryInfo | null;
}

/** The conflicts of a batch with what stands now, in the batch's order; none means that it may be applied. */
export function judge(batch: Batch, current: readonly (EntryInfo | null)[]): readonly JudgedConflict[] {
  return batch.flatMap((mutation, index) => {
    const standing = current[index] ?? null;
    return allHold(mutation.when, standing) ? [] : [{ index, current: standing }];
  });
}

/** Whether the batch gives any entry a new state, and so needs a revision; expiries alone do not. */
export function needsRevision(batch: Batch, current: readonly (EntryInfo | null)[]): boolean {
  return batch.some(({ op }, index) => op === "put" || (op === "delete" && (current[index] ?? null) !== null));
}

/** The entry that a put leaves, applied at `now` over `before`. */
export function putInfo(
  put: Extract<Mutation, { op: "put" }>,
  before: EntryInfo | null,
  commit: { readonly revision: Revision; readonly tag: Tag; readonly now: EpochMs },
): EntryInfo {
  return {
    key: put.key,
    size: put.value.length,
    contentType: put.contentType,
    form: put.form,
    revision: commit.revision,
    tag: commit.tag,
    createdAt: before?.createdAt ?? commit.now,
    modifiedAt: commit.now,
    expiresAt: resolveExpiry(put.expiry, commit.now, before?.expiresAt ?? null),
  };
}

/** The entry that a touch leaves. */
export function touchedInfo(touch: Extract<Mutation, { op: "touch" }>, before: EntryInfo, now: EpochMs): EntryInfo {
  return { ...before, expiresAt: resolveExpiry(touch.expiry, now, before.expiresAt) };
}
