// The records of commits that are made once: found, kept and dropped within the writer's open transaction, so that a record
// is there exactly when the commit is.
import type { Database } from "bun:sqlite";
import { crc32 } from "node:zlib";
import type { Once } from "../../core/batch.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type EpochMs, toEpochMs } from "../../core/expiry.ts";
import { formatDone, isKept, parseDone, refuseMoreRecords } from "../../store/receipt.ts";
import type { Done, Receipt } from "../../store/store.ts";
import type { StoreState } from "./apply-batch.ts";
import { SQL } from "./statements.ts";

/** Columns of statements on idempotency_records. */
export interface ReceiptRow {
  readonly sequence: number;
  readonly fingerprint: Uint8Array;
  readonly asked_at: number;
  readonly checksum: number;
  readonly done: string;
}

export interface ReceiptBounds {
  readonly idempotencyAgeMs: number;
  readonly idempotencyBytes: number;
}

export class Receipts {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #bounds: ReceiptBounds;

  constructor(db: Database, bounds: ReceiptBounds) {
    this.#statements = prepare(db);
    this.#bounds = bounds;
  }

  /**
   * The record under the name; null where it is free, and then there is room for a new one: what is too old to count is
   * gone. @throws "busy" where those that are kept take as much as they may
   */
  claim({ id }: Once, state: StoreState, now: EpochMs): Receipt | null {
    const row = this.#statements.oneRecord.get(Uint8Array.fromHex(id));
    if (row !== null && isKept(toEpochMs(row.asked_at), this.#bounds.idempotencyAgeMs, now)) return toReceipt(row);
    if (row !== null) {
      this.#statements.dropRecord.run(row.sequence);
      state.records--;
      state.recordBytes -= Buffer.byteLength(row.done);
    }
    if (state.recordBytes >= this.#bounds.idempotencyBytes) refuseMoreRecords(this.#bounds.idempotencyBytes);
    return null;
  }

  /** Requires: claim() has answered null for it in this transaction. */
  keep({ id, fingerprint, at }: Once, did: Done, state: StoreState): void {
    const done = formatDone(did);
    const digest = Uint8Array.fromHex(fingerprint);
    this.#statements.insertRecord.run(Uint8Array.fromHex(id), digest, at, recordChecksum(digest, at, done), done);
    state.records++;
    state.recordBytes += Buffer.byteLength(done);
  }

  /** Drops records that no longer count, oldest first, at most `limit`. Returns how many. */
  sweep(state: StoreState, now: EpochMs, limit: number): number {
    const rows = this.#statements.oldestRecords.all(limit);
    const kept = rows.findIndex(({ asked_at }) => !isRecordDue(asked_at, this.#bounds.idempotencyAgeMs, now));
    const dropped = kept < 0 ? rows : rows.slice(0, kept);
    const last = dropped.at(-1);
    if (last === undefined) return 0;
    this.#statements.trimRecords.run(last.sequence);
    state.records -= dropped.length;
    state.recordBytes -= dropped.reduce((sum, { size }) => sum + size, 0);
    return dropped.length;
  }
}

/** Whether a record no longer counts. One from long after now is damaged, and would keep all that come after it. */
export function isRecordDue(askedAt: number, ageMs: number, now: EpochMs): boolean {
  return askedAt > now + ageMs || !isKept(toEpochMs(askedAt), ageMs, now);
}

/** @throws "damaged-entry" when the row is not what was written */
export function toReceipt({ fingerprint, asked_at, checksum, done }: ReceiptRow): Receipt {
  // A column that a flipped bit has made another type may have the same checksum, or none.
  const hasTypes = fingerprint instanceof Uint8Array && typeof done === "string";
  if (!hasTypes || recordChecksum(fingerprint, asked_at, done) !== checksum) {
    throw new KeyholdError(
      "damaged-entry",
      "The stored record of this Idempotency-Key does not match its checksum; what it did cannot be told: read the entries, and send what is missing under another key",
    );
  }
  return { fingerprint: fingerprint.toHex(), at: toEpochMs(asked_at), did: parseDone(done) };
}

/** Stored format: CRC-32 of the fingerprint, the instant as a little-endian double, and the record's text. */
function recordChecksum(fingerprint: Uint8Array, askedAt: number, done: string): number {
  return crc32(done, crc32(new Uint8Array(Float64Array.of(askedAt).buffer), crc32(fingerprint)));
}

function prepare(db: Database) {
  return {
    oneRecord: db.prepare<ReceiptRow, [Uint8Array]>(SQL.oneRecord),
    insertRecord: db.prepare(SQL.insertRecord),
    dropRecord: db.prepare(SQL.dropRecord),
    oldestRecords: db.prepare<{ sequence: number; asked_at: number; size: number }, [number]>(SQL.oldestRecords),
    trimRecords: db.prepare(SQL.trimRecords),
  };
}
