// Makes a store of a backup: in a directory of its own beside the place where it is to stand, moved there when it is whole
// and synced. A new life begins: its incarnation is new, revisions and change numbers go on far beyond what the lost future
// of the backup can have given out, and the change log is empty, as no cursor of the old life leads on.
//
// A kill leaves the old store or the new one. The one moment without a name, after the old directory has been moved aside
// and before the new one is moved in, is finished by whoever opens the store next (finishRestore). A kill just before it
// leaves both; whoever opens the old one then removes the new one (removeUnusedRestore), or it would come up years later,
// when somebody moves the old one away.
import { Database } from "bun:sqlite";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { isFull, syncFile } from "./backup-copy.ts";
import { carryRevocations, type Revocations, readRevocations } from "./backup-tokens.ts";
import { closeWhole, readPragma } from "./database.ts";
import { lockStore, syncDirectory, writeNewHolder } from "./directory.ts";
import { APPLICATION_ID, type StoreFiles, storeFiles } from "./layout.ts";
import { messageOf } from "./sqlite-errors.ts";
import { STATE_CHECKSUM_FORMAT, sealState } from "./state-row.ts";
import { COPY_SQL } from "./statements.ts";

/** What revisions and change numbers jump ahead by: at a million a second the old life would have needed twelve days. */
const RESTORE_JUMP = 2 ** 40;
/** No revision goes beyond this by a restore: JavaScript's integers end at 2^53. */
const REVISION_MAX = 2 ** 52;

export interface RestoreOrder {
  /** A backup that has been checked. */
  readonly file: string;
  readonly directory: string;
  /** Moves a store that stands in the directory aside. */
  readonly replaces: boolean;
  readonly incarnation: string;
  readonly now: Date;
}

export interface Restored {
  readonly revision: number;
  /** Where the store that stood there is now; null where there was none. */
  readonly movedTo: string | null;
  /** Access tokens that count in the new store. */
  readonly tokens: number;
  /** Whether what was revoked in the store that stood there is revoked in the new one too; false where none stood there, or none that can be read. */
  readonly isRevokedAsBefore: boolean;
}

/** Requires: no other restore to the same place. @throws "unavailable" with what is in the way and what to do; "no-room" */
export function restoreBackup({ file, directory, replaces, incarnation, now }: RestoreOrder): Restored {
  const files = storeFiles(standsAt(resolve(directory)));
  finishRestore(files);
  const hasOld = isTaken(files);
  if (hasOld && !replaces) {
    throw new KeyholdError(
      "unavailable",
      `Cannot restore into ${files.directory}: it is not empty; name another directory, or give --replace, which moves it aside`,
    );
  }
  const lock = hasOld ? lockStore(files, now) : null;
  try {
    const revoked: Revocations | null = hasOld ? readRevocations(files) : null;
    const life = build(file, files, { incarnation, now, revoked: revoked ?? new Map() });
    const movedTo = hasOld ? asideName(files, now) : null;
    moveIn(files, movedTo);
    return { ...life, movedTo, isRevokedAsBefore: revoked !== null };
  } catch (error) {
    removeLeft(files);
    throw toRestoreFault(error, files);
  } finally {
    lock?.release();
  }
}

/**
 * Moves in what a restore that was killed has left ready where the store's directory is missing or empty; returns whether
 * there was anything.
 *
 * @throws "unavailable" where it cannot be moved
 */
export function finishRestore(files: StoreFiles): boolean {
  const directory = standsAt(files.directory);
  const ready = readyName(directory);
  if (isTaken(storeFiles(directory)) || !existsSync(ready)) return false;
  try {
    renameSync(ready, directory);
    syncDirectory(dirname(directory));
    return true;
  } catch (error) {
    const why = `Cannot finish the restore of ${directory}: ${messageOf(error)}`;
    const way = `move ${ready} there, or remove it to begin without`;
    throw new KeyholdError("unavailable", `${why}; ${way}`, {}, { cause: error });
  }
}

/**
 * Removes what a restore that was killed has left ready beside a store that still stands; returns whether there was
 * anything. Requires: the store is held by this process, so that no restore is about to replace it.
 */
