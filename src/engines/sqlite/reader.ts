// Reads on the serving thread, each method of one instant. No statement stays open when a method has returned, and a transaction
// only where a TurnSnapshot sees to its end: an open one would keep the log from being reset, and it would grow without end.
import type { Database, Statement } from "bun:sqlite";
import type { Entry, EntryInfo } from "../../core/entry.ts";
import { type EpochMs, isAlive, toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { type Bounds, boundsOfRange, isInSet, type Range } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import type { Page, Receipt } from "../../store/store.ts";
import { type ChangeRow, type ToldChanges, tellChanges } from "./change-row.ts";
import { closeWhole } from "./database.ts";
import { decodeKey, encodeKey, highBytes } from "./key-bytes.ts";
import { type ReceiptRow, toReceipt } from "./receipts.ts";
import { type EntryRow, type InfoRow, RecordCodec } from "./record.ts";
import { isSqliteError } from "./sqlite-errors.ts";
import { SQL } from "./statements.ts";
import { type TokenRow, toToken } from "./tokens.ts";
import { endReading, TurnSnapshot } from "./turn-snapshot.ts";

interface KeyRow {
  readonly key: Uint8Array;
  readonly expires_at: number | null;
}

type Walk<Row> = Statement<Row, [Uint8Array, Uint8Array, number]>;

export class Reader {
  readonly #db: Database;
  readonly #codec: RecordCodec;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #snapshot: TurnSnapshot | null;

  /** @param commits - the counter of WriteMarks, where reads of one turn may share a snapshot; null where each takes its own */
  constructor(db: Database, incarnation: string, commits: (() => number) | null = null) {
    this.#db = db;
    this.#codec = new RecordCodec(incarnation);
    this.#statements = prepare(db);
    this.#snapshot = commits === null ? null : new TurnSnapshot(db, commits);
  }

  get(key: Key, now: EpochMs): Entry | null {
    this.#snapshot?.renew();
    return this.#get(key, now);
  }

  getMany(keys: readonly Key[], now: EpochMs): readonly (Entry | null)[] {
    return this.#atOneInstant(() => keys.map((key) => this.#get(key, now)));
  }

  list(range: Range, now: EpochMs): Page<EntryInfo> {
    const { infosForward, infosBackward, oneInfo } = this.#statements;
    return this.#page(range, now, {
      walk: range.reverse ? infosBackward : infosForward,
      one: oneInfo,
      make: (key, row) => this.#codec.shownInfo(key, row),
      bytesMax: Number.POSITIVE_INFINITY,
    });
  }

  scan(range: Range, now: EpochMs): Page<Entry> {
    const { entriesForward, entriesBackward, oneEntry } = this.#statements;
    return this.#page(range, now, {
      walk: range.reverse ? entriesBackward : entriesForward,
      one: oneEntry,
      make: (key, row) => this.#codec.entry(key, row),
      bytesMax: LIMITS.stepBytes,
    });
  }

  /** Live keys within the bounds that `isCounted` takes, looking at no more than `limit`; and where to go on. */
  countSome(
    bounds: Bounds,
    now: EpochMs,
    { isCounted, limit }: { readonly isCounted: (key: string) => boolean; readonly limit: number },
  ): { readonly counted: number; readonly next: string | null } {
    this.#snapshot?.renew();
    const rows = this.#statements.keysForward.all(encodeKey(bounds.low), highBytes(bounds.high), limit);
    const counted = rows.filter((row) => isLive(row, now) && isCounted(decodeKey(row.key))).length;
    const last = rows.length < limit ? undefined : rows.at(-1);
    return { counted, next: last === undefined ? null : `${decodeKey(last.key)}\0` };
  }

  /** All live entries, at one instant. */
  countAll(now: EpochMs): number {
    return this.#atOneInstant(() => {
      const entries = this.#statements.state.get()?.entries ?? 0;
      return entries - (this.#statements.countEnded.get(now)?.ended ?? 0);
    });
  }

  /** The number of the latest change. */
  latestSequence(): number {
    this.#snapshot?.renew();
    return this.#statements.state.get()?.sequence ?? 0;
  }

  /** Changes after a place in the log, up to another, and the number of the oldest that it still holds. */
  changes({
    after,
    upTo,
    limit,
  }: {
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
  }): ToldChanges & { readonly oldest: number } {
    return this.#atOneInstant(() => {
      const latest = this.#statements.state.get()?.sequence ?? 0;
      const rows = unlessDamaged(() => this.#statements.changesAfter.all(after, upTo, limit));
      if (rows === null) return { changes: [], reached: upTo, isDamaged: after < upTo, oldest: after + 1 };
      const first = unlessDamaged(() => this.#statements.oldestChanges.all(1))?.[0] ?? rows[0];
      // A damaged number may be beyond all others, and who has seen the latest has seen all.
      const oldest = Math.min(first?.sequence ?? latest + 1, latest + 1);
      return { ...tellChanges(rows, { from: Math.max(after, oldest - 1), to: upTo, limit }), oldest };
    });
  }

  /** The record under an id; null where there is none. */
  receipt(id: string): Receipt | null {
    this.#snapshot?.renew();
    const row = this.#statements.oneRecord.get(Uint8Array.fromHex(id));
    return row === null ? null : toReceipt(row);
  }

  /** In the order of their making. */
  tokens(): readonly TokenRecord[] {
    this.#snapshot?.renew();
    return this.#statements.everyToken.all().map(toToken);
  }

  close(): void {
    this.#snapshot?.release();
    closeWhole(this.#db);
  }

  #get(key: Key, now: EpochMs): Entry | null {
    const row = this.#statements.oneEntry.get(encodeKey(key));
    return row !== null && isLive(row, now) ? this.#codec.entry(key, row) : null;
  }

  #page<Row extends InfoRow, T extends EntryInfo>(range: Range, now: EpochMs, by: PageParts<Row, T>): Page<T> {
    return range.pattern === null ? this.#walkRows(range, now, by) : this.#walkKeys(range, now, by);
  }

  /** Reads the rows themselves: every one within the bounds is wanted. */
  #walkRows<Row extends InfoRow, T extends EntryInfo>(range: Range, now: EpochMs, by: PageParts<Row, T>): Page<T> {
    const { low, high } = boundsOfRange(range);
    const items: T[] = [];
    let bytes = 0;
    let scanned = 0;
    let last: Key | null = null;
    this.#snapshot?.renew();
    // One row more than can be returned, to know whether there is more.
    const most = Math.min(range.limit, LIMITS.pageScannedKeys) + 1;
    for (const row of by.walk.iterate(encodeKey(low), highBytes(high), most)) {
      if (++scanned === most || bytes >= by.bytesMax) return { items, next: last };
      last = decodeKey(row.key);
      if (!isLive(row, now)) continue;
      items.push(by.make(last, row));
      bytes += row.size;
    }
    return { items, next: null };
  }

  /** Reads keys first and rows only of those that match: a pattern may pass over a thousand large values for one. */
  #walkKeys<Row extends InfoRow, T extends EntryInfo>(range: Range, now: EpochMs, by: PageParts<Row, T>): Page<T> {
    const { keysForward, keysBackward } = this.#statements;
    const walk = range.reverse ? keysBackward : keysForward;
    return this.#atOneInstant(() => {
      const { low, high } = boundsOfRange(range);
      const rows = walk.all(encodeKey(low), highBytes(high), LIMITS.pageMatchedKeys + 1);
      const items: T[] = [];
      let bytes = 0;
      let last: Key | null = null;
      for (const keyRow of rows) {
        if (items.length === range.limit || bytes >= by.bytesMax) return { items, next: last };
        if (keyRow === rows[LIMITS.pageMatchedKeys]) return { items, next: last };
        last = decodeKey(keyRow.key);
        if (!isLive(keyRow, now) || !isInSet(range, last)) continue;
        const row = by.one.get(keyRow.key);
        if (row === null) continue;
        items.push(by.make(last, row));
        bytes += row.size;
      }
      return { items, next: null };
    });
  }

  #atOneInstant<T>(read: () => T): T {
    this.#snapshot?.renew();
    if (this.#snapshot?.isHeld === true) return read();
    this.#statements.begin.run();
    try {
      return read();
    } finally {
      endReading(this.#db, this.#statements.commit);
    }
  }
}

