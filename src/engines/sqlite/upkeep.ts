// What the writer does for the store when nobody asks: remove ended entries, trim the change log and the records of named
// writes, bring the write-ahead log into the database, and see that the database is still the file it opened.
//
// Checkpoints. The log is short on purpose: its length is what a start after a crash must scan, and what a full disk must
// still have room for. When it reaches LOG_PAGES_MAX, a thread of its own begins to bring it in while commits go on
// (checkpoint-thread.ts); what little is left then the writer brings in itself, as the log can only begin anew when nothing is
// left in it. While a backup reads, or the disk is full, the log stays as it is and grows: it is tried again when it has grown. Where commits come faster than the thread brings them in, the writer does it at LOG_PAGES_END, and they wait. When the
// store has been idle for a tick, the pause falls where nobody waits. PASSIVE never waits for readers; a snapshot of theirs
// lives for a turn of the event loop.
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Clock } from "../../core/expiry.ts";
import type { LogMover } from "./checkpointer.ts";
import type { StoreFiles } from "./layout.ts";
import { isRecordDue } from "./receipts.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { SQL } from "./statements.ts";
import type { Writer } from "./writer.ts";
import type { WriterTally } from "./writer-tally.ts";

/** Entries removed in one transaction; the next begins after commits that wait. */
const SWEEP_SLICE = 1000;
const TRIM_SLICE = 5000;
/** Pages of log, 16 MiB, at which it begins to be brought in. */
export const LOG_PAGES_MAX = 4096;
/** So few, 2 MiB, the writer brings in itself, in some milliseconds. */
export const LAST_PAGES = 512;
/** Pages of log, 64 MiB, at which commits wait until it has been brought in. */
export const LOG_PAGES_END = 16_384;

interface LoggedRow {
  readonly sequence: number;
  readonly logged_at: number;
}

interface LogPages {
  readonly log: number;
  readonly checkpointed: number;
}

export interface UpkeepParts {
  readonly db: Database;
  readonly files: StoreFiles;
  readonly writer: Writer;
  readonly now: Clock;
  readonly steadyMs: () => number;
  readonly tally: WriterTally;
  readonly mover: LogMover;
  readonly historyAgeMs: number;
  readonly historyChanges: number;
  readonly idempotencyAgeMs: number;
}

