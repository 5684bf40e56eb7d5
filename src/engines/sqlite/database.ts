// Opens a connection so that what SQLite promises is what Keyhold promises: every setting that matters is made and read
// back, an unknown or newer database is refused, and a new one gets its tables. Reading or writing rows is not done here.
import { Database } from "bun:sqlite";
import { KeyholdError } from "../../core/errors.ts";
import type { EpochMs } from "../../core/expiry.ts";
import { sealChanges } from "./change-row.ts";
import { APPLICATION_ID, BACKUP_APPLICATION_ID, FORMAT_VERSION, PAGE_BYTES, type StoreFiles } from "./layout.ts";
import { isSqliteError } from "./sqlite-errors.ts";
import { STATE_CHECKSUM_FORMAT, sealState } from "./state-row.ts";
import { MIGRATIONS, SCHEMA, SQL } from "./statements.ts";

/** Whether a commit is synced before it is acknowledged ("full") or with the next checkpoint ("relaxed"). */
export type Durability = "full" | "relaxed";

/** First release without the WAL-reset bug (sqlite.org/wal.html#walresetbug). */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;
const BUSY_TIMEOUT_MS = 5000;
/** The log's file is cut to this when it is reset: long enough not to be cut and grown all the time. */
export const LOG_BYTES_KEPT = 16 * 1024 * 1024;
const WRITER_CACHE_KIB = 64 * 1024;
/** SQLite's own ceiling for memory-mapped reading is a little less than 2 GiB (sqlite.org/mmap.html). */
const READER_MMAP_BYTES = 0x7fff0000;

export interface NewStore {
  readonly incarnation: string;
  readonly now: EpochMs;
}

/**
 * The one writing connection. Creates the tables of a new store, then brings the log of an earlier life into the database
 * file and syncs it, so that nothing is built on pages that only the page cache holds (docs/adr/0007).
 *
 * @throws "unavailable" with what is wrong and what to do
 */
export function openWriter(files: StoreFiles, durability: Durability, newStore: NewStore): Database {
  let db: Database | null = null;
  try {
    db = new Database(files.database, { readwrite: true, create: true, strict: true });
    db.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    requireSqliteVersion(db);
    refuseForeignDatabase(db, files);
    db.run(`pragma page_size = ${PAGE_BYTES}`);
    requireSetting(db, "journal_mode", "wal", "journal_mode = wal");
    const level = durability === "full" ? { name: "full", number: 2 } : { name: "normal", number: 1 };
    requireSetting(db, "synchronous", level.number, `synchronous = ${level.name}`);
    requireSetting(db, "wal_autocheckpoint", 0, "wal_autocheckpoint = 0");
    requireSetting(db, "journal_size_limit", LOG_BYTES_KEPT, `journal_size_limit = ${LOG_BYTES_KEPT}`);
    for (const setting of ["trusted_schema = off", "cell_size_check = on", "mmap_size = 0"])
      db.run(`pragma ${setting}`);
    db.run(`pragma cache_size = -${WRITER_CACHE_KIB}`);
    bringUpToDate(db, newStore);
    refuseDamagedSchema(db, files);
    checkpointAtOpen(db, files);
    return db;
  } catch (error) {
    if (db !== null) closeWhole(db);
    throw translateOpenError(error, files);
  }
}

/** A connection that does nothing but bring the log in. Requires: the store has been opened by openWriter(). */
export function openCheckpointer({ database }: Pick<StoreFiles, "database">, durability: Durability): Database {
  const db = new Database(database, { readwrite: true, strict: true });
  try {
    db.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const level = durability === "full" ? { name: "full", number: 2 } : { name: "normal", number: 1 };
    requireSetting(db, "synchronous", level.number, `synchronous = ${level.name}`);
    requireSetting(db, "wal_autocheckpoint", 0, "wal_autocheckpoint = 0");
    for (const setting of ["trusted_schema = off", "mmap_size = 0"]) db.run(`pragma ${setting}`);
    return db;
  } catch (error) {
    closeWhole(db);
    throw error;
  }
}

/** A connection that only reads. Requires: the store has been opened by openWriter(). */
export function openReader({ database }: Pick<StoreFiles, "database">): Database {
  const db = new Database(database, { readonly: true, strict: true });
  db.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.run("pragma query_only = on");
  db.run("pragma trusted_schema = off");
  db.run(`pragma mmap_size = ${READER_MMAP_BYTES}`);
  return db;
}

/**
 * Closes a connection now. Database.close() alone leaves it open behind the scenes until its statements are collected: the
 * log would stay, and the locks on it would meet the next server.
 */
export function closeWhole(db: Database): void {
  db.close(true);
}

/** The single value that a pragma answers. */
export function readPragma(db: Database, name: string): unknown {
  const row = db.prepare<Record<string, unknown>, []>(`pragma ${name}`).get();
  return row === null ? null : (Object.values(row)[0] ?? null);
}

function requireSqliteVersion(db: Database): void {
  const version = db.prepare<{ version: string }, []>("select sqlite_version() as version").get()?.version ?? "";
  const parts = version.split(".").map(Number);
  for (const [index, least] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new KeyholdError(
        "unavailable",
        `Cannot use SQLite ${version}: it can lose commits when its log is reset, fixed in ${SQLITE_VERSION_MIN.join(".")}; install the Bun version that package.json names`,
      );
    }
  }
}

