// What must hold of a closed store's database whatever has been done to it: SQLite's own check, and Keyhold's invariants.
import { Database } from "bun:sqlite";
import { type ChangeRow, isWholeChange } from "../../src/engines/sqlite/change-row.ts";
import { decodeKey } from "../../src/engines/sqlite/key-bytes.ts";
import { CHANGE_KINDS, storeFiles } from "../../src/engines/sqlite/layout.ts";
import { type ReceiptRow, toReceipt } from "../../src/engines/sqlite/receipts.ts";
import { type EntryRow, RecordCodec } from "../../src/engines/sqlite/record.ts";
import { type StateRow, stateChecksum } from "../../src/engines/sqlite/state-row.ts";
import { type TokenRow, toToken } from "../../src/engines/sqlite/tokens.ts";

/** @throws saying what is wrong with the database */
export function requireSoundDatabase(directory: string): void {
  const db = new Database(storeFiles(directory).database, { readonly: true, strict: true });
  try {
    const found = [...integrity(db), ...stateFaults(db), ...entryFaults(db), ...changeFaults(db), ...recordFaults(db)];
    if (found.length > 0) throw new Error(`The database of the store is not sound: ${found.join("; ")}`);
  } finally {
    db.close(true);
  }
}

function integrity(db: Database): readonly string[] {
  const rows = db.prepare<{ integrity_check: string }, []>("pragma integrity_check").all();
  return rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
}

function stateFaults(db: Database): readonly string[] {
  const state = stateOf(db);
  const { entries } = db.prepare<{ entries: number }, []>("select count(*) as entries from entries").get() ?? {};
  const { last } = db.prepare<{ last: number | null }, []>("select max(sequence) as last from changes").get() ?? {};
  const { newest } =
    db.prepare<{ newest: number | null }, []>("select max(revision) as newest from entries").get() ?? {};
  return [
    state.entries === entries ? "" : `state counts ${state.entries} entries, there are ${entries}`,
    (last ?? 0) <= state.sequence ? "" : `state is at change ${state.sequence}, the log at ${last}`,
    (newest ?? 0) <= state.revision ? "" : `state is at revision ${state.revision}, an entry at ${newest}`,
    state.checksum === stateChecksum(state) ? "" : "the checksum of the state row is wrong",
    state.is_clean === 1 ? "" : "the store was closed and is not marked clean",
  ].filter((fault) => fault !== "");
}

function entryFaults(db: Database): readonly string[] {
  const codec = new RecordCodec(stateOf(db).incarnation);
  const rows = db.prepare<EntryRow & { key: Uint8Array }, []>("select *, length(value) as size from entries").all();
  return rows.flatMap((row) => {
    const key = decodeKey(row.key);
    const isWhole = codec.checksum(codec.info(key, row), row.value) === row.checksum;
    return isWhole ? [] : [`the checksum of ${JSON.stringify(key)} is wrong`];
  });
}

function changeFaults(db: Database): readonly string[] {
  const rows = db.prepare<ChangeRow, []>("select * from changes order by sequence").all();
  const faults: string[] = [];
  let revision = 0;
  for (const [index, row] of rows.entries()) {
    if (!isWholeChange(row)) faults.push(`the checksum of change ${row.sequence} is wrong`);
    const before = rows[index - 1];
    if (before !== undefined && row.sequence !== before.sequence + 1) faults.push(`a gap before ${row.sequence}`);
    // A touch carries the revision that its entry has, however old.
    if (CHANGE_KINDS[row.kind] === "touch") continue;
    if (row.revision < revision) faults.push(`change ${row.sequence} has revision ${row.revision} after ${revision}`);
    revision = row.revision;
  }
  return faults;
}

function recordFaults(db: Database): readonly string[] {
  for (const row of db.prepare<TokenRow, []>("select * from tokens").all()) toToken(row);
  const rows = db.prepare<ReceiptRow, []>("select * from idempotency_records").all();
  for (const row of rows) toReceipt(row);
  const { records } = db.prepare<{ records: number }, []>("select records from state").get() ?? {};
  return records === rows.length ? [] : [`state counts ${records} records, there are ${rows.length}`];
}

function stateOf(db: Database): StateRow {
  const row = db.prepare<StateRow, []>("select * from state").get();
  if (row === null) throw new Error("The state row is missing");
  return row;
}