export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #identities: ReadonlyMap<string, string>;
  #sequenceAtLastTick = -1;
  #isHistoryDamaged = false;
  /** How the log was when the mover began last; null once it has begun anew. */
  #lastMove: LogPages | null = null;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#statements = prepare(parts.db);
    const { database, log, lock } = parts.files;
    this.#identities = new Map([database, log, lock].map((path) => [path, fileIdentity(path)]));
  }

  /** One round. Returns whether there is more to do at once. A fault of the store ends its use; nothing is thrown. */
  tick(): boolean {
    const { writer } = this.#parts;
    try {
      return this.#round();
    } catch (error) {
      writer.fail(`Cannot look after the store: ${messageOf(error)}`);
      return false;
    }
  }

  /** After a group of commits, and when the log has been moved: keeps it within its bound. */
  afterCommits(): void {
    const { writer, mover } = this.#parts;
    if (writer.hasFailed) return;
    this.#guard(() => {
      const log = this.#statements.logPages.get();
      if (log === null || log.log < LOG_PAGES_MAX) {
        this.#lastMove = null;
      } else if (log.log >= LOG_PAGES_END) {
        if (mover.isRunning) mover.wait();
        if (!mover.isRunning) this.#checkpoint();
      } else if (!mover.isRunning) {
        if (log.log - log.checkpointed > LAST_PAGES) this.#move(log);
        else this.#checkpoint();
      }
    });
  }

  /** Not where the last move brought nothing in: done is done at once then, and it would be begun again without end. */
  #move(log: LogPages): void {
    const last = this.#lastMove;
    if (last !== null && log.checkpointed === last.checkpointed && log.log - last.log <= LAST_PAGES) return;
    this.#lastMove = log;
    this.#parts.mover.start();
  }

  #round(): boolean {
    const { writer, mover } = this.#parts;
    this.#checkIdentity();
    const swept = writer.sweep(SWEEP_SLICE);
    const trimmed = this.#trimHistory();
    const dropped = this.#dropRecords();
    const { sequence } = writer.figures;
    const isIdle = sequence === this.#sequenceAtLastTick && !writer.hasFailed && !mover.isRunning;
    if (isIdle) this.#guard(() => this.#checkpoint());
    this.#sequenceAtLastTick = sequence;
    return swept === SWEEP_SLICE || trimmed === TRIM_SLICE || dropped === TRIM_SLICE;
  }

  /** Drops changes that are too old or too many, oldest first; at most TRIM_SLICE. Returns how many. */
  #trimHistory(): number {
    const { writer, now, historyAgeMs, historyChanges } = this.#parts;
    if (this.#isHistoryDamaged) return 0;
    const { sequence: latest } = writer.figures;
    const tooOld = now() - historyAgeMs;
    const tooMany = latest - historyChanges;
    const isDue = ({ sequence, logged_at }: LoggedRow) =>
      logged_at < tooOld || sequence <= tooMany || sequence > latest;
    return this.#onHistory(() => {
      const [oldest] = this.#statements.oldestChanges.all(1);
      if (oldest === undefined || !isDue(oldest)) return 0;
      return writer.upkeep(() => this.#onHistory(() => this.#dropDue(isDue, latest)));
    });
  }

  /** Of rows in order; where they are not, as a damaged number stands among them, none is kept, and watchers begin anew. */
  #dropDue(isDue: (row: LoggedRow) => boolean, latest: number): number {
    const rows = this.#statements.oldestChanges.all(TRIM_SLICE);
    const kept = rows.findIndex((row) => !isDue(row));
    const dropped = rows.slice(0, kept < 0 ? rows.length : kept);
    const last = dropped.at(-1);
    if (last === undefined) return 0;
    const isOrdered = dropped.every(({ sequence }, index) => sequence > (dropped[index - 1]?.sequence ?? 0));
    if (isOrdered && last.sequence <= latest) this.#statements.trimChanges.run(last.sequence);
    else this.#statements.dropChanges.run();
    return dropped.length;
  }

  /** What a damaged page of the log keeps from being trimmed stays: entries are served, and watchers told to begin anew. */
  #onHistory(work: () => number): number {
    try {
      return work();
    } catch (error) {
      if (!isSqliteError(error, "SQLITE_CORRUPT")) throw error;
      this.#isHistoryDamaged = true;
      return 0;
    }
  }

  /** Drops records of named writes that are too old, at most TRIM_SLICE. Returns how many. */
  #dropRecords(): number {
    const { writer, now, idempotencyAgeMs } = this.#parts;
    const [oldest] = this.#statements.oldestRecords.all(1);
    if (oldest === undefined || !isRecordDue(oldest.asked_at, idempotencyAgeMs, now())) return 0;
    return writer.sweepRecords(TRIM_SLICE);
  }

  #checkpoint(): void {
    const { steadyMs, tally } = this.#parts;
    const before = this.#statements.logPages.get();
    if (before === null || before.log === before.checkpointed) return;
    const startedAtMs = steadyMs();
    this.#statements.checkpoint.get();
    tally.noteCheckpoint(steadyMs() - startedAtMs);
  }

  /** A full disk can make a checkpoint fail without harm: the log keeps what it has. Anything else is the disk's fault. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (isSqliteError(error, "SQLITE_FULL")) return;
      this.#parts.writer.fail(`Cannot bring the log into the database: ${messageOf(error)}`);
    }
  }

  /** SQLite goes on writing to a file that has been removed or replaced, and all of it would be lost. */
  #checkIdentity(): void {
    for (const [path, identity] of this.#identities) {
      if (fileIdentity(path) === identity) continue;
      this.#parts.writer.fail(`Cannot go on: ${path} has been removed or replaced while this server uses it`);
    }
  }
}

function prepare(db: Database) {
  return {
    oldestChanges: db.prepare<LoggedRow, [number]>(SQL.oldestChanges),
    trimChanges: db.prepare(SQL.trimChanges),
    dropChanges: db.prepare(SQL.dropChanges),
    oldestRecords: db.prepare<{ sequence: number; asked_at: number }, [number]>(SQL.oldestRecords),
    logPages: db.prepare<LogPages, []>("pragma wal_checkpoint(noop)"),
    checkpoint: db.prepare<{ busy: number }, []>("pragma wal_checkpoint(passive)"),
  };
}

function fileIdentity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "missing" : `${stat.dev}:${stat.ino}`;
}
