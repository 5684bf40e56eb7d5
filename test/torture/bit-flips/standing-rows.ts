// What stands in a store's database whatever its indexes say: to tell an entry that is lost from one that is not found.
import { Database } from "bun:sqlite";
import { decodeKey } from "../../../src/engines/sqlite/key-bytes.ts";
import { storeFiles } from "../../../src/engines/sqlite/layout.ts";
import { type EntryRow, RecordCodec } from "../../../src/engines/sqlite/record.ts";
import { isDamage } from "./read-store.ts";

/** The thread of a store that has ended its own use may hold the file for a moment still. */
const PATIENCE_MS = 10_000;

type Row = EntryRow & { readonly key: Uint8Array };

/** The values of whole rows, in base64, by key; of several under one key all. Empty where the rows cannot be read. */
export function standingRows(directory: string): ReadonlyMap<string, ReadonlySet<string>> {
  const db = new Database(storeFiles(directory).database, { readonly: true });
  const values = new Map<string, Set<string>>();
  try {
    db.run(`pragma busy_timeout = ${PATIENCE_MS}`);
    const { incarnation } = db.prepare<{ incarnation: string }, []>("select incarnation from state").get() ?? {};
    const codec = new RecordCodec(incarnation ?? "");
    const rows = db.prepare<Row, []>("select *, length(value) as size from entries not indexed");
    for (const row of rows.iterate()) {
      const key = row.key instanceof Uint8Array ? decodeKey(row.key) : null;
      if (key === null || !codec.isWhole(key, row)) continue;
      values.set(key, (values.get(key) ?? new Set()).add(row.value.toBase64()));
    }
    return values;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return new Map();
  } finally {
    db.close(true);
  }
}
