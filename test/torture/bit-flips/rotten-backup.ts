// One damage of a backup: its check finds it, or the file holds what it held.
import { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../../src/engines/archive.ts";
import { openSqliteStore } from "../../../src/engines/sqlite/store.ts";
import { changeValue } from "../../support/forged-database.ts";
import { mustCommit, put } from "../../support/requests.ts";
import { sqliteOptions } from "../../support/sqlite-harness.ts";
import type { RotOnce } from "./bit-flips.ts";
import { damageBytes, pickInDatabase } from "./damage.ts";
import type { RotTerms } from "./rotten-store.ts";
import { makeSoundStore } from "./sound-store.ts";

const UNWATCHED = { onProgress: () => {}, signal: new AbortController().signal };

export async function makeRottenBackup({ directory, random, plant }: RotTerms): Promise<RotOnce> {
  const sound = await makeSoundStore(directory, random);
  const [older, whole] = [join(directory, "older.db"), join(directory, "whole.db")];
  const store = await openSqliteStore(sqliteOptions(sound.directory));
  await store.backup.writeTo(older, UNWATCHED);
  await mustCommit(store, put("key1", "later"));
  await store.backup.writeTo(whole, UNWATCHED);
  await store.close();
  const [bytes, contents] = [readFileSync(whole), contentsOf(whole)];
  return async (_, lane) => {
    const file = `${lane}.db`;
    const damaged = Uint8Array.from(plant === "writes-taken-back" ? readFileSync(older) : bytes);
    const place =
      plant === null ? damageBytes(damaged, random, () => pickInDatabase(damaged, random)).place : "a planted fault";
    writeFileSync(file, damaged);
    if (plant === "checksum-made-to-fit") changeValue(file);
    const { problems } = await check({ file }, UNWATCHED);
    if (problems.length > 0) return { is: "told by verify", place, why: "" };
    if (contentsOf(file) === contents) return { is: "harmless", place, why: "" };
    return { is: "silent", place, why: "it holds something else, and its check finds nothing" };
  };
}

/** All that the file holds; rowids of entries have no meaning. */
function contentsOf(file: string): string {
  const db = new Database(file, { readonly: true });
  try {
    const tables = ["state", "entries", "changes", "idempotency_records", "tokens", "backup"];
    const rows = tables.map((table) => db.prepare<Record<string, unknown>, []>(`select * from ${table}`).all());
    const schema = db.prepare("select type, name, tbl_name, sql from sqlite_schema").all();
    const marks = ["application_id", "user_version"].map((name) => db.prepare(`pragma ${name}`).all());
    const shown = [schema, marks, ...rows.map((each) => each.map(({ id, ...row }) => row))];
    return JSON.stringify(shown, (_, value) => (value instanceof Uint8Array ? value.toBase64() : value));
  } finally {
    db.close(true);
  }
}
