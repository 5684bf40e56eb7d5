// One row of the change log, and what is left of a page of them where some are not what was written: a watcher that is told a change
// that never was, or misses one, goes on with a wrong picture, so what cannot be trusted counts as no longer held, as if trimmed.
import type { Database } from "bun:sqlite";
import { crc32 } from "node:zlib";
import type { Change } from "../../core/batch.ts";
import { toRevision } from "../../core/entry.ts";
import { decodeKey } from "./key-bytes.ts";
import { CHANGE_KINDS } from "./layout.ts";
import { SQL } from "./statements.ts";

export interface ChangeRow {
  readonly sequence: number;
  readonly revision: number;
  readonly kind: number;
  readonly logged_at: number;
  readonly key: Uint8Array;
  readonly checksum: number;
}

export type NumberedChange = Change & { readonly sequence: number };

/** What can be told of a part of the log. */
export interface ToldChanges {
  /** Those behind the last place at which it is not what was written. */
  readonly changes: readonly NumberedChange[];
  /** Everything up to here has been looked at. */
  readonly reached: number;
  readonly isDamaged: boolean;
}

/** Rows that sealChanges() has in memory at once: with the longest keys some megabytes. */
export const SEAL_ROWS = 5000;

/** Stored format: CRC-32 of four little-endian doubles and the key. */
export function changeChecksum({ sequence, revision, kind, logged_at, key }: Omit<ChangeRow, "checksum">): number {
  return crc32(key, crc32(new Uint8Array(Float64Array.of(sequence, revision, kind, logged_at).buffer)));
}

/** A flipped bit may also have made the key a text, whose checksum is the same, or nothing. */
export function isWholeChange(row: ChangeRow): boolean {
  return row.key instanceof Uint8Array && changeChecksum(row) === row.checksum;
}

/**
 * @param rows - all that the log has of the numbers beyond `from`, up to `to`, but no more than `limit`. There is one for each
 * number, so one that is missing is damage too
 */
export function tellChanges(
  rows: readonly ChangeRow[],
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
): ToldChanges {
  let expected = from + 1;
  let first = 0;
  let isDamaged = false;
  for (const [index, row] of rows.entries()) {
    const isWhole = isWholeChange(row);
    if (!isWhole || row.sequence !== expected) {
      isDamaged = true;
      first = isWhole ? index : index + 1;
    }
    expected = isWhole ? row.sequence + 1 : expected + 1;
  }
  const isEnd = rows.length < limit;
  if (isEnd && expected <= to) return { changes: [], reached: to, isDamaged: true };
  const changes = rows.slice(first).map(toChange);
  const reached = changes.at(-1)?.sequence ?? (isEnd ? Math.max(from, to) : Math.min(to, from + limit));
  return { changes, reached, isDamaged };
}

/**
 * Gives every row the checksum of what stands in it. Page by page: a log may have more rows than memory has room for, and none is
 * changed while it is walked. Requires: an open transaction.
 */
export function sealChanges(db: Database): void {
  const page = db.prepare<ChangeRow, [number, number, number]>(SQL.changesAfter);
  const seal = db.prepare(SQL.sealChange);
  let last = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = page.all(last, Number.MAX_SAFE_INTEGER, SEAL_ROWS);
    for (const row of rows) seal.run(changeChecksum(row), row.sequence);
    const end = rows.at(-1);
    if (end === undefined || rows.length < SEAL_ROWS) return;
    last = end.sequence;
  }
}

function toChange(row: ChangeRow): NumberedChange {
  return {
    kind: CHANGE_KINDS[row.kind] ?? "put",
    key: decodeKey(row.key),
    revision: toRevision(row.revision),
    sequence: row.sequence,
  };
}
