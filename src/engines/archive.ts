// What the commands do with stores and backups without a server: copy, check, restore and read them. Beside open.ts the
// only file that names an engine.
import type { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { isAlive, toEpochMs } from "../core/expiry.ts";
import type { BackupFacts, BackupTerms, StoreReading } from "../store/store.ts";
import { newIncarnation } from "./open.ts";
import { type CheckReport, checkDatabase } from "./sqlite/backup-check.ts";
import { copyDatabase, hashFile, toCopyFault, type WorkWatch } from "./sqlite/backup-copy.ts";
import { type Restored, restoreBackup } from "./sqlite/backup-restore.ts";
import { finishCopy, requireRoom } from "./sqlite/backup-target.ts";
import { closeWhole, damagedSchemaPart, openReader, readPragma } from "./sqlite/database.ts";
import { isHeld } from "./sqlite/directory.ts";
import { decodeKey } from "./sqlite/key-bytes.ts";
import { FORMAT_VERSION, type StoreFiles, storeFiles } from "./sqlite/layout.ts";
import { type EntryRow, RecordCodec } from "./sqlite/record.ts";
import { isWholeState, type StoredState } from "./sqlite/state-row.ts";
import { COPY_SQL } from "./sqlite/statements.ts";
import { refuseDamagedLog } from "./sqlite/store.ts";
import { openVisitor } from "./sqlite/visitor.ts";

export type CheckedDatabase = CheckReport & { readonly bytes: number; readonly sha256: string | null };

/** Where a database is: a backup's file, or the directory of a store, which a server may be using. */
export type Place = { readonly file: string } | { readonly directory: string };

/** Copies the store of a directory. What a server keeps free of the disk is not known here. @throws as Backup.writeTo() */
export function backUpDirectory(directory: string, target: string, terms: BackupTerms): Promise<BackupFacts> {
  return finishCopy(resolve(target), (draft) =>
    reading({ directory }, async (db) => {
      requireRoom(storeFiles(resolve(directory)), draft, 0);
      return copyDatabase(db, draft, watchOf(terms));
    }),
  );
}

/** What is in a database, and what is wrong with it. @throws "unavailable" where it cannot be read at all */
export async function check(place: Place, terms: BackupTerms): Promise<CheckedDatabase> {
  const watch = watchOf(terms);
  try {
    const report = await reading(place, (db) => checkDatabase(db, watch));
    if ("directory" in place) {
      const { database } = storeFiles(resolve(place.directory));
      return { ...report, bytes: statSync(database).size, sha256: null };
    }
    return { ...report, ...(await hashFile(place.file, watch)) };
  } catch (error) {
    const fault = toCopyFault(error);
    if (fault.code !== "damaged-entry") throw fault;
    return { ...UNREADABLE, problems: [fault.detail] };
  }
}

/** @throws "unavailable", "no-room", "out-of-range". Requires: the file has been checked */
export function restore(file: string, directory: string, replaces: boolean): Restored {
  return restoreBackup({ file, directory, replaces, incarnation: newIncarnation(), now: new Date() });
}

/** A database that is read at one instant. */
export interface Snapshot {
  readonly incarnation: string;
  readonly revision: number;
  /** The highest instant of the store's clock then. */
  readonly at: number;
  /** What no server starts on, as far as one look shows it: a sentence; null where there is none. */
  readonly damage: string | null;
  /** Live entries after a key, in key order. @throws "damaged-entry" */
  entries(after: string | null): Iterable<Entry>;
  close(): void;
}

/** Reads a database at one instant, until it is closed; of a store in use, its log grows meanwhile. @throws as check() */
export function openSnapshot(place: Place): Snapshot {
  const db = openReader({ database: databaseOf(place) });
  try {
    db.run("begin");
    return { ...readSnapshot(db), close: () => closeWhole(db) };
  } catch (error) {
    closeWhole(db);
    throw toCopyFault(error);
  }
}

/** Reads a store that a server may be using, as it is at each call. @throws as check() */
export function visit(directory: string): StoreReading {
  const files = requireStore(storeFiles(resolve(directory)));
  try {
    return openVisitor(files, { wallMs: Date.now, steadyMs: () => performance.now() });
  } catch (error) {
    throw toCopyFault(error);
  }
}

/** Whether a server holds the store of a directory. */
export function isServed(directory: string): boolean {
  return isHeld(storeFiles(resolve(directory)));
}

const UNREADABLE: CheckedDatabase = {
  kind: null,
  format: 0,
  incarnation: "",
  revision: 0,
  sequence: 0,
  highestInstant: 0,
  entries: 0,
  valueBytes: 0,
  problems: [],
  bytes: 0,
  sha256: null,
};

function readSnapshot(db: Database): Omit<Snapshot, "close"> {
  const state = db.prepare<StoredState, []>(COPY_SQL.readState).get();
  if (state === null) throw new KeyholdError("damaged-entry", "The state row of the database is missing");
  const { incarnation, revision } = state;
  const codec = new RecordCodec(incarnation);
  // A damaged row is when an export is asked for, as no server starts on it; and an instant in it that has leapt would leave out what ends.
  const isWhole = isWholeState(state);
  const at = isWhole ? state.highest_instant : Date.now();
  const format = Number(readPragma(db, "user_version"));
  // Of a newer one nobody here knows what was written.
  const part = format > FORMAT_VERSION ? null : damagedSchemaPart(db, format);
  const schemaDamage = part === null ? null : `the definition of its ${part} is not what was written`;
  const now = toEpochMs(at);
  return {
    incarnation,
    revision,
    at,
    damage: isWhole ? schemaDamage : "the row that says where it stands does not match its checksum",
    *entries(after) {
      const walk = db.prepare<EntryRow & { key: Uint8Array }, [Uint8Array]>(COPY_SQL.entriesAfter);
      for (const row of walk.iterate(new TextEncoder().encode(after ?? ""))) {
        const entry = codec.entry(decodeKey(row.key), row);
        if (isAlive(entry.expiresAt, now)) yield entry;
      }
    },
  };
}

async function reading<T>(place: Place, read: (db: Database) => Promise<T>): Promise<T> {
  const db = openReader({ database: databaseOf(place) });
  try {
    return await read(db);
  } finally {
    closeWhole(db);
  }
}

function databaseOf(place: Place): string {
  if ("directory" in place) return requireStore(storeFiles(resolve(place.directory))).database;
  const found = statSync(place.file, { throwIfNoEntry: false });
  if (found?.isDirectory() === false) return place.file;
  const why = found === undefined ? "there is no such file" : "it is a directory, and a backup is a file";
  throw new KeyholdError("unavailable", `Cannot read ${place.file}: ${why}`);
}

/** A log that nobody is writing must be whole, or the copy would miss what is behind the damage. */
function requireStore(files: StoreFiles): StoreFiles {
  if (!existsSync(files.database)) {
    throw new KeyholdError("unavailable", `Cannot read a store in ${files.directory}: there is none`);
  }
  if (!isHeld(files)) refuseDamagedLog(files);
  return files;
}

function watchOf({ onProgress, signal }: BackupTerms): WorkWatch {
  return {
    onProgress,
    async pause() {
      await new Promise(setImmediate);
      if (signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
    },
  };
}
