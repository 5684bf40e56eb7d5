// Faults for whoever looks for faults, planted in the database of a store that no server holds. Counts and checksums fit what stands
// there afterwards, so that nothing in the file gives them away: they must be found by what was acknowledged, and by nothing else.
import { Database } from "bun:sqlite";
import { decodeKey } from "../../src/engines/sqlite/key-bytes.ts";
import { type EntryRow, RecordCodec } from "../../src/engines/sqlite/record.ts";
import { sealState } from "../../src/engines/sqlite/state-row.ts";

/** Takes entries out, as if they had never been written. @param ids - a query for those in `entries`, as "select min(id) from entries" */
export function removeEntries(file: string, ids: string): void {
  forge(file, (db) => {
    const { changes } = db.run(`delete from entries where id in (${ids})`);
    if (changes === 0) throw new Error("There is no entry to remove");
    db.run("update state set entries = (select count(*) from entries)");
  });
}

/** Makes the value of the first entry a byte longer. */
export function changeValue(file: string): void {
  forge(file, (db) => {
    const [row] = rowsOf(db, "order by key limit 1");
    if (row === undefined) throw new Error("There is no entry to change");
    writeSealed(db, { ...row, value: Uint8Array.of(...row.value, 1) });
  });
}

/** Moves the ends of all entries that have one. */
export function moveEnds(file: string, byMs: number): void {
  forge(file, (db) => {
    for (const row of rowsOf(db, "where expires_at is not null"))
      writeSealed(db, { ...row, expires_at: (row.expires_at ?? 0) + byMs });
  });
}

/** Sets back what the store remembers of its clock, as far as can be. */
export function forgetInstant(file: string): void {
  forge(file, (db) => db.run("update state set highest_instant = 0"));
}

type StoredRow = EntryRow & { readonly id: number; readonly key: Uint8Array };

function rowsOf(db: Database, which: string): readonly StoredRow[] {
  return db.prepare<StoredRow, []>(`select *, length(value) as size from entries ${which}`).all();
}

function writeSealed(db: Database, row: StoredRow): void {
  const { incarnation } = db.prepare<{ incarnation: string }, []>("select incarnation from state").get() ?? {};
  if (incarnation === undefined) throw new Error("There is no state row");
  const codec = new RecordCodec(incarnation);
  const checksum = codec.checksum(codec.info(decodeKey(row.key), row), row.value);
  const statement = db.prepare("update entries set value = ?, expires_at = ?, checksum = ? where id = ?");
  statement.run(row.value, row.expires_at, checksum, row.id);
}

function forge(file: string, change: (db: Database) => void): void {
  const db = new Database(file);
  try {
    db.transaction(() => {
      change(db);
      sealState(db);
    })();
  } finally {
    db.close(true);
  }
}
