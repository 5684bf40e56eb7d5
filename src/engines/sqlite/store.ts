// The embedded engine: reads on this thread, commits through the writer thread. Opening follows the order of
// docs/adr/0007: directory, lock, damage, database, and only then the first answer.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Batch, type CommitTerms, type Once, UNNAMED } from "../../core/batch.ts";
import { type Entry, type EntryInfo, toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type Clock, type EpochMs, makeClock } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { boundsOf, isEveryKey, isInSet, type KeySet, type Range } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import { formatCursor } from "../../store/cursor.ts";
import { ONE_PARTITION } from "../../store/partitions.ts";
import { isKept } from "../../store/receipt.ts";
import { betweenSteps } from "../../store/steps.ts";
import type {
  Backup,
  Capabilities,
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../../store/store.ts";
import { makeMarksMemory, WriteMarks } from "../../store/write-marks.ts";
import { removeLeftCopies, SqliteBackup } from "./backup.ts";
import { finishRestore, removeUnusedRestore } from "./backup-restore.ts";
import { sqliteCapabilities } from "./capabilities.ts";
import { readChangePage } from "./change-page.ts";
import { openReader } from "./database.ts";
import { lockStore, prepareDirectory, recordIncarnation, refuseVanishedDatabase } from "./directory.ts";
import { type StoreFiles, storeFiles } from "./layout.ts";
import { DROPPED_COMMITS_MAX, scanLog } from "./log-scan.ts";
import type { WriteRequest, WriterOptions } from "./messages.ts";
import { Reader } from "./reader.ts";
import { makeSharedMemory, openHighestInstant } from "./shared-instant.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { type WriteQueue, WriterClient } from "./writer-client.ts";
import { makeTallyMemory, WriterTally } from "./writer-tally.ts";

export interface SqliteStoreOptions {
  readonly writer: WriterOptions;
  readonly allowNetworkFileSystem: boolean;
  readonly queue: WriteQueue;
  /** Writes that may wait for the writer. */
  readonly queuedCommits: number;
  /** Names the store if it is a new one. */
  readonly newIncarnation: string;
  /** Called once when the store can no longer be used and the process must end. */
  readonly onFatal: (reason: string) => void;
}

/** What the opening did with a restore that was killed: it was moved in, or removed beside a store that stood. */
export type LeftRestore = "none" | "finished" | "removed";

/** Keys looked at between two turns of the event loop while a set is counted. */
const COUNT_SLICE_KEYS = 5000;

/** @throws "unavailable" with what is wrong with the store and what to do */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const files = storeFiles(resolve(options.writer.directory));
  const isRestored = finishRestore(files);
  prepareDirectory(files, { ...options, durability: options.writer.durability });
  const lock = lockStore(files, new Date());
  let writer: WriterClient | null = null;
  try {
    refuseVanishedDatabase(files);
    // What a power cut leaves of commits that were never synced looks the same, and is what was asked for.
    const droppedFrames = options.writer.durability === "full" ? refuseDamagedLog(files) : 0;
    const clock = makeSharedMemory();
    const tally = makeTallyMemory();
    const marks = makeMarksMemory();
    const { client, store } = await WriterClient.open({
      clock,
      tally,
      marks,
      writer: { ...options.writer, directory: files.directory },
      incarnation: options.newIncarnation,
      queuedCommits: options.queuedCommits,
      queue: options.queue,
      onFatal: options.onFatal,
    });
    writer = client;
    recordIncarnation(files, store.incarnation);
    removeLeftCopies(files);
    const leftRestore = removeUnusedRestore(files) ? "removed" : isRestored ? "finished" : "none";
    return new SqliteStore({
      files,
      client,
      lock,
      clock,
      tally,
      marks,
      queue: options.queue,
      backup: new SqliteBackup(files, options.writer.diskReserveBytes),
      incarnation: store.incarnation,
      wasClean: store.wasClean,
      leftRestore,
      droppedFrames,
      durability: options.writer.durability,
      idempotencyAgeMs: options.writer.idempotencyAgeMs,
    });
  } catch (error) {
    // The writer first: the lock is what says that nobody has the database open.
    await writer?.stop(true);
    lock.release();
    throw error;
  }
}

