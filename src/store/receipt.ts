// Receipts: what commits that are made once have done, kept by the engine in the commit itself, so that asking again is
// answered from it. A stored format on disk: docs/formats.md.
import type { Once } from "../core/batch.ts";
import { type Entry, type EntryInfo, toRevision, toTag, type ValueForm } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, toEpochMs } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import type { CommitResult, Done, Outcome, Receipt } from "./store.ts";

type Committed = Extract<CommitResult, { committed: true }>;

/** An entry as the array of its members, the value last and in Base64 where there is one. */
type EntryRecord = readonly [string, number, string, ValueForm, number, string, number, number, number | null, string?];
type DoneRecord =
  | {
      readonly revision: number;
      readonly at: number;
      readonly outcomes: readonly (readonly [EntryRecord | null, EntryRecord | null])[];
    }
  | { readonly revision: number; readonly deleted: number };

/** Whether a record made at `at` still counts. */
export function isKept(at: EpochMs, ageMs: number, now: EpochMs): boolean {
  return at + ageMs > now;
}

/** @throws "idempotency-key-reused" where the receipt is of another request */
export function requireSameRequest({ fingerprint }: Pick<Receipt, "fingerprint">, once: Once): void {
  if (fingerprint !== once.fingerprint) throw reusedName();
}

/** What the receipt says was done, as the answer to asking again. @throws "idempotency-key-reused" where it was another request */
export function replay(receipt: Receipt, once: Once): Done {
  requireSameRequest(receipt, once);
  const { did } = receipt;
  return did.kind === "committed"
    ? { kind: "committed", result: { ...did.result, isReplay: true } }
    : { kind: "deleted", result: { ...did.result, isReplay: true } };
}

/** What a name is refused with that came with another request. */
export function reusedName(): KeyholdError {
  return new KeyholdError(
    "idempotency-key-reused",
    "This Idempotency-Key came with another request before: make a new one for each new write, and repeat it only with the same method, target, Content-Type and body",
  );
}

/** @throws "busy": the records that are kept take as much as they may */
export function refuseMoreRecords(limitBytes: number): never {
  throw new KeyholdError(
    "busy",
    `Cannot take another Idempotency-Key: what is remembered of others takes ${limitBytes} bytes, the limit; try again later, send the write without one, or raise --idempotency-size`,
    { limit: limitBytes, option: "--idempotency-size" },
  );
}

export function formatDone({ result, kind }: Done): string {
  const record: DoneRecord =
    kind === "deleted"
      ? { revision: result.revision, deleted: result.deleted }
      : {
          revision: result.revision,
          at: result.at,
          outcomes: result.outcomes.map(({ before, after }) => [toRecord(before), toRecord(after)] as const),
        };
  return JSON.stringify(record);
}

/** Requires: a text of formatDone(). */
export function parseDone(text: string): Done {
  const record: DoneRecord = JSON.parse(text);
  const revision = toRevision(record.revision);
  if ("deleted" in record) return { kind: "deleted", result: { deleted: record.deleted, revision, isReplay: false } };
  const outcomes = record.outcomes.map(
    ([before, after]): Outcome => ({ before: toEntry(before), after: toEntry(after) }),
  );
  const result: Committed = { committed: true, revision, outcomes, at: toEpochMs(record.at), isReplay: false };
  return { kind: "committed", result };
}

function toRecord(entry: EntryInfo | Entry | null): EntryRecord | null {
  if (entry === null) return null;
  const { key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt } = entry;
  const record = [key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt] as const;
  return "value" in entry ? [...record, entry.value.toBase64()] : record;
}

function toEntry(record: EntryRecord | null): EntryInfo | Entry | null {
  if (record === null) return null;
  const [key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt, value] = record;
  const info: EntryInfo = {
    key: parseKey(key),
    size,
    contentType,
    form,
    revision: toRevision(revision),
    tag: toTag(tag),
    createdAt: toEpochMs(createdAt),
    modifiedAt: toEpochMs(modifiedAt),
    expiresAt: expiresAt === null ? null : toEpochMs(expiresAt),
  };
  return value === undefined ? info : { ...info, value: Uint8Array.fromBase64(value) };
}
