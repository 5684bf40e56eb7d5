// Looks at a whole database, a backup or a store that may be in use: SQLite's own check of its pages, the checksum of every
// entry and record, the counts and bounds of the state row; of a backup also the digest of all that has no checksum. What
// is wrong is told, not thrown. All is read at one instant.
import type { Database } from "bun:sqlite";
import { KeyholdError } from "../../core/errors.ts";
import { contentDigest } from "./backup-content.ts";
import { STEP_BYTES, STEP_ROWS, type WorkWatch } from "./backup-copy.ts";
import { type ChangeRow, isWholeChange } from "./change-row.ts";
import { damagedSchemaPart, readPragma } from "./database.ts";
import { decodeKey } from "./key-bytes.ts";
import { APPLICATION_ID, BACKUP_APPLICATION_ID, FORMAT_VERSION, VALUE_FORMS } from "./layout.ts";
import { type ReceiptRow, toReceipt } from "./receipts.ts";
import { type EntryRow, RecordCodec } from "./record.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { isWholeState, STATE_CHECKSUM_FORMAT, type StoredState } from "./state-row.ts";
import { COPY_SQL, SQL } from "./statements.ts";
import { TOKENS_FORMAT, type TokenRow, toToken } from "./tokens.ts";

export type DatabaseKind = "backup" | "store";

/** What a check has found. */
export interface CheckReport {
  /** Null where it is no database of Keyhold's. */
  readonly kind: DatabaseKind | null;
  readonly format: number;
  readonly incarnation: string;
  readonly revision: number;
  /** Of the latest change. */
  readonly sequence: number;
  /** The highest instant of the store's clock, in ms since the Unix epoch. */
  readonly highestInstant: number;
  /** Entries counted, ended ones that await the sweep included, and the bytes of their values. */
  readonly entries: number;
  readonly valueBytes: number;
  /** Sentences, PROBLEMS_MAX at most; none where it is sound. */
  readonly problems: readonly string[];
}

/** Problems after which a check has seen enough. */
export const PROBLEMS_MAX = 20;
/** As SQLite keeps it: it writes the first two words in upper case. */
const BACKUP_TABLE = COPY_SQL.createBackup.trimStart().replace("create table", "CREATE TABLE");

/** @throws what watch.pause() throws; SQLiteError where the file cannot be read at all */
export async function checkDatabase(db: Database, watch: WorkWatch): Promise<CheckReport> {
  const check = new Check(db, watch);
  db.run("begin");
  try {
    await check.run();
  } finally {
    if (db.inTransaction) db.run("rollback");
  }
  return check.report;
}

class Check {
  readonly #db: Database;
  readonly #watch: WorkWatch;
  readonly #problems: string[] = [];
  #kind: DatabaseKind | null = null;
  #format = 0;
  #state: StoredState = { incarnation: "", revision: 0, sequence: 0, entries: 0, highest_instant: 0 };
  #entries = 0;
  #valueBytes = 0;

  constructor(db: Database, watch: WorkWatch) {
    this.#db = db;
    this.#watch = watch;
  }

  get report(): CheckReport {
    const { incarnation, revision, sequence, highest_instant } = this.#state;
    return {
      kind: this.#kind,
      format: this.#format,
      incarnation,
      revision,
      sequence,
      highestInstant: highest_instant,
      entries: this.#entries,
      valueBytes: this.#valueBytes,
      problems: this.#problems,
    };
  }

  async run(): Promise<void> {
    const parts = [
      () => this.#checkMarks(),
      () => this.#checkPages(),
      () => this.#checkEntries(),
      () => this.#checkRecords(),
      () => this.#checkTokens(),
      () => this.#checkChanges(),
      () => this.#checkBounds(),
      () => this.#checkDigest(),
    ];
    for (const part of parts) {
      try {
        await part();
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#add(messageOf(error));
      }
      // What cannot be read as one of ours has nothing more to tell.
      if (this.#kind === null || this.#problems.length >= PROBLEMS_MAX) return;
      await this.#watch.pause();
    }
  }

  #add(problem: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
  }

  #checkMarks(): void {
    const id = readPragma(this.#db, "application_id");
    this.#format = Number(readPragma(this.#db, "user_version"));
    const kind = id === APPLICATION_ID ? "store" : id === BACKUP_APPLICATION_ID ? "backup" : null;
    if (kind === null) {
      this.#add("It is no database of Keyhold's: its application_id is another");
      return;
    }
    if (this.#format < 1 || this.#format > FORMAT_VERSION) {
      this.#add(`Its format is ${this.#format}, and this version of Keyhold knows 1 to ${FORMAT_VERSION}`);
      return;
    }
    const state = this.#db.prepare<StoredState, []>(COPY_SQL.readState).get();
    if (state === null) {
      this.#add("Its state row is missing");
      return;
    }
    this.#state = state;
    this.#kind = kind;
    if (!isWholeState(state)) this.#add("Its state row does not match its checksum");
    const part = damagedSchemaPart(this.#db, this.#format);
    if (part !== null) this.#add(`The definition of its ${part} is not what was written`);
  }

  #checkPages(): void {
    const rows = this.#db.prepare<{ integrity_check: string }, []>(`pragma integrity_check(${PROBLEMS_MAX})`).all();
    for (const { integrity_check: line } of rows) if (line !== "ok") this.#add(line);
  }