/** What every thread that serves the store knows of it. */
export interface SqliteStoreFacts {
  readonly files: StoreFiles;
  /** Where the clocks of all threads keep the highest instant: shared-instant.ts. */
  readonly clock: SharedArrayBuffer;
  /** Where the writer counts: writer-tally.ts. */
  readonly tally: SharedArrayBuffer;
  /** Where the writer says what it commits: store/write-marks.ts. */
  readonly marks: SharedArrayBuffer;
  readonly incarnation: string;
  readonly durability: WriterOptions["durability"];
  readonly idempotencyAgeMs: number;
}

/** What a further thread joins an open store by: plain data, and a port of its own. */
export interface StoreShare extends SqliteStoreFacts {
  readonly port: MessagePort;
}

export interface SqliteStoreParts extends SqliteStoreFacts {
  readonly client: WriterClient;
  readonly queue: WriteQueue;
  readonly lock: { release(): void };
  readonly backup: StoreBackup;
  readonly wasClean: boolean;
  readonly leftRestore: LeftRestore;
  readonly droppedFrames: number;
}

export interface StoreBackup extends Backup {
  /** Ends a copy that is being made, and makes no more. */
  stop(): Promise<void>;
}

export class SqliteStore implements Store {
  readonly engine = "sqlite";
  readonly capabilities: Capabilities;
  readonly incarnation: string;
  readonly now: Clock;
  readonly marks: WriteMarks;
  /** Whether the last server that held the store closed it; if not, its entries deserve a check. */
  readonly wasClean: boolean;
  readonly leftRestore: LeftRestore;
  /** Of the one commit at the end of the log that was not whole when it was opened; 0 for none, or where commits are not synced. */
  readonly droppedFrames: number;
  readonly files: StoreFiles;
  readonly #parts: SqliteStoreParts;
  readonly #client: WriterClient;
  readonly #tally: WriterTally;
  readonly #reader: Reader;
  #closing: Promise<void> | null = null;
  #isSound = true;

  constructor(parts: SqliteStoreParts) {
    this.capabilities = sqliteCapabilities(parts.durability);
    this.incarnation = parts.incarnation;
    const highest = openHighestInstant(parts.clock);
    this.now = makeClock({ wallMs: Date.now, steadyMs: () => performance.now(), highest });
    const marks = new WriteMarks(parts.marks);
    this.marks = marks;
    this.wasClean = parts.wasClean;
    this.leftRestore = parts.leftRestore;
    this.droppedFrames = parts.droppedFrames;
    this.files = parts.files;
    this.#parts = parts;
    this.#client = parts.client;
    this.#tally = new WriterTally(parts.tally);
    this.#reader = new Reader(openReader(parts.files), parts.incarnation, () => marks.commits);
  }

  partitionOf(): string {
    return ONE_PARTITION;
  }

  get(key: Key): Entry | null {
    return this.#read((reader, now) => reader.get(key, now));
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    return this.#read((reader, now) => reader.getMany(keys, now));
  }

  async list(range: Range): Promise<Page<EntryInfo>> {
    await betweenSteps(range);
    return this.#read((reader, now) => reader.list(range, now));
  }

  async scan(range: Range): Promise<Page<Entry>> {
    await betweenSteps(range);
    return this.#read((reader, now) => reader.scan(range, now));
  }

