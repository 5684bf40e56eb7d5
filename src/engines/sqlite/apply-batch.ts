// Applies one request within the open transaction of the writer: judge, then write. A request whose conditions fail has
// written nothing, so a group of requests needs no savepoints. A KeyholdError leaves apply() before its first write.
import type { Database } from "bun:sqlite";
import { batchBytes, isWrite, type Mutation, mayGrow, type Write } from "../../core/batch.ts";
import { isEdit, workOut } from "../../core/edit.ts";
import { type Entry, type EntryInfo, toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type EpochMs, isAlive, toEpochMs } from "../../core/expiry.ts";
import { judge, needsRevision, putInfo, requireReadable, requireReadBytes, touchedInfo } from "../../core/judge.ts";
import type { Key } from "../../core/key.ts";
import { boundsOf, isInSet, type KeySet } from "../../core/range.ts";
import type { CommitResult, DeleteResult } from "../../store/store.ts";
import { changeChecksum } from "./change-row.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { decodeKey, encodeKey, highBytes } from "./key-bytes.ts";
import { CHANGE_KINDS } from "./layout.ts";
import type { CommitRequest } from "./messages.ts";
import { type EntryRow, formNumber, type InfoRow, RecordCodec } from "./record.ts";
import { isSqliteError } from "./sqlite-errors.ts";
import { SQL } from "./statements.ts";

/** What is known of the store within a transaction; written to the state row before it commits. */
export interface StoreState {
  revision: number;
  sequence: number;
  entries: number;
  /** Rows of idempotency_records, and the bytes of what they say. */
  records: number;
  recordBytes: number;
  highestInstant: number;
  /** Entries removed because they had ended, since the store was opened; not stored. */
  expired: number;
}

const BASE64_GROWTH = 4 / 3;
/** Of one mutation, in the record of a named write; keys and media types of usual length. */
const OUTCOME_BYTES = 512;

/** Keys deleted between two calls of `onProgress`. */
const DELETE_SLICE_KEYS = 10_000;
/** Values looked at by one sweep, in bytes: some tens of milliseconds. */
const SWEEP_BYTES = 32 * 1024 * 1024;
/** Ended rows that are remembered as damaged; what comes beyond is looked at each time. */
const DAMAGED_MAX = 10_000;

/** What stands under a key, expired or not. */
interface Standing {
  readonly row: InfoRow | null;
  /** Null when there is no live entry. */
  readonly info: EntryInfo | null;
}

type ChangeKind = (typeof CHANGE_KINDS)[number];

export class BatchApplier {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #codec: RecordCodec;
  readonly #reserve: Pick<DiskReserve, "grant">;
  /** Rows that a sweep has left, as they are not what was written: nobody knows whose end it is. */
  readonly #damagedIds = new Set<number>();

  /** @param reserve - asked for room before the first write of what may make the store larger */
  constructor(db: Database, incarnation: string, reserve: Pick<DiskReserve, "grant">) {
    this.#reserve = reserve;
    this.#statements = prepare(db);
    this.#codec = new RecordCodec(incarnation);
  }

