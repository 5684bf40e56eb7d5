// Judges, call by call, whether a server synced what it acknowledged before it said so. Each write carries marks that are in no
// other: a mark is seen when the request is read, again in the first page of the log that holds it, and the frame that ends that
// commit must have been written when a sync of the log began that was over, and was done, before the answer began to be sent.
// What is not asked for any more is forgotten, so an audit takes no more memory after a million writes than after one.
import {
  bytesOf,
  type Call,
  type CallResult,
  type CallWitness,
  fileOf,
  numbersOf,
  textOf,
} from "../../support/call-trace.ts";
import { FAULTS_MAX } from "../method.ts";
import { MARK_LENGTH_MAX, marksAsked, marksWritten } from "./marks.ts";

export interface AuditFigures {
  /** Answers of success to writes, each judged. */
  acknowledged: number;
  /** Of these, the ones that came before their sync. */
  early: number;
  commits: number;
  /** Syncs of the log. */
  syncs: number;
  /** Most acknowledgements that one sync covered. */
  largestGroup: number;
  /** How often the log was begun anew, over what had been brought into the database. */
  logResets: number;
  /** Pages that were brought into the database. */
  pagesMoved: number;
}

/** Of the log's calls, by how many bytes they write (sqlite.org/fileformat2.html §4). */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const SYNCS = new Set(["fsync", "fdatasync"]);
const READS = new Set(["recvfrom", "recvmsg", "read", "readv"]);
const SENDS = new Set(["sendto", "sendmsg", "write", "writev"]);

interface Mark {
  /** The number of the commit that holds it; null until it was written. */
  commit: number | null;
}

/** A connection, and the marks of its one request under way. */
interface Connection {
  readonly marks: Set<string>;
  /** The end of what was read last, in which a mark may have begun. */
  tail: string;
}

export class SyncAudit implements CallWitness {
  readonly figures: AuditFigures = {
    acknowledged: 0,
    early: 0,
    commits: 0,
    syncs: 0,
    largestGroup: 0,
    logResets: 0,
    pagesMoved: 0,
  };
  readonly faults: string[] = [];
  readonly #log: string;
  readonly #database: string;
  readonly #connections = new Map<string, Connection>();
  readonly #marks = new Map<string, Mark>();
  /** Those in the pages of a commit whose last frame is not there yet. */
  #open: Mark[] = [];
  #isLastFrame = false;
  /** So many commits, from the first on, are on the disk. */
  #commitsSynced = 0;
  #databaseWrites = 0;
  #databaseWritesSynced = 0;
  /** What stood when a sync under way began, by its thread. */
  readonly #syncing = new Map<number, number>();
  #group = { commitsSynced: 0, acknowledged: 0 };

  /** @param files - of the store, by the names that the kernel knows them by */
  constructor({ log, database }: { readonly log: string; readonly database: string }) {
    this.#log = log;
    this.#database = database;
  }

