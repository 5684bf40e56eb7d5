// What the writer does for the store when nobody asks: remove ended entries, trim the change log and the records of named
// writes, bring the write-ahead log into the database, and see that the database is still the file it opened.
//
// Checkpoints. The log is short on purpose: its length is what a start after a crash must scan, and what a full disk must
// still have room for. It is brought in when it reaches LOG_PAGES_MAX, and when the store has been idle for a tick, so that
// the pause falls where nobody waits. PASSIVE never waits for readers; a reader here lives for one call of the event loop.
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { type Clock, toEpochMs } from "../../core/expiry.ts";
import { isKept } from "../../store/receipt.ts";
import type { StoreFiles } from "./layout.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { SQL } from "./statements.ts";
import type { Writer } from "./writer.ts";
import type { WriterTally } from "./writer-tally.ts";

/** Entries removed in one transaction; the next begins after commits that wait. */
const SWEEP_SLICE = 1000;
const TRIM_SLICE = 5000;
/** Pages of log, 16 MiB, at which commits wait for a checkpoint. */
export const LOG_PAGES_MAX = 4096;

export interface UpkeepParts {
  readonly db: Database;
  readonly files: StoreFiles;
  readonly writer: Writer;
  readonly now: Clock;
  readonly steadyMs: () => number;
  readonly tally: WriterTally;
  readonly historyAgeMs: number;
  readonly historyChanges: number;
  readonly idempotencyAgeMs: number;
}

export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #identities: ReadonlyMap<string, string>;
  #sequenceAtLastTick = -1;

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

  /** After a group of commits: keeps the log within its bound. */
  afterCommits(): void {
    this.#checkpoint(LOG_PAGES_MAX);
  }

  #round(): boolean {
    this.#checkIdentity();
    const swept = this.#parts.writer.sweep(SWEEP_SLICE);
    const trimmed = this.#trimHistory();
    const dropped = this.#dropRecords();
    const { sequence } = this.#parts.writer.figures;
    if (sequence === this.#sequenceAtLastTick) this.#checkpoint(1);
    this.#sequenceAtLastTick = sequence;
    return swept === SWEEP_SLICE || trimmed === TRIM_SLICE || dropped === TRIM_SLICE;
  }

  /** Drops changes that are too old or too many, oldest first; at most TRIM_SLICE. Returns how many. */
  #trimHistory(): number {
    const { writer, now, historyAgeMs, historyChanges } = this.#parts;
    const tooOld = now() - historyAgeMs;
    const tooMany = writer.figures.sequence - historyChanges;
    const [oldest] = this.#statements.oldestChanges.all(1);
    if (oldest === undefined || (oldest.logged_at >= tooOld && oldest.sequence > tooMany)) return 0;
    return writer.upkeep(() => {
      const rows = this.#statements.oldestChanges.all(TRIM_SLICE);
      const kept = rows.findIndex(({ sequence, logged_at }) => logged_at >= tooOld && sequence > tooMany);
      const dropped = kept < 0 ? rows.length : kept;
      const last = rows[dropped - 1];
      if (last !== undefined) this.#statements.trimChanges.run(last.sequence);
      return dropped;
    });
  }

  /** Drops records of named writes that are too old, at most TRIM_SLICE. Returns how many. */
  #dropRecords(): number {
    const { writer, now, idempotencyAgeMs } = this.#parts;
    const [oldest] = this.#statements.oldestRecords.all(1);
    if (oldest === undefined || isKept(toEpochMs(oldest.asked_at), idempotencyAgeMs, now())) return 0;
    return writer.sweepRecords(TRIM_SLICE);
  }

  #checkpoint(pagesMin: number): void {
    const { writer, steadyMs, tally } = this.#parts;
    if (writer.hasFailed) return;
    try {
      const before = this.#statements.logPages.get();
      if (before === null || before.log < pagesMin || before.log === before.checkpointed) return;
      const startedAtMs = steadyMs();
      this.#statements.checkpoint.get();
      tally.noteCheckpoint(steadyMs() - startedAtMs);
    } catch (error) {
      // A full disk can make a checkpoint fail without harm: the log keeps what it has. Anything else is the disk's fault.
      if (!isSqliteError(error, "SQLITE_FULL"))
        writer.fail(`Cannot bring the log into the database: ${messageOf(error)}`);
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
    oldestChanges: db.prepare<{ sequence: number; logged_at: number }, [number]>(SQL.oldestChanges),
    trimChanges: db.prepare(SQL.trimChanges),
    oldestRecords: db.prepare<{ sequence: number; asked_at: number }, [number]>(SQL.oldestRecords),
    logPages: db.prepare<{ log: number; checkpointed: number }, []>("pragma wal_checkpoint(noop)"),
    checkpoint: db.prepare<{ busy: number }, []>("pragma wal_checkpoint(passive)"),
  };
}

function fileIdentity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "missing" : `${stat.dev}:${stat.ino}`;
}
