// Judge, then write: what every engine asks of a batch before it changes the first row, and what a put makes of an entry.
// Engines differ in how they keep entries, never in these two.
import type { Batch, Write } from "./batch.ts";
import { allHold } from "./condition.ts";
import type { EntryInfo, Revision, Tag } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import { type EpochMs, resolveExpiry } from "./expiry.ts";
import type { Key } from "./key.ts";
import { LIMITS } from "./limits.ts";

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

/**
 * Bounds what the checks of a batch read, as `want: "after"` asks.
 *
 * @throws "body-too-large" where their values come to more than LIMITS.readBytes
 */
export function requireReadable(batch: readonly Write[], current: readonly (EntryInfo | null)[]): void {
  const reads = batch.flatMap(({ op, key, want }, index) =>
    op === "check" && want === "after" ? [sizeAfter(batch, key) ?? current[index]?.size ?? 0] : [],
  );
  if (reads.length > 0) requireReadBytes(reads.reduce((sum, size) => sum + size, 0));
}

/** @throws "body-too-large" over LIMITS.readBytes */
export function requireReadBytes(bytes: number): void {
  if (bytes <= LIMITS.readBytes) return;
  throw new KeyholdError(
    "body-too-large",
    `Cannot read ${bytes} bytes of values at once, limit ${LIMITS.readBytes}; ask for them apart`,
    { limit: LIMITS.readBytes },
  );
}

/** Bytes of the value that the batch leaves under a key; null where it leaves the value as it is. */
function sizeAfter(batch: readonly Write[], key: Key): number | null {
  const write = batch.find((candidate) => candidate.key === key && ["put", "delete"].includes(candidate.op));
  if (write === undefined) return null;
  return write.op === "put" ? write.value.length : 0;
}

/** Whether the batch gives any entry a new state, and so needs a revision; expiries alone do not. */
export function needsRevision(batch: readonly Write[], current: readonly (EntryInfo | null)[]): boolean {
  return batch.some(({ op }, index) => op === "put" || (op === "delete" && (current[index] ?? null) !== null));
}

/** The entry that a put leaves, applied at `now` over `before`. */
export function putInfo(
  put: Extract<Write, { op: "put" }>,
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
    expiresAt: resolveExpiry(put.expiry, commit.now, before),
  };
}

/** The entry that a touch leaves. */
export function touchedInfo(touch: Extract<Write, { op: "touch" }>, before: EntryInfo, now: EpochMs): EntryInfo {
  return { ...before, expiresAt: resolveExpiry(touch.expiry, now, before) };
}