  begins(call: Call): void {
    const file = fileOf(call);
    if (SYNCS.has(call.name)) {
      if (file === this.#log) this.#syncing.set(call.thread, this.figures.commits);
      if (file === this.#database) this.#syncing.set(call.thread, this.#databaseWrites);
    } else if (SENDS.has(call.name)) {
      this.#answer(file, textOf(call));
    } else if (call.name === "pwrite64" && file === this.#log) {
      if (numbersOf(call)[0] === HEADER_BYTES) this.#beginLog();
    } else if (call.name === "pwrite64" && file === this.#database) {
      this.#moveIn(textOf(call));
    } else if (call.name === "ftruncate" && file === this.#log) {
      this.#beginLog();
    }
  }

  ends(call: Call, { value, isInjected }: CallResult): void {
    const file = fileOf(call);
    const isDone = value !== null && value >= 0 && !isInjected;
    if (READS.has(call.name)) {
      if (isDone && file.startsWith("socket:")) this.#read(file, textOf(call));
    } else if (SYNCS.has(call.name)) {
      const covered = this.#syncing.get(call.thread);
      this.#syncing.delete(call.thread);
      if (isDone && covered !== undefined) this.#sync(file, covered);
    } else if (call.name === "pwrite64" && file === this.#log) {
      if (isDone && value === numbersOf(call)[0]) this.#writeLog(call);
    } else if (call.name === "pwrite64" && file === this.#database) {
      this.#databaseWrites++;
    }
  }

  #read(file: string, text: string): void {
    const connection = this.#connections.get(file) ?? { marks: new Set(), tail: "" };
    this.#connections.set(file, connection);
    const joined = connection.tail + text;
    connection.tail = joined.slice(-MARK_LENGTH_MAX);
    for (const mark of marksAsked(joined)) {
      connection.marks.add(mark);
      if (!this.#marks.has(mark)) this.#marks.set(mark, { commit: null });
    }
  }

  #writeLog(call: Call): void {
    const [bytes] = numbersOf(call);
    if (bytes === FRAME_HEADER_BYTES) {
      // Bytes 4 to 7 of a frame are the size of the database behind it, where it is the last one of a commit; otherwise 0.
      this.#isLastFrame = bytesOf(textOf(call), 8)
        .slice(4)
        .some((byte) => byte !== 0);
    } else if (bytes !== HEADER_BYTES) {
      for (const name of marksWritten(textOf(call))) {
        const mark = this.#marks.get(name);
        if (mark?.commit === null) this.#open.push(mark);
      }
      if (this.#isLastFrame) this.#commit();
    }
  }

  #commit(): void {
    for (const mark of this.#open) mark.commit ??= this.figures.commits;
    this.#open = [];
    this.figures.commits++;
  }

  #sync(file: string, covered: number): void {
    if (file === this.#log) {
      this.figures.syncs++;
      this.#commitsSynced = Math.max(this.#commitsSynced, covered);
    } else {
      this.#databaseWritesSynced = Math.max(this.#databaseWritesSynced, covered);
    }
  }

  #answer(file: string, text: string): void {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    const connection = this.#connections.get(file);
    if (status === undefined || connection === undefined) return;
    const { marks } = connection;
    if (status.startsWith("2") && marks.size > 0) this.#judge(status, marks);
    for (const name of marks) this.#marks.delete(name);
    marks.clear();
    connection.tail = "";
  }

  #judge(status: string, names: ReadonlySet<string>): void {
    this.figures.acknowledged++;
    this.#countGroup();
    const broken = [...names].map((name) => this.#judgeMark(status, name)).find((sentence) => sentence !== null);
    if (broken === undefined) return;
    this.figures.early++;
    this.#fault(broken);
  }

  /** What is wrong with that it was acknowledged; null for nothing. */
  #judgeMark(status: string, name: string): string | null {
    const commit = this.#marks.get(name)?.commit ?? null;
    if (commit === null) return `The write of ${name} was answered ${status}, and no commit in the log had it`;
    if (commit < this.#commitsSynced) return null;
    return `The write of ${name} was answered ${status} before its commit was synced, number ${commit + 1} in the log`;
  }

  /** What is answered between two syncs was waiting for the first of them. */
  #countGroup(): void {
    if (this.#group.commitsSynced !== this.#commitsSynced)
      this.#group = { commitsSynced: this.#commitsSynced, acknowledged: 0 };
    this.#group.acknowledged++;
    this.figures.largestGroup = Math.max(this.figures.largestGroup, this.#group.acknowledged);
  }

  /** A page goes into the database: nothing may be there before it is in the log for good. */
  #moveIn(text: string): void {
    this.figures.pagesMoved++;
    for (const name of marksWritten(text)) {
      const mark = this.#marks.get(name);
      if (mark !== undefined && (mark.commit === null || mark.commit >= this.#commitsSynced))
        this.#fault(`A page with ${name} was brought into the database before the log was synced that holds it`);
    }
  }

  /** The log is cut, or written over from its beginning: what it held must be in the database for good. */
  #beginLog(): void {
    this.figures.logResets++;
    if (this.#databaseWritesSynced < this.#databaseWrites)
      this.#fault("The log was begun anew before the database was synced that it was brought into");
  }

  #fault(sentence: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(sentence);
  }
}