interface PageParts<Row extends InfoRow, T extends EntryInfo> {
  readonly walk: Walk<Row & KeyRow>;
  readonly one: Statement<Row, [Uint8Array]>;
  readonly make: (key: Key, row: Row) => T;
  /** Bytes of values after which a page ends. */
  readonly bytesMax: number;
}

function prepare(db: Database) {
  return {
    begin: db.prepare("begin"),
    commit: db.prepare("commit"),
    oneInfo: db.prepare<InfoRow, [Uint8Array]>(SQL.oneInfo),
    oneEntry: db.prepare<EntryRow, [Uint8Array]>(SQL.oneEntry),
    keysForward: db.prepare<KeyRow, [Uint8Array, Uint8Array, number]>(SQL.keysForward),
    keysBackward: db.prepare<KeyRow, [Uint8Array, Uint8Array, number]>(SQL.keysBackward),
    infosForward: db.prepare<InfoRow & KeyRow, [Uint8Array, Uint8Array, number]>(SQL.infosForward),
    infosBackward: db.prepare<InfoRow & KeyRow, [Uint8Array, Uint8Array, number]>(SQL.infosBackward),
    entriesForward: db.prepare<EntryRow & KeyRow, [Uint8Array, Uint8Array, number]>(SQL.entriesForward),
    entriesBackward: db.prepare<EntryRow & KeyRow, [Uint8Array, Uint8Array, number]>(SQL.entriesBackward),
    state: db.prepare<{ entries: number; sequence: number }, []>(SQL.readState),
    countEnded: db.prepare<{ ended: number }, [number]>(SQL.countEnded),
    oldestChanges: db.prepare<{ sequence: number }, [number]>(SQL.oldestChanges),
    oneRecord: db.prepare<ReceiptRow, [Uint8Array]>(SQL.oneRecord),
    everyToken: db.prepare<TokenRow, []>(SQL.everyToken),
    changesAfter: db.prepare<ChangeRow, [number, number, number]>(SQL.changesAfter),
  };
}

/** Null where a page that is read is damaged. */
function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isSqliteError(error, "SQLITE_CORRUPT")) throw error;
    return null;
  }
}

function isLive(row: { readonly expires_at: number | null }, now: EpochMs): boolean {
  return isAlive(row.expires_at === null ? null : toEpochMs(row.expires_at), now);
}
