// Owns the one writing connection: applies groups of requests, one transaction and one sync a group, and says in time when
// the store can no longer be trusted.
//
// Grouping. Requests that arrive while a commit is being synced wait together and share the next one, so the cost of a sync
// is divided by the load. A transaction takes requests until one of three bounds is met: operations, so that the first of
// them does not wait for the last without end; bytes, so that the log stays short; and time, which holds for the cases the
// other two cannot foresee. What is left goes into the next transaction.
//
// Faults. 1. A request that fails by itself, before its first write, is answered and the group goes on. 2. A fault of
// SQLite's before COMMIT leaves nothing: the group is rolled back and each request tried once by itself, so that one that
// finds no room does not take the others with it. 3. A fault during COMMIT other than "no room" may or may not be on disk:
// every request of the group is answered "outcome-unknown" and the process stops. 4. A fault of the disk at any time stops
// the process too: after a failed sync Linux forgets that the pages are dirty, and a retry would succeed without them
// (docs/adr/0007).
import { type Database, SQLiteError } from "bun:sqlite";
import { isWrite } from "../../core/batch.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { Clock, EpochMs } from "../../core/expiry.ts";
import { replay } from "../../store/receipt.ts";
import type { Done } from "../../store/store.ts";
import type { WriteMarker } from "../../store/write-marks.ts";
import { BatchApplier, type StoreState } from "./apply-batch.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { toErrorMessage, type WriteAnswer, type WriteRequest, type WriterFigures } from "./messages.ts";
import { type ReceiptBounds, Receipts } from "./receipts.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { stateChecksum } from "./state-row.ts";
import { SQL } from "./statements.ts";
import { TokenTable } from "./tokens.ts";
import type { WriterTally } from "./writer-tally.ts";

/** Bounds of one transaction; the request that passes one of them is still part of it. */
export const GROUP_BOUNDS = { operations: 1024, bytes: 8 * 1024 * 1024, ms: 50 } as const;

export interface WriterParts {
  readonly db: Database;
  readonly incarnation: string;
  readonly state: StoreState;
  readonly receipts: ReceiptBounds;
  readonly now: Clock;
  readonly steadyMs: () => number;
  readonly reserve: Pick<DiskReserve, "grant">;
  readonly tally: WriterTally;
  /** Told of each commit, so that readers know what still stands. */
  readonly marker: WriteMarker;
  readonly onProgress: () => void;
  readonly onFatal: (reason: string) => void;
}

