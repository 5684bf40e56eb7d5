// The digest that a backup carries of what has no checksum of its own: the state row, the schema, the rows of every table
// but the entries, each of which has one. A stored format: docs/formats.md.
import type { Database } from "bun:sqlite";
import { readPragma } from "./database.ts";
import { COPY_SQL } from "./statements.ts";

type Value = string | number | Uint8Array | null;

/** Rows between two pauses. */
const STEP_ROWS = 1000;

/** SHA-256, 32 bytes. @throws what `pause` throws; SQLiteError on a damaged page */
export async function contentDigest(db: Database, pause: () => Promise<void>): Promise<Uint8Array> {
  const hash = new Bun.CryptoHasher("sha256");
  const add = (value: Value) => {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    hash.update(`${value === null ? "null" : typeof value} ${bytes.length} `);
    hash.update(bytes);
  };
  add(Number(readPragma(db, "user_version")));
  for (const row of db.prepare<Record<string, Value>, []>(COPY_SQL.wholeSchema).all())
    for (const value of Object.values(row)) add(value);
  for (const { name, without_rowid } of db
    .prepare<{ name: string; without_rowid: number }, []>(COPY_SQL.tables)
    .all()) {
    if (name === "entries" || name === "backup") continue;
    add(name);
    const order = without_rowid === 1 ? "" : "order by rowid";
    let rows = 0;
    for (const row of db.prepare<Record<string, Value>, []>(`select * from ${quoteName(name)} ${order}`).iterate()) {
      for (const value of Object.values(row)) add(value);
      if (++rows % STEP_ROWS === 0) await pause();
    }
  }
  return new Uint8Array(hash.digest());
}

/** As an SQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