function refuseForeignDatabase(db: Database, files: StoreFiles): void {
  const applicationId = readPragma(db, "application_id");
  const version = Number(readPragma(db, "user_version"));
  const tables = db.prepare<{ tables: number }, []>("select count(*) as tables from sqlite_schema").get()?.tables ?? 0;
  if (tables === 0) return;
  if (applicationId === BACKUP_APPLICATION_ID) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open ${files.database}: it is a backup; make a store of it by keyhold restore, which begins a new life`,
    );
  }
  if (applicationId !== APPLICATION_ID) {
    throw new KeyholdError("unavailable", `Cannot open ${files.database}: it is a SQLite database of another program`);
  }
  if (version > FORMAT_VERSION) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open ${files.database}: its format ${version} is newer than format ${FORMAT_VERSION}, the newest that this version of Keyhold knows; start it with the version that wrote it`,
    );
  }
}

function requireSetting(db: Database, name: string, expected: string | number, assignment: string): void {
  db.run(`pragma ${assignment}`);
  const actual = readPragma(db, name);
  if (actual !== expected) {
    throw new KeyholdError("unavailable", `Cannot set ${name} to ${expected}: SQLite answers ${String(actual)}`);
  }
}

/** Creates the tables of a new store and migrates those of an older format, in one transaction. */
function bringUpToDate(db: Database, newStore: NewStore): void {
  try {
    migrate(db, newStore, { keepsHistory: true });
  } catch (error) {
    // A damaged change must not keep a store from being brought up: the log counts as one that was trimmed.
    const isOfRows = ["SQLITE_CORRUPT", "SQLITE_CONSTRAINT", "SQLITE_ERROR"].some((code) => isSqliteError(error, code));
    if (!isOfRows || Number(readPragma(db, "user_version")) === 0) throw error;
    migrate(db, newStore, { keepsHistory: false });
  }
}

function migrate(
  db: Database,
  { incarnation, now }: NewStore,
  { keepsHistory }: { readonly keepsHistory: boolean },
): void {
  const work = db.transaction(() => {
    const found = Number(readPragma(db, "user_version"));
    if (found === FORMAT_VERSION) return;
    if (!keepsHistory) db.run(SQL.dropChanges);
    if (found === 0) {
      for (const statement of SCHEMA) db.run(statement);
      db.run(SQL.createState, [incarnation, now]);
      db.run(`pragma application_id = ${APPLICATION_ID}`);
    }
    for (const statement of migrations({ from: Math.max(found, 1), to: FORMAT_VERSION })) db.run(statement);
    if (found < STATE_CHECKSUM_FORMAT) {
      sealState(db);
      sealChanges(db);
    }
    db.run(`pragma user_version = ${FORMAT_VERSION}`);
  });
  work.immediate();
}

/** What brings a store of one format to a later one. */
function migrations({ from, to }: { readonly from: number; readonly to: number }): readonly string[] {
  return Object.entries(MIGRATIONS).flatMap(([version, statements]) =>
    Number(version) > from && Number(version) <= to ? statements : [],
  );
}

function checkpointAtOpen(db: Database, files: StoreFiles): void {
  const row = db.prepare<{ busy: number }, []>("pragma wal_checkpoint(truncate)").get();
  if (row?.busy !== 0) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open ${files.database}: another program is reading it and holds its log`,
    );
  }
}

/**
 * Statements go by the names in the schema, which no checksum covers: a flipped bit makes a column one that is there under another
 * name, or in another order of keys. What was added beside ours is nobody's damage.
 */
function refuseDamagedSchema(db: Database, files: StoreFiles): void {
  const part = damagedSchemaPart(db, FORMAT_VERSION);
  if (part === null) return;
  throw new KeyholdError(
    "unavailable",
    `Cannot open ${files.database}: it is damaged, as the definition of its ${part} is not what was written; restore a backup`,
  );
}

/** The table or index whose definition is not that of the format; null where all are. */
export function damagedSchemaPart(db: Database, format: number): string | null {
  const model = new Database(":memory:");
  try {
    for (const statement of [...SCHEMA, ...migrations({ from: 1, to: format })]) model.run(statement);
    const found = new Map(definitionsIn(db));
    return definitionsIn(model).find(([name, sql]) => found.get(name) !== sql)?.[0] ?? null;
  } finally {
    closeWhole(model);
  }
}

/** By kind and name. Blanks count once: those of the sources have no meaning. */
function definitionsIn(db: Database): readonly (readonly [string, string])[] {
  const rows = db.prepare<{ type: string; name: string; tbl_name: string; sql: string | null }, []>(
    "select type, name, tbl_name, sql from sqlite_schema",
  );
  return rows.all().map(({ type, name, tbl_name, sql }) => {
    return [`${type} ${name}`, `${tbl_name} ${sql ?? ""}`.replaceAll(/\s+/g, " ")] as const;
  });
}

/** What keeps the store from being opened, as a fault with a code. */
export function translateOpenError(error: unknown, files: Pick<StoreFiles, "database">): unknown {
  if (error instanceof KeyholdError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new KeyholdError("unavailable", `Cannot open ${files.database}: ${message}`, {}, { cause: error });
}
