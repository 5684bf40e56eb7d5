// The store's directory: made durable before anything stands in it, refused where SQLite's log cannot be trusted, and held
// by one server at a time.
import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { KeyholdError } from "../../core/errors.ts";
import { closeWhole, type Durability } from "./database.ts";
import type { StoreFiles } from "./layout.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";

/** File systems on which shared memory or locks do not hold across machines (sqlite.org/wal.html), by statfs type. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
]);

/** Who holds a store. */
export interface Holder {
  readonly pid: number;
  /** RFC 3339. */
  readonly since: string;
  /** The store that last opened whole in this directory; null before the first. */
  readonly incarnation: string | null;
}

/**
 * Locks are kept here for the life of the process: a Database that nothing refers to is closed when it is collected, and
 * its lock goes with it (facts of bun:sqlite, docs/adr/0007).
 */
const heldLocks = new Set<Database>();
/**
 * Who asks for the lock, or whether somebody has it, stands in the way of others for a moment: of servers that start together each
 * would be refused because of the other. A server that holds it does not let go.
 */
const LOCK_WAIT_MS = 300;

/** Makes the directory, and its name durable where commits are. @throws "unavailable" on a network file system unless allowed */
export function prepareDirectory(
  files: StoreFiles,
  { allowNetworkFileSystem, durability }: { readonly allowNetworkFileSystem: boolean; readonly durability: Durability },
): void {
  makeDirectory(files, durability);
  const network = NETWORK_FILE_SYSTEMS.get(Number(statfsSync(files.directory).type) >>> 0);
  if (network !== undefined && !allowNetworkFileSystem) {
    throw new KeyholdError(
      "unavailable",
      `Cannot keep a store in ${files.directory}: it is on ${network}, where SQLite's log is not safe; use a local disk, or --allow-network-filesystem if you know that one machine alone reaches it`,
    );
  }
}

/**
 * Takes the store for this process; the lock ends with release() or with the process, however that ends.
 *
 * @throws "unavailable" naming the holder when another server has it; with its process id as the member "holder", or null
 */
export function lockStore(files: StoreFiles, now: Date): { release(): void } {
  const lock = takeLock(files);
  heldLocks.add(lock);
  const release = () => {
    if (!heldLocks.delete(lock)) return;
    lock.run("rollback");
    closeWhole(lock);
  };
  try {
    writeHolder(files, {
      pid: process.pid,
      since: now.toISOString(),
      incarnation: readHolder(files)?.incarnation ?? null,
    });
  } catch (error) {
    release();
    throw cannotOpen(files, messageOf(error), error);
  }
  return { release };
}

/**
 * A store that was there and is gone must not be taken for a new one.
 *
 * @throws "unavailable" when an earlier server opened a store here and its database is missing or empty
 */
export function refuseVanishedDatabase(files: StoreFiles): void {
  const incarnation = readHolder(files)?.incarnation ?? null;
  if (incarnation === null || (existsSync(files.database) && statSync(files.database).size > 0)) return;
  throw new KeyholdError(
    "unavailable",
    `Cannot open ${files.directory}: its database keyhold.db is missing or empty; restore it from a backup, or remove ${files.holder} to begin a new store`,
  );
}

/** Remembers that a store stands here. */
export function recordIncarnation(files: StoreFiles, incarnation: string): void {
  const holder = readHolder(files);
  if (holder !== null && holder.incarnation !== incarnation) writeHolder(files, { ...holder, incarnation });
}

/** Says in a directory that a restore builds that a store stands there. */
export function writeNewHolder(files: StoreFiles, incarnation: string, now: Date): void {
  writeHolder(files, { pid: process.pid, since: now.toISOString(), incarnation });
}

/** Whether a server holds the store now. */
export function isHeld(files: StoreFiles): boolean {
  if (!existsSync(files.lock)) return false;
  const lock = new Database(files.lock, { readwrite: true });
  try {
    lock.run("pragma busy_timeout = 0");
    lock.run("begin exclusive");
    lock.run("rollback");
    return false;
  } catch (error) {
    if (isSqliteError(error, "SQLITE_BUSY")) return true;
    throw error;
  } finally {
    closeWhole(lock);
  }
}

function makeDirectory(files: StoreFiles, durability: Durability): void {
  try {
    const firstMade = mkdirSync(files.directory, { recursive: true, mode: 0o700 });
    if (firstMade !== undefined && durability === "full") syncNames(resolve(files.directory), resolve(firstMade));
  } catch (error) {
    throw cannotOpen(files, messageOf(error), error);
  }
}

function takeLock(files: StoreFiles): Database {
  let lock: Database | null = null;
  try {
    lock = new Database(files.lock, { readwrite: true, create: true });
    lock.run(`pragma busy_timeout = ${LOCK_WAIT_MS}`);
    // Nothing is ever written to it, so its journal need not take room on a disk that has none.
    lock.run("pragma journal_mode = memory");
    lock.run("begin exclusive");
    return lock;
  } catch (error) {
    if (lock !== null) closeWhole(lock);
    if (!isSqliteError(error, "SQLITE_BUSY")) throw cannotOpen(files, `${files.lock}: ${messageOf(error)}`, error);
    const holder = readHolder(files);
    const isSeen = holder !== null && isRunning(holder.pid);
    throw cannotOpen(files, `${nameHolder(holder, isSeen)}; stop that one first`, error, {
      holder: isSeen ? holder.pid : null,
    });
  }
}

/** The note may still be that of the server before, where the holder has only just begun; or of another container. */
function nameHolder(holder: Holder | null, isSeen: boolean): string {
  if (holder === null) return "another server holds it";
  const { pid, since } = holder;
  if (isSeen) return `the server with process id ${pid}, started ${since} holds it`;
  return `another server holds it (the last to say so had process id ${pid}, started ${since}, and is not seen from here)`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function cannotOpen(files: StoreFiles, why: string, cause: unknown, data: KeyholdError["data"] = {}): KeyholdError {
  return new KeyholdError("unavailable", `Cannot open ${files.directory}: ${why}`, data, { cause });
}

/** Makes the names of a directory and of those above it durable, up to `top`, the highest that is new. */
function syncNames(directory: string, top: string): void {
  for (let path = directory; ; path = dirname(path)) {
    syncDirectory(dirname(path));
    if (path === top || path === dirname(path)) return;
  }
}

/**
 * Makes the names of the database and of its log durable. SQLite syncs the directory too when it has made them, and does not look
 * whether that went well.
 *
 * @throws "unavailable" where the directory cannot be synced
 */
export function syncStoreNames(files: StoreFiles): void {
  try {
    syncDirectory(files.directory);
  } catch (error) {
    const cure = "keep it on a disk whose directories can be, ext4 or xfs for one, or start with --durability relaxed";
    throw cannotOpen(files, `its directory cannot be synced: ${messageOf(error)}; ${cure}`, error);
  }
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function readHolder(files: StoreFiles): Holder | null {
  if (!existsSync(files.holder)) return null;
  try {
    const holder: unknown = JSON.parse(readFileSync(files.holder, "utf8"));
    return isHolder(holder) ? holder : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null && "pid" in value && "since" in value && "incarnation" in value;
}

/** By rename, so that a crash leaves the old text or the new one. On a full disk the old one stays: it only informs. */
function writeHolder(files: StoreFiles, holder: Holder): void {
  const draft = `${files.holder}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, files.holder);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