  async #checkEntries(): Promise<void> {
    const codec = new RecordCodec(this.#state.incarnation);
    let rows = 0;
    let bytes = 0;
    for (const row of this.#db.prepare<EntryRow & { key: Uint8Array }, []>(COPY_SQL.everyEntry).iterate()) {
      this.#checkEntry(row, codec);
      this.#entries++;
      this.#valueBytes += row.size;
      bytes += row.size;
      if (++rows < STEP_ROWS && bytes < STEP_BYTES) continue;
      rows = bytes = 0;
      this.#watch.onProgress({ entries: this.#entries, entriesTotal: this.#state.entries, bytes: this.#valueBytes });
      await this.#watch.pause();
    }
  }

  #checkEntry(row: EntryRow & { readonly key: Uint8Array }, codec: RecordCodec): void {
    const key = decodeKey(row.key);
    // The checksum takes an unknown form for bytes, and -1 for no end.
    const isWhole = codec.isWhole(key, row) && row.form in VALUE_FORMS && (row.expires_at ?? 0) >= 0;
    if (!isWhole) this.#add(`The entry ${JSON.stringify(key)} does not match its checksum`);
    if (row.revision > this.#state.revision)
      this.#add(
        `The entry ${JSON.stringify(key)} is of revision ${row.revision}, the store of ${this.#state.revision}`,
      );
  }

  async #checkRecords(): Promise<void> {
    if (this.#format < 2) return;
    let records = 0;
    for (const row of this.#db.prepare<ReceiptRow, []>(COPY_SQL.everyRecord).iterate()) {
      try {
        toReceipt(row);
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#add(`The idempotency record ${row.sequence} does not match its checksum`);
      }
      if (++records % STEP_ROWS === 0) await this.#watch.pause();
    }
    if (records !== this.#state.records)
      this.#add(`It holds ${records} idempotency records and counts ${this.#state.records}`);
  }

  #checkTokens(): void {
    if (this.#format < TOKENS_FORMAT) return;
    for (const row of this.#db.prepare<TokenRow, []>(SQL.everyToken).iterate()) {
      try {
        toToken(row);
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#add(`The access token ${JSON.stringify(row.id)} does not match its checksum`);
      }
    }
  }

  async #checkChanges(): Promise<void> {
    if (this.#format < STATE_CHECKSUM_FORMAT) return;
    let changes = 0;
    for (const row of this.#db.prepare<ChangeRow, []>(COPY_SQL.everyChange).iterate()) {
      if (!isWholeChange(row)) this.#add(`The change ${row.sequence} does not match its checksum`);
      if (++changes % STEP_ROWS === 0) await this.#watch.pause();
    }
  }

  #checkBounds(): void {
    const { entries, sequence } = this.#state;
    if (this.#entries !== entries) this.#add(`It holds ${this.#entries} entries and counts ${entries}`);
    const { last } = this.#db.prepare<{ last: number | null }, []>(COPY_SQL.lastChange).get() ?? {};
    if ((last ?? 0) > sequence) this.#add(`Its change log goes to ${last}, its state to ${sequence}`);
  }

  async #checkDigest(): Promise<void> {
    if (this.#kind !== "backup") return;
    // The one part that the digest leaves out, as the digest stands in it.
    const sql = this.#db.prepare<{ sql: unknown }, []>(COPY_SQL.backupSchema).get()?.sql;
    if (sql !== BACKUP_TABLE) this.#add("The definition of its table backup is not what was written");
    const kept = this.#db.prepare<{ digest: Uint8Array }, []>(COPY_SQL.readBackup).get()?.digest;
    const digest = await contentDigest(this.#db, () => this.#watch.pause());
    if (kept?.toHex() !== digest.toHex()) this.#add("What it holds beside the entries does not match its digest");
  }
}

/**
 * A page or row that is not what was written. What the damage makes of the schema is an SQLITE_ERROR, or rows that lack a
 * column or have one of another type.
 */
function isDamage(error: unknown): boolean {
  if (error instanceof KeyholdError) return error.code === "damaged-entry";
  const codes = ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT", "SQLITE_SCHEMA"];
  const isOdd = [SyntaxError, TypeError, RangeError].some((kind) => error instanceof kind);
  return isOdd || codes.some((code) => isSqliteError(error, code));
}