export class Writer {
  readonly #parts: WriterParts;
  readonly #applier: BatchApplier;
  readonly #receipts: Receipts;
  readonly #tokens: TokenTable;
  readonly #statements: ReturnType<typeof prepare>;
  #state: StoreState;
  #fatalReason: string | null = null;
  /** Whether the index of ends has been made anew, which is tried once. */
  #hasRebuilt = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#state = parts.state;
    this.#applier = new BatchApplier(parts.db, parts.incarnation, parts.reserve);
    this.#receipts = new Receipts(parts.db, parts.receipts);
    this.#tokens = new TokenTable(parts.db, parts.reserve);
    this.#statements = prepare(parts.db);
  }

  get figures(): WriterFigures {
    const { entries, revision, sequence, records, recordBytes } = this.#state;
    return { entries, revision, sequence, records, recordBytes };
  }

  get hasFailed(): boolean {
    return this.#fatalReason !== null;
  }

  /** Answers every request in order, through one call of `answer` for each transaction. Throws nothing. */
  applyGroup(requests: readonly WriteRequest[], answer: (answers: readonly WriteAnswer[]) => void): void {
    for (let next = 0; next < requests.length; ) {
      const answers = this.#commitSome(requests, next);
      answer(answers);
      next += answers.length;
    }
  }

  /** Removes at most `limit` entries that have ended. Returns how many; 0 also when the disk has no room for it. */
  sweep(limit: number): number {
    return this.#upkeep((state) => this.#applier.sweep(state, this.#parts.now(), limit));
  }

  /** Drops at most `limit` records of writes that are too old. As sweep(). */
  sweepRecords(limit: number): number {
    return this.#upkeep((state) => this.#receipts.sweep(state, this.#parts.now(), limit));
  }

  /** Runs `work` in a transaction of its own. Returns what it returns; 0 when the disk has no room for it. */
  upkeep(work: (sequence: number) => number): number {
    return this.#upkeep((state) => work(state.sequence));
  }

  /** Ends the use of the store by whoever finds that it is not what it was. */
  fail(reason: string): void {
    if (this.#fatalReason !== null) return;
    this.#fatalReason = reason;
    this.#parts.onFatal(reason);
  }

  #commitSome(requests: readonly WriteRequest[], first: number): readonly WriteAnswer[] {
    const bound = this.#parts.steadyMs() + GROUP_BOUNDS.ms;
    const answers: WriteAnswer[] = [];
    let attempted = 0;
    let operations = 0;
    let bytes = 0;
    try {
      const state = this.#begin();
      for (const request of requests.slice(first)) {
        attempted++;
        const answer = this.#apply(request, state);
        answers.push(answer);
        operations += operationsOf(request);
        bytes += writtenBytes(answer);
        if (operations >= GROUP_BOUNDS.operations || bytes >= GROUP_BOUNDS.bytes) break;
        if (this.#parts.steadyMs() >= bound) break;
      }
      this.#commit(state, requests.slice(first, first + attempted));
      this.#parts.tally.noteGroup(answers.length);
      return answers;
    } catch (error) {
      return this.#recover(requests.slice(first, first + Math.max(1, attempted)), error);
    }
  }

  #recover(group: readonly WriteRequest[], error: unknown): readonly WriteAnswer[] {
    this.#rollBack();
    if (isSqliteError(error, "SQLITE_CORRUPT_INDEX") && this.#rebuildEnds()) return this.#commitSome(group, 0);
    const failure = this.#classify(error);
    if (group.length === 1 || this.hasFailed) return group.map(() => failed(failure));
    return group.flatMap((request) => this.#commitSome([request], 0));
  }

  /**
   * An end that a flipped bit has changed is not what the index of ends has for it, and no write of that entry would go through. The
   * index is made of the rows anew; what reads and sweeps look at is the row and its checksum. Returns whether it was.
   */
  #rebuildEnds(): boolean {
    if (this.#hasRebuilt || this.hasFailed) return false;
    this.#hasRebuilt = true;
    try {
      this.#statements.rebuildEnds.run();
      return true;
    } catch (error) {
      this.#classify(error);
      return false;
    }
  }

  #apply(request: WriteRequest, state: StoreState): WriteAnswer {
    const { revision, sequence } = state;
    try {
      const now = this.#parts.now();
      const once = request.kind === "put-token" ? null : request.once;
      const receipt = once === null ? null : this.#receipts.claim(once, state, now);
      if (once !== null && receipt !== null) return replay(receipt, once);
      const answer = this.#do(request, state, now);
      if (once !== null && isDone(answer) && isWriting(request)) this.#receipts.keep(once, answer, state);
      return answer;
    } catch (error) {
      // Whatever comes after the first write must take that back: the group is rolled back, and each request tried alone.
      const hasWritten = state.revision !== revision || state.sequence !== sequence;
      if (error instanceof KeyholdError && !hasWritten) return failed(error);
      throw error;
    }
  }

  #do(request: WriteRequest, state: StoreState, now: EpochMs): Exclude<WriteAnswer, { kind: "failed" }> {
    if (request.kind === "delete-all") {
      const { onProgress } = this.#parts;
      return { kind: "deleted", result: this.#applier.deleteAll(request.set, state, now, onProgress) };
    }
    if (request.kind === "put-token") {
      this.#tokens.put(request.record, request.forgottenId);
      return { kind: "token-put" };
    }
    return { kind: "committed", result: this.#applier.apply(request, state, now) };
  }

  #upkeep(work: (state: StoreState) => number): number {
    if (this.hasFailed) return 0;
    try {
      const state = this.#begin();
      const done = work(state);
      // What has ended is not what anybody remembers.
      if (done > 0) this.#commit(state, []);
      else this.#rollBack();
      return done;
    } catch (error) {
      this.#rollBack();
      this.#classify(error);
      return 0;
    }
  }

  #begin(): StoreState {
    if (this.#fatalReason !== null) throw new KeyholdError("unavailable", this.#fatalReason);
    this.#statements.begin.run();
    return { ...this.#state };
  }

  #commit(state: StoreState, requests: readonly WriteRequest[]): void {
    state.highestInstant = this.#parts.now();
    const { revision, sequence, entries, records, recordBytes: record_bytes, highestInstant: highest_instant } = state;
    const { incarnation } = this.#parts;
    const figures = { incarnation, revision, sequence, entries, records, record_bytes, highest_instant };
    this.#statements.writeState.run(
      revision,
      sequence,
      entries,
      records,
      record_bytes,
      highest_instant,
      stateChecksum(figures),
    );
    const { steadyMs, tally, marker } = this.#parts;
    const startedAtMs = steadyMs();
    mark(marker, requests);
    try {
      this.#statements.commit.run();
    } catch (error) {
      if (isSqliteError(error, "SQLITE_FULL")) throw error;
      const reason = `Cannot tell whether the last commit is on disk: ${messageOf(error)}`;
      this.fail(reason);
      throw new KeyholdError("outcome-unknown", reason, {}, { cause: error });
    } finally {
      marker.end();
    }
    tally.noteCommit(steadyMs() - startedAtMs, state.expired);
    this.#state = state;
  }

  #rollBack(): void {
    if (!this.#parts.db.inTransaction) return;
    try {
      this.#statements.rollBack.run();
    } catch (error) {
      this.fail(`Cannot roll back: ${messageOf(error)}`);
    }
  }

  /** What a fault means to the request that met it; stops the writer where nothing else would be honest. */
  #classify(error: unknown): KeyholdError {
    if (error instanceof KeyholdError) return error;
    const message = messageOf(error);
    if (isSqliteError(error, "SQLITE_FULL")) {
      return new KeyholdError(
        "no-room",
        `Cannot write: ${message}; delete entries, fewer at a time if this was a deletion, or make room`,
        {},
        { cause: error },
      );
    }
    if (isSqliteError(error, "SQLITE_BUSY")) {
      return new KeyholdError("unavailable", `Cannot write: ${message}`, {}, { cause: error });
    }
    // What stands in a row or in an index is not what was written, and this request alone needs it.
    if (isSqliteError(error, "SQLITE_CORRUPT_INDEX") || isSqliteError(error, "SQLITE_CONSTRAINT")) {
      return new KeyholdError(
        "damaged-entry",
        `Cannot write: ${message}; the store is damaged: keyhold verify says where; restore a backup`,
        {},
        { cause: error },
      );
    }
    // A call of the system that failed speaks of the disk as well: its free room is asked for before each write.
    if (!(error instanceof SQLiteError) && !isSystemError(error))
      return new KeyholdError("internal", "The writer failed", {}, { cause: error });
    this.fail(`Cannot go on writing: ${message}`);
    return new KeyholdError("unavailable", `Cannot write: ${message}`, {}, { cause: error });
  }
}