  /** Requires: an open transaction, and `state` as it stands in it. Changes `state`. */
  apply({ batch, otherwise, once }: CommitRequest, state: StoreState, now: EpochMs): CommitResult {
    const standing = batch.map(({ key }) => this.#standing(key, now));
    const current = standing.map(({ info }) => info);
    const conflicts = judge(batch, current);
    if (conflicts.length > 0) return { committed: false, conflicts, otherwise: this.#readAll(otherwise, now) };
    // The last steps that can fail for a reason of this request alone; from here on it writes.
    const before = batch.map((mutation, index) => this.#before(mutation, current[index] ?? null));
    const writes = workOut(batch, before);
    requireReadable(writes, current);
    const seen = writes.map((write, index) => this.#seen(write, current[index] ?? null));
    const room = roomFor(writes, once !== null && batch.some(isWrite) ? [...before, ...seen] : null);
    if (room !== null) this.#reserve.grant(room);
    if (needsRevision(writes, current)) state.revision++;
    const left = writes.map((write, index) =>
      this.#applyWrite(write, standing[index] ?? { row: null, info: null }, state, now),
    );
    const outcomes = writes.map((write, index) => ({
      before: (write.want === "before" ? before[index] : current[index]) ?? null,
      after: write.want === "after" ? shownAfter(index, { writes, left, seen }) : (left[index] ?? null),
    }));
    return { committed: true, revision: toRevision(state.revision), outcomes, at: now, isReplay: false };
  }

  /** As apply(). Calls `onProgress` now and then, so that a long deletion is not taken for a hung disk. */
  deleteAll(set: KeySet, state: StoreState, now: EpochMs, onProgress: () => void): DeleteResult {
    const { low, high } = boundsOf(set);
    const highEnd = highBytes(high);
    let from = encodeKey(low);
    let deleted = 0;
    for (;;) {
      const rows = this.#statements.keysForward.all(from, highEnd, DELETE_SLICE_KEYS);
      for (const row of rows) {
        const key = decodeKey(row.key);
        if (!isInSet(set, key)) continue;
        this.#requireOwnKey(row);
        if (!isAlive(nullableInstant(row.expires_at), now)) continue;
        if (deleted++ === 0) state.revision++;
        this.#remove(row, "delete", state, now);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < DELETE_SLICE_KEYS) break;
      from = encodeKey(`${decodeKey(last.key)}\0`);
      onProgress();
    }
    return { deleted, revision: toRevision(state.revision), isReplay: false };
  }

  /**
   * Removes at most `limit` entries that have ended, each with its "expire" change. Returns how many. A row that is not what was
   * written stays: a flipped bit may have given it another's key, or the index of ends another's row.
   */
  sweep(state: StoreState, now: EpochMs, limit: number): number {
    const ended = this.#statements.endedIds.all(now, limit + this.#damagedIds.size);
    let [removed, bytes] = [0, 0];
    for (const { id } of ended) {
      if (removed === limit || bytes >= SWEEP_BYTES) break;
      if (this.#damagedIds.has(id)) continue;
      const row = this.#statements.entryOfId.get(id);
      bytes += row?.size ?? 0;
      if (row === null || !this.#hasEnded(row, now)) {
        this.#noteDamaged(id);
        continue;
      }
      if (removed++ === 0) state.revision++;
      this.#removeEnded(row, state, now);
    }
    return removed;
  }

  /** Of a whole row, by what stands in it. */
  #hasEnded(row: EntryRow & { readonly key: Uint8Array }, now: EpochMs): boolean {
    if (!(row.key instanceof Uint8Array) || !this.#codec.isWhole(decodeKey(row.key), row)) return false;
    return !isAlive(nullableInstant(row.expires_at), now);
  }

  /** @throws SQLiteError where an index does not fit the row, which the next sweep leaves alone */
  #removeEnded(row: { readonly id: number; readonly key: Uint8Array }, state: StoreState, now: EpochMs): void {
    try {
      this.#remove(row, "expire", state, now);
    } catch (error) {
      if (isSqliteError(error, "SQLITE_CORRUPT_INDEX")) this.#noteDamaged(row.id);
      throw error;
    }
  }

  #noteDamaged(id: number): void {
    if (this.#damagedIds.size < DAMAGED_MAX) this.#damagedIds.add(id);
  }

  /** @throws "damaged-entry" where the row is another's, to which a damaged index of keys has led */
  #requireOwnKey({ id, key: bytes }: { readonly id: number; readonly key: Uint8Array }): void {
    if (this.#statements.hasKey.get(id, bytes) !== null) return;
    const key = decodeKey(bytes);
    throw new KeyholdError(
      "damaged-entry",
      `Cannot tell which entry is ${JSON.stringify(key)}: what finds entries by their keys is damaged; restore a backup`,
      { key },
    );
  }

  #standing(key: Key, now: EpochMs): Standing {
    const bytes = encodeKey(key);
    const row = this.#statements.oneInfo.get(bytes);
    if (row !== null) this.#requireOwnKey({ id: row.id, key: bytes });
    if (row === null || !isAlive(nullableInstant(row.expires_at), now)) return { row, info: null };
    return { row, info: this.#codec.info(key, row) };
  }

  /** The whole entry as it was, where the mutation needs or wants it. */
  #before(mutation: Mutation, info: EntryInfo | null): Entry | null {
    return isEdit(mutation) || mutation.want === "before" ? this.#whole(mutation.key, info) : null;
  }

  /** What a mutation that leaves the value as it is will show of it; read before anything is written, as it may be damaged. */
  #seen({ op, key, want }: Write, info: EntryInfo | null): Entry | null {
    return want === "after" && (op === "check" || op === "touch") ? this.#whole(key, info) : null;
  }

  #whole(key: Key, info: EntryInfo | null): Entry | null {
    const row = info === null ? null : this.#statements.oneEntry.get(encodeKey(key));
    return row === null ? null : this.#codec.entry(key, row);
  }

  #readAll(keys: readonly Key[], now: EpochMs): readonly (Entry | null)[] {
    if (keys.length === 0) return [];
    const sizes = keys.map((key) => this.#standing(key, now).info?.size ?? 0);
    requireReadBytes(sizes.reduce((sum, size) => sum + size, 0));
    return keys.map((key) => this.#read(key, now));
  }

  #read(key: Key, now: EpochMs): Entry | null {
    const row = this.#statements.oneEntry.get(encodeKey(key));
    return row !== null && isAlive(nullableInstant(row.expires_at), now) ? this.#codec.entry(key, row) : null;
  }

  #applyWrite(write: Write, standing: Standing, state: StoreState, now: EpochMs): EntryInfo | null {
    switch (write.op) {
      case "check":
        return standing.info;
      case "put":
        return this.#put(write, standing, state, now);
      case "touch":
        return this.#touch(write, standing, state, now);
      case "delete":
        if (standing.row !== null && standing.info !== null)
          this.#remove({ id: standing.row.id, key: encodeKey(write.key) }, "delete", state, now);
        return null;
      default:
        return write satisfies never;
    }
  }

  #put(put: Extract<Write, { op: "put" }>, { row, info }: Standing, state: StoreState, now: EpochMs): EntryInfo {
    const key = encodeKey(put.key);
    const revision = toRevision(state.revision);
    const after = putInfo(put, info, { revision, tag: this.#codec.tag(revision), now });
    const fields = [
      after.revision,
      after.createdAt,
      after.modifiedAt,
      after.expiresAt,
      formNumber(after.form),
      this.#codec.checksum(after, put.value),
      after.contentType,
      put.value,
    ] as const;
    if (row === null) {
      state.entries++;
      const { lastInsertRowid } = this.#statements.insertEntry.run(key, ...fields);
      this.#damagedIds.delete(Number(lastInsertRowid));
    } else {
      // An ended entry that still awaits the sweeper is replaced in place; its end is logged first.
      if (info === null) this.#logChange("expire", key, revision, state, now);
      this.#statements.updateEntry.run(...fields, row.id);
      this.#damagedIds.delete(row.id);
    }
    this.#logChange("put", key, revision, state, now);
    return after;
  }

  #touch(
    touch: Extract<Write, { op: "touch" }>,
    { row, info }: Standing,
    state: StoreState,
    now: EpochMs,
  ): EntryInfo | null {
    if (row === null || info === null) return null;
    const key = encodeKey(touch.key);
    const after = touchedInfo(touch, info, now);
    this.#statements.touchEntry.run(after.expiresAt, this.#codec.touchedChecksum(info, after, row.checksum), row.id);
    this.#damagedIds.delete(row.id);
    this.#logChange("touch", key, info.revision, state, now);
    return after;
  }

  #remove(
    { id, key }: { readonly id: number; readonly key: Uint8Array },
    kind: "delete" | "expire",
    state: StoreState,
    now: EpochMs,
  ): void {
    this.#statements.deleteEntry.run(id);
    this.#damagedIds.delete(id);
    state.entries--;
    this.#logChange(kind, key, state.revision, state, now);
  }

