// Copies a database at one instant into a new file, row by row: entries in key order, each compared with its checksum, then
// every other table there is, so that later ones come along; the change log stays empty, as no cursor outlives a restore.
//
// VACUUM INTO would be the obvious way. It is one call that nothing can interrupt, tells nothing of how far it is, and
// copies a damaged value as it stands; docs/adr/0023 has the figures of both. What is read here is one read transaction, so
// commits go on, but the write-ahead log cannot be reset until the copy is made.
import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, readSync } from "node:fs";
import { toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { BackupFacts, BackupProgress } from "../../store/store.ts";
import { contentDigest, quoteName } from "./backup-content.ts";
import { closeWhole, damagedSchemaPart, readPragma } from "./database.ts";
import { decodeKey } from "./key-bytes.ts";
import { APPLICATION_ID, BACKUP_APPLICATION_ID, FORMAT_VERSION } from "./layout.ts";
import { type ReceiptRow, toReceipt } from "./receipts.ts";
import { type EntryRow, RecordCodec } from "./record.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { isWholeState, type StoredState } from "./state-row.ts";
import { COPY_SQL, SQL } from "./statements.ts";
import { type TokenRow, toToken } from "./tokens.ts";

/** What a long piece of work tells of itself, and whether it is still wanted. */
export interface WorkWatch {
  /** Lets others have a turn. @throws "unavailable" when the work is no longer wanted */
  pause(): Promise<void>;
  onProgress(progress: BackupProgress): void;
}

/** Rows, and bytes of values, between two pauses: some milliseconds of work. */
export const STEP_ROWS = 1000;
export const STEP_BYTES = 4 * 1024 * 1024;
/** About what an entry takes beside its value. */
const ROW_BYTES = 100;
const COPY_CACHE_KIB = 8 * 1024;
/** Bytes copied between two syncs: what is left to the last one would hold up the syncs of commits for seconds. */
const SYNCED_BYTES = 8 * 1024 * 1024;
const HASHED_BYTES = 1024 * 1024;

type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

/**
 * Copies what `source` holds now to `target`, which must not be there, and syncs it. On a fault the file is left as far as
 * it came, for the caller to remove.
 *
 * @throws "damaged-entry"; "unavailable" when stopped or on a database that is none of ours; SQLiteError
 */
export async function copyDatabase(source: Database, target: string, watch: WorkWatch): Promise<BackupFacts> {
  // Nobody else's file is written into, and nobody else reads what is in this one.
  closeSync(openSync(target, "wx", 0o600));
  const copy = new Database(target, { readwrite: true, strict: true });
  let state: StoredState;
  try {
    // A file that is not finished is removed, so no journal need stand beside it; Bun's SQLite refuses to be without one.
    const pageBytes = Number(readPragma(source, "page_size"));
    for (const setting of [`page_size = ${pageBytes}`, "journal_mode = memory", "synchronous = off"])
      pragma(copy, setting);
    pragma(copy, `cache_size = -${COPY_CACHE_KIB}`);
    source.run("begin");
    copy.run("begin");
    state = await copyContents(source, copy, { target, watch });
    copy.run("commit");
  } finally {
    if (source.inTransaction) source.run("rollback");
    closeWhole(copy);
  }
  syncFile(target);
  const { bytes, sha256 } = await hashFile(target, watch);
  const { incarnation, entries, revision } = state;
  return { bytes, sha256, incarnation, entries, revision: toRevision(revision) };
}

/** Length and SHA-256 of a file. @throws as WorkWatch.pause() */
export async function hashFile(
  path: string,
  watch: Pick<WorkWatch, "pause">,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(HASHED_BYTES);
    for (let bytes = 0; ; ) {
      const length = readSync(file, buffer, 0, buffer.length, bytes);
      if (length === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, length));
      bytes += length;
      await watch.pause();
    }
  } finally {
    closeSync(file);
  }
}

export function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function copyContents(
  source: Database,
  copy: Database,
  { target, watch }: { readonly target: string; readonly watch: WorkWatch },
): Promise<StoredState> {
  const format = requireOwnFormat(source);
  const part = damagedSchemaPart(source, format);
  if (part !== null) throw damaged(`the definition of its ${part} is not what was written`);
  const state = source.prepare<StoredState, []>(COPY_SQL.readState).get();
  if (state === null) throw damaged("its state row is missing");
  if (!isWholeState(state)) throw damaged("its state row does not match its checksum");
  for (const { sql, name } of source.prepare<{ sql: string; name: string }, []>(COPY_SQL.schema).all())
    if (name !== "backup") copy.run(sql);
  const file = openSync(target, "r+");
  let entries: number;
  try {
    entries = await copyEntries(source, copy, { state, watch, sync: () => fsyncSync(file) });
  } finally {
    closeSync(file);
  }
  if (entries !== state.entries) throw damaged(`it holds ${entries} entries and counts ${state.entries}`);
  for (const { name, without_rowid } of source
    .prepare<{ name: string; without_rowid: number }, []>(COPY_SQL.tables)
    .all()) {
    if (["entries", "changes", "backup"].includes(name)) continue;
    if (name === "idempotency_records") await checkRecords(source, watch);
    if (name === "tokens") for (const row of source.prepare<TokenRow, []>(SQL.everyToken).iterate()) toToken(row);
    await copyRows(source, copy, { name, order: without_rowid === 1 ? "" : "order by rowid", watch });
  }
  copy.run(SQL.markClean, [1]);
  pragma(copy, `user_version = ${Number(readPragma(source, "user_version"))}`);
  pragma(copy, `application_id = ${BACKUP_APPLICATION_ID}`);
  copy.run(COPY_SQL.createBackup);
  copy.run(COPY_SQL.insertBackup, [await contentDigest(copy, () => watch.pause())]);
  return state;
}