export function removeUnusedRestore({ directory }: StoreFiles): boolean {
  const ready = readyName(standsAt(directory));
  if (!existsSync(ready)) return false;
  rmSync(ready, { recursive: true, force: true });
  return true;
}

function toRestoreFault(error: unknown, { directory }: StoreFiles): KeyholdError {
  if (error instanceof KeyholdError) return error;
  const why = `Cannot restore into ${directory}: ${messageOf(error)}`;
  if (!isFull(error)) return new KeyholdError("unavailable", why, {}, { cause: error });
  return new KeyholdError("no-room", `${why}; a restore needs as much room as the backup`, {}, { cause: error });
}

/** Where a link leads, also when nothing stands there now: what it leads to is replaced, beside it; the link stays. */
function standsAt(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? resolve(realpathSync(dirname(path)), readlinkSync(path)) : path;
}

/** What a restore that was killed or has failed has left beside the place. */
function removeLeft({ directory }: StoreFiles): void {
  for (const left of [draftName(directory), readyName(directory)]) rmSync(left, { recursive: true, force: true });
}

function draftName(directory: string): string {
  return `${directory}.restoring`;
}

/** Whole and synced: this name is given by one renaming. */
function readyName(directory: string): string {
  return `${directory}.restored`;
}

/** What a new life begins with. */
interface NewLife {
  readonly incarnation: string;
  readonly now: Date;
  readonly revoked: Revocations;
}

function build(file: string, target: StoreFiles, life: NewLife): Pick<Restored, "revision" | "tokens"> {
  const draft = storeFiles(draftName(target.directory));
  removeLeft(target);
  mkdirSync(draft.directory, { recursive: true, mode: 0o700 });
  copyFileSync(file, draft.database);
  // A copy has the mode of its source: that of a backup may be anybody's to read, or nobody's to write.
  chmodSync(draft.database, 0o600);
  const begun = beginLife(draft.database, life);
  syncFile(draft.database);
  writeNewHolder(draft, life.incarnation, life.now);
  syncDirectory(draft.directory);
  renameSync(draft.directory, readyName(target.directory));
  syncDirectory(dirname(target.directory));
  return begun;
}

/** Returns the revision that the new life goes on from, and how many tokens count in it. */
function beginLife(path: string, { incarnation, now, revoked }: NewLife): Pick<Restored, "revision" | "tokens"> {
  const db = new Database(path, { readwrite: true, strict: true });
  try {
    db.run("pragma journal_mode = memory");
    db.run("begin");
    const state = db.prepare<{ revision: number; sequence: number }, []>(COPY_SQL.readNumbers).get();
    const latest = Math.max(state?.revision ?? 0, state?.sequence ?? 0);
    if (latest + RESTORE_JUMP > REVISION_MAX) {
      throw new KeyholdError(
        "out-of-range",
        `Cannot restore: revision ${latest} leaves no room for another life, whose revisions begin 2^40 higher, limit 2^52; export its entries, and import them into a new store`,
      );
    }
    db.run(COPY_SQL.restoreState, [incarnation, RESTORE_JUMP, RESTORE_JUMP]);
    db.run(COPY_SQL.forgetChanges);
    db.run(COPY_SQL.dropBackup);
    if (Number(readPragma(db, "user_version")) >= STATE_CHECKSUM_FORMAT) sealState(db);
    db.run(`pragma application_id = ${APPLICATION_ID}`);
    const tokens = carryRevocations(db, revoked, toEpochMs(now.getTime()));
    db.run("commit");
    return { revision: (state?.revision ?? 0) + RESTORE_JUMP, tokens };
  } finally {
    closeWhole(db);
  }
}

function isTaken({ directory }: StoreFiles): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  return found !== undefined && (!found.isDirectory() || readdirSync(directory).length > 0);
}

function moveIn({ directory }: StoreFiles, movedTo: string | null): void {
  if (movedTo !== null) renameSync(directory, movedTo);
  try {
    renameSync(readyName(directory), directory);
  } catch (error) {
    if (movedTo !== null) renameSync(movedTo, directory);
    throw error;
  }
  syncDirectory(dirname(directory));
}

/** "DIR.before-20261120T120000Z", with a number behind it where that is taken. */
function asideName({ directory }: StoreFiles, now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const name = `${directory}.before-${stamp}`;
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}