  async count(set: KeySet): Promise<number> {
    if (isEveryKey(set)) return this.#read((reader, now) => reader.countAll(now));
    const isCounted = (key: string) => isInSet(set, key);
    let bounds = boundsOf(set);
    let total = 0;
    for (;;) {
      const { counted, next } = this.#read((reader, now) =>
        reader.countSome(bounds, now, { isCounted, limit: COUNT_SLICE_KEYS }),
      );
      total += counted;
      if (next === null) return total;
      bounds = { ...bounds, low: next };
      await new Promise(setImmediate);
    }
  }

  async commit(batch: Batch, terms: CommitTerms = UNNAMED): Promise<CommitResult> {
    const answer = await this.#write({ kind: "commit", batch, ...terms });
    if (answer.kind !== "committed") throw new KeyholdError("internal", "The writer answered another request");
    return answer.result;
  }

  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    const answer = await this.#write({ kind: "delete-all", set, once });
    if (answer.kind !== "deleted") throw new KeyholdError("internal", "The writer answered another request");
    return answer.result;
  }

  async recall(id: string): Promise<Receipt | null> {
    const receipt = this.#read((reader) => reader.receipt(id));
    return receipt !== null && isKept(receipt.at, this.#parts.idempotencyAgeMs, this.now()) ? receipt : null;
  }

  async changes(after: Cursor | null, limit: number, upTo: Cursor | null = null): Promise<ChangePage> {
    return this.#read((reader) => readChangePage(reader, this.incarnation, { after, limit, upTo }));
  }

  async latestCursor(): Promise<Cursor> {
    return formatCursor(
      this.incarnation,
      this.#read((reader) => reader.latestSequence()),
    );
  }

  onChange(wake: () => void): () => void {
    return this.#client.onChange(wake);
  }

  async tokens(): Promise<readonly TokenRecord[]> {
    return this.#read((reader) => reader.tokens());
  }

  async putToken(record: TokenRecord, forgottenId: string | null): Promise<void> {
    await this.#write({ kind: "put-token", record, forgottenId });
  }

  stats(): StoreStats {
    const { entries, revision, records, recordBytes } = this.#tally.figures;
    const logBytes = sizeOf(this.files.log);
    return {
      entries,
      bytes: sizeOf(this.files.database) + logBytes,
      logBytes,
      revision: toRevision(revision),
      records,
      recordBytes,
      queuedCommits: this.#parts.queue.requests.total,
      commits: this.#tally.commits,
      expired: this.#tally.expired,
      writing: { ...this.#tally.read(), waitSeconds: this.#client.waitSeconds },
    };
  }

  get backup(): Backup {
    return this.#parts.backup;
  }

  /** Why writes are refused for now; null while they are taken. */
  get refusal(): string | null {
    return this.#client.refusal?.detail ?? null;
  }

  /** What another thread of this process joins the store by. Requires: this thread has opened it. */
  share(): StoreShare {
    const { files, clock, tally, marks, incarnation, durability, idempotencyAgeMs } = this.#parts;
    return { files, clock, tally, marks, incarnation, durability, idempotencyAgeMs, port: this.#client.connect() };
  }

  /** Ends its use: it can no longer be trusted to keep what it acknowledges. */
  fail(reason: string): void {
    this.#client.fail(reason);
  }

  /** Whether nothing that was read has shown damage. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /** Keeps the store from being marked as closed whole, so that the next start checks its entries. */
  doubt(): void {
    this.#isSound = false;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #read<T>(read: (reader: Reader, now: EpochMs) => T): T {
    const reader = this.#open();
    try {
      return read(reader, this.now());
    } catch (error) {
      throw this.#noteDamage(error);
    }
  }

  async #write(request: WriteRequest): ReturnType<WriterClient["write"]> {
    this.#requireOpen();
    try {
      return await this.#client.write(request);
    } catch (error) {
      throw this.#noteDamage(error);
    }
  }

  /** Remembers damage that anything has met: a store that is known to be damaged is not marked as closed whole. */
  #noteDamage(error: unknown): unknown {
    const told = tellDamagedPage(error);
    this.#isSound &&= !isDamage(told);
    return told;
  }

  async #close(): Promise<void> {
    try {
      // First: its connection would keep the log from being brought in.
      await this.#parts.backup.stop();
      this.#reader.close();
      await this.#client.stop(this.#isSound);
    } finally {
      this.#parts.lock.release();
    }
  }

  #open(): Reader {
    this.#requireOpen();
    return this.#reader;
  }

  /** Also while the commits queued before close() are still being written: nothing may be added to them. */
  #requireOpen(): void {
    if (this.#closing !== null) throw new KeyholdError("unavailable", "The store is closed");
  }
}

/** By stat alone: opening such a file would drop this process's locks on it. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function isDamage(error: unknown): boolean {
  return error instanceof KeyholdError && error.code === "damaged-entry";
}

/** What SQLite says of a page whose shape is wrong, as what it is to who asked. */
function tellDamagedPage(error: unknown): unknown {
  if (!isSqliteError(error, "SQLITE_CORRUPT")) return error;
  const why = `Cannot read what was asked for: a page of the database is damaged (${messageOf(error)})`;
  return new KeyholdError("damaged-entry", `${why}; restore a backup`, {}, { cause: error });
}

/** Returns how many frames at the end of the log will be dropped all the same. @throws "unavailable" where that is damage */
export function refuseDamagedLog(files: StoreFiles): number {
  const { recoveredFrames, droppedCommits, droppedFrames } = scanLog(files.log);
  if (droppedCommits <= DROPPED_COMMITS_MAX) return droppedFrames;
  throw new KeyholdError(
    "unavailable",
    `Cannot open ${files.database}: its log ${files.log} is damaged after frame ${recoveredFrames}, and ${droppedCommits} commits behind the damage, acknowledged ones among them, would be lost; restore a backup, or start once with --durability relaxed to go on without them`,
  );
}