function requireOwnFormat(source: Database): number {
  const id = readPragma(source, "application_id");
  const version = Number(readPragma(source, "user_version"));
  if (id !== APPLICATION_ID && id !== BACKUP_APPLICATION_ID)
    throw new KeyholdError("unavailable", "Cannot copy the database: it is none of Keyhold's");
  if (version > FORMAT_VERSION)
    throw new KeyholdError(
      "unavailable",
      `Cannot copy the store: its format ${version} is newer than format ${FORMAT_VERSION}, the newest that this version of Keyhold knows`,
    );
  return version;
}

/** Returns how many. The column `id` has no meaning: in key order the copy's trees grow at their ends. */
async function copyEntries(
  source: Database,
  copy: Database,
  { state, watch, sync }: { readonly state: StoredState; readonly watch: WorkWatch; readonly sync: () => void },
): Promise<number> {
  const codec = new RecordCodec(state.incarnation);
  const insert = copy.prepare(SQL.insertEntry);
  let entries = 0;
  let bytes = 0;
  let stepRows = 0;
  let stepBytes = 0;
  let syncedBytes = 0;
  for (const row of source.prepare<EntryRow & { key: Uint8Array }, []>(COPY_SQL.everyEntry).iterate()) {
    codec.entry(decodeKey(row.key), row);
    const { key, revision, created_at, modified_at, expires_at, form, checksum, content_type, value } = row;
    insert.run(key, revision, created_at, modified_at, expires_at, form, checksum, content_type, value);
    entries++;
    stepRows++;
    stepBytes += row.size;
    if (stepRows < STEP_ROWS && stepBytes < STEP_BYTES) continue;
    bytes += stepBytes;
    stepRows = stepBytes = 0;
    const written = bytes + entries * ROW_BYTES;
    if (written - syncedBytes >= SYNCED_BYTES) {
      sync();
      syncedBytes = written;
    }
    watch.onProgress({ entries, entriesTotal: state.entries, bytes });
    await watch.pause();
  }
  watch.onProgress({ entries, entriesTotal: state.entries, bytes: bytes + stepBytes });
  return entries;
}

async function copyRows(
  source: Database,
  copy: Database,
  { name, order, watch }: { readonly name: string; readonly order: string; readonly watch: WorkWatch },
): Promise<void> {
  const table = quoteName(name);
  let rows = 0;
  for (const row of source.prepare<Row, []>(`select * from ${table} ${order}`).iterate()) {
    const columns = Object.keys(row).map(quoteName).join(", ");
    const places = Object.keys(row).map(() => "?");
    copy.query(`insert into ${table} (${columns}) values (${places.join(", ")})`).run(...Object.values(row));
    if (++rows % STEP_ROWS === 0) await watch.pause();
  }
}

async function checkRecords(source: Database, watch: WorkWatch): Promise<void> {
  let rows = 0;
  for (const row of source.prepare<ReceiptRow, []>(COPY_SQL.everyRecord).iterate()) {
    toReceipt(row);
    if (++rows % STEP_ROWS === 0) await watch.pause();
  }
}

function pragma(db: Database, setting: string): void {
  db.run(`pragma ${setting}`);
}

function damaged(what: string): KeyholdError {
  return new KeyholdError("damaged-entry", `Cannot copy the store: ${what}; restore a backup`);
}

/** Whether it says that the disk has no room. */
export function isFull(error: unknown): boolean {
  if (isSqliteError(error, "SQLITE_FULL")) return true;
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

/** What kept a copy from being made or read, as a fault with a code. */
export function toCopyFault(error: unknown): KeyholdError {
  if (error instanceof KeyholdError) return error;
  const message = messageOf(error);
  if (isFull(error)) {
    return new KeyholdError(
      "no-room",
      `Cannot make the copy: ${message}; a backup needs as much room as the store takes`,
      {},
      { cause: error },
    );
  }
  if (["SQLITE_CORRUPT", "SQLITE_NOTADB"].some((code) => isSqliteError(error, code))) return damaged(message);
  return new KeyholdError("unavailable", `Cannot make the copy: ${message}`, {}, { cause: error });
}
