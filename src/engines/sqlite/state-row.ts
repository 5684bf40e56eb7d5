// The one row that says where the store stands, and the checksum that finds a flipped bit in it: a revision that goes back would be
// given out twice, and an instant that leaps would end every entry that ends. A stored format: docs/formats.md.
import type { Database } from "bun:sqlite";
import { crc32 } from "node:zlib";
import { KeyholdError } from "../../core/errors.ts";
import type { StoreFiles } from "./layout.ts";
import { COPY_SQL, SQL } from "./statements.ts";

/** First format whose state has a checksum. */
export const STATE_CHECKSUM_FORMAT = 4;

/** What the checksum is over: all but whether the store was closed, which only says whether to look. */
export interface StateFigures {
  readonly incarnation: string;
  readonly revision: number;
  readonly sequence: number;
  readonly entries: number;
  readonly records: number;
  readonly record_bytes: number;
  readonly highest_instant: number;
}

export interface StateRow extends StateFigures {
  readonly checksum: number;
  readonly is_clean: number;
}

/** The row as a database of any format has it. */
export type StoredState = Omit<StateFigures, "records" | "record_bytes"> &
  Partial<Pick<StateRow, "records" | "record_bytes" | "checksum">>;

const FIGURES = 6;

/** Stored format: CRC-32 of six little-endian doubles and the incarnation. */
export function stateChecksum(state: StateFigures): number {
  const { revision, sequence, entries, records, record_bytes, highest_instant } = state;
  const fixed = Float64Array.of(revision, sequence, entries, records, record_bytes, highest_instant);
  return crc32(state.incarnation, crc32(new Uint8Array(fixed.buffer, 0, FIGURES * 8)));
}

/** Whether it matches its checksum, where its format has one. */
export function isWholeState({ records = 0, record_bytes = 0, ...state }: StoredState): boolean {
  if (state.checksum === undefined) return true;
  const { incarnation, revision, sequence, entries, highest_instant, checksum } = state;
  // A flipped bit may also have made something else of a column than it was: a null is reckoned as zero.
  if (typeof incarnation !== "string") return false;
  const numbers = [revision, sequence, entries, records, record_bytes, highest_instant, checksum];
  if (numbers.some((number) => typeof number !== "number")) return false;
  return stateChecksum({ ...state, records, record_bytes }) === checksum;
}

/** Gives the row the checksum of what stands in it. Requires: an open transaction, in a database of a format that has one. */
export function sealState(db: Database): void {
  const state = db.prepare<StateRow, []>(COPY_SQL.readState).get();
  if (state !== null) db.run(SQL.sealState, [stateChecksum(state)]);
}

/** @throws "unavailable" where there is none, or it is not what was written */
export function readStateRow(db: Database, { database }: Pick<StoreFiles, "database">): StateRow {
  const row = db.prepare<StateRow, []>(SQL.readState).get();
  if (row !== null && isWholeState(row)) return row;
  const why =
    row === null
      ? "is missing; restore a backup"
      : "does not match its checksum; restore a backup, or bring its entries and access tokens into a new store by keyhold copy";
  throw new KeyholdError("unavailable", `Cannot open ${database}: the row that says where the store stands ${why}`);
}