function prepare(db: Database) {
  return {
    begin: db.prepare("begin immediate"),
    commit: db.prepare("commit"),
    rollBack: db.prepare("rollback"),
    writeState: db.prepare(SQL.writeState),
    rebuildEnds: db.prepare(SQL.rebuildEnds),
  };
}

/** Marks all keys that the requests may write. */
function mark(marker: WriteMarker, requests: readonly WriteRequest[]): void {
  marker.begin();
  for (const request of requests) {
    if (request.kind === "delete-all") marker.addEvery();
    if (request.kind === "commit") for (const { key } of request.batch) marker.add(key);
  }
}

/** Bytes of the values that a request has left behind: what the log has grown by, and somewhat more. */
function writtenBytes(answer: WriteAnswer): number {
  if (answer.kind !== "committed" || !answer.result.committed || answer.result.isReplay) return 0;
  return answer.result.outcomes.reduce((sum, { after }) => sum + (after?.size ?? 0), 0);
}

/** What a request takes of GROUP_BOUNDS.operations. */
function operationsOf(request: WriteRequest): number {
  switch (request.kind) {
    case "commit":
      return request.batch.length;
    case "delete-all":
      return GROUP_BOUNDS.operations;
    case "put-token":
      return 1;
    default:
      return request satisfies never;
  }
}

/** Whether something was committed: only that is kept under a name. */
function isDone(answer: Exclude<WriteAnswer, { kind: "failed" }>): answer is Done {
  return answer.kind === "deleted" || (answer.kind === "committed" && answer.result.committed);
}

/** What only reads may as well be asked again. */
function isWriting(request: WriteRequest): boolean {
  return request.kind !== "commit" || request.batch.some(isWrite);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function failed(error: KeyholdError): WriteAnswer {
  return { kind: "failed", error: toErrorMessage(error) };
}