  #logChange(kind: ChangeKind, key: Uint8Array, revision: number, state: StoreState, now: EpochMs): void {
    if (kind === "expire") state.expired++;
    const row = { sequence: ++state.sequence, revision, kind: CHANGE_KINDS.indexOf(kind), logged_at: now, key };
    this.#statements.logChange.run(row.sequence, revision, row.kind, now, key, changeChecksum(row));
  }
}

/**
 * What a commit adds to the store, in bytes: the values that it writes and, where it is named, the record of what it shows.
 * Null for what shows and adds nothing, as most deletions: they are the way out of a full disk.
 */
function roomFor(writes: readonly Write[], recorded: readonly (Entry | null)[] | null): number | null {
  const written = writes.some(mayGrow) ? batchBytes(writes) : null;
  if (recorded === null) return written;
  const standing = recorded.reduce((sum, entry) => sum + (entry?.size ?? 0), 0);
  if (written === null && standing === 0) return null;
  const shown = standing + batchBytes(writes.filter(({ want }) => want === "after"));
  return (written ?? 0) + Math.ceil(shown * BASE64_GROWTH) + writes.length * OUTCOME_BYTES;
}

/** The entry under a mutation's key when the whole batch has been applied, which may be another mutation's doing. */
function shownAfter(
  index: number,
  {
    writes,
    left,
    seen,
  }: {
    readonly writes: readonly Write[];
    readonly left: readonly (EntryInfo | null)[];
    readonly seen: readonly (Entry | null)[];
  },
): Entry | null {
  const key = writes[index]?.key;
  const writing = writes.findIndex((write) => write.op !== "check" && write.key === key);
  const write = writes[writing];
  if (write === undefined) return seen[index] ?? null;
  const info = left[writing] ?? null;
  const value = write.op === "put" ? write.value : seen[index]?.value;
  return info === null || value === undefined ? null : { ...info, value };
}

function prepare(db: Database) {
  return {
    oneInfo: db.prepare<InfoRow, [Uint8Array]>(SQL.oneInfo),
    oneEntry: db.prepare<EntryRow, [Uint8Array]>(SQL.oneEntry),
    insertEntry: db.prepare(SQL.insertEntry),
    updateEntry: db.prepare(SQL.updateEntry),
    touchEntry: db.prepare(SQL.touchEntry),
    deleteEntry: db.prepare(SQL.deleteEntry),
    hasKey: db.prepare<{ found: 1 }, [number, Uint8Array]>(SQL.hasKey),
    entryOfId: db.prepare<EntryRow & { key: Uint8Array }, [number]>(SQL.entryOfId),
    logChange: db.prepare(SQL.logChange),
    endedIds: db.prepare<{ id: number }, [number, number]>(SQL.endedIds),
    keysForward: db.prepare<
      { id: number; key: Uint8Array; expires_at: number | null },
      [Uint8Array, Uint8Array, number]
    >(SQL.keysForward),
  };
}

function nullableInstant(ms: number | null): EpochMs | null {
  return ms === null ? null : toEpochMs(ms);
}
