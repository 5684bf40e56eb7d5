// One snapshot for all reads of a turn of the event loop, as taking one costs a third of a small read (two locks of the log).
//
// Invariants:
// 1. No read shows less than what had been committed when it was asked for: a snapshot is used again only while the counter of
//    commits stands as it did before it was taken, and none is held while a commit is under way, as nobody knows then from
//    which instant on others see it.
// 2. It is let go before the turn ends. One that stays open would keep the log from being reset, and it would grow without end.
import type { Database, Statement } from "bun:sqlite";

export class TurnSnapshot {
  readonly #db: Database;
  readonly #commits: () => number;
  readonly #begin: Statement;
  readonly #end: Statement;
  /** What the counter stood at when the snapshot was taken; null while none is held. */
  #takenAt: number | null = null;
  #isReleasePlanned = false;
  readonly #release = () => {
    this.#isReleasePlanned = false;
    this.release();
  };

  /** @param commits - odd while a commit is under way; another number after each */
  constructor(db: Database, commits: () => number) {
    this.#db = db;
    this.#commits = commits;
    this.#begin = db.prepare("begin");
    this.#end = db.prepare("commit");
  }

  /** To be called before each read: holds a snapshot that is good for it, or none. */
  renew(): void {
    const commits = this.#commits();
    if (commits === this.#takenAt) return;
    this.release();
    if ((commits & 1) === 1) return;
    this.#begin.run();
    this.#takenAt = commits;
    if (this.#isReleasePlanned) return;
    this.#isReleasePlanned = true;
    setImmediate(this.#release);
  }

  get isHeld(): boolean {
    return this.#takenAt !== null;
  }

  release(): void {
    if (this.#takenAt === null) return;
    this.#takenAt = null;
    // A fault of the disk has ended it already.
    if (this.#db.inTransaction) endReading(this.#db, this.#end);
  }
}

/** Ends a transaction that only reads. @param end - the statement `commit` */
export function endReading(db: Database, end: Statement): void {
  try {
    end.run();
  } catch (error) {
    // The fault of a read within, which has told it: a damaged page. The transaction has ended for all that, and nobody else is to end
    // with it.
    if (db.inTransaction) throw error;
  }
}
