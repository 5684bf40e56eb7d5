// Checks every entry of a store that the last server did not close, and every record of a named write, on a thread of its
// own: walks the entries in key order, which reads both trees that hold them, and compares each with its checksum. It reads
// in short steps, each its own transaction, because one long one would keep the log from being reset while writes go on.
// Told the store, it answers with a verdict and ends; told to stop, it ends.
import type { Database } from "bun:sqlite";
import { KeyholdError } from "../../core/errors.ts";
import { boundsOf, EVERY_KEY } from "../../core/range.ts";
import { closeWhole, openReader } from "./database.ts";
import type { CheckOrder, CheckVerdict } from "./integrity.ts";
import { decodeKey, encodeKey, highBytes } from "./key-bytes.ts";
import { type ReceiptRow, toReceipt } from "./receipts.ts";
import { type EntryRow, RecordCodec } from "./record.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";
import { SQL } from "./statements.ts";

declare const self: Worker;

/** Entries read in one step. */
const STEP_ENTRIES = 100;

self.onmessage = ({ data }: MessageEvent<CheckOrder>) => {
  if (data.kind === "stop") end();
  else void check(data).then(end);
};

async function check(order: Extract<CheckOrder, { kind: "check" }>): Promise<void> {
  self.postMessage(await verdictOf(order));
}

/** Ends this thread alone, after the message has left. */
function end(): void {
  setImmediate(() => process.exit(0));
}

async function verdictOf({ files, incarnation }: Extract<CheckOrder, { kind: "check" }>): Promise<CheckVerdict> {
  let db: Database | null = null;
  try {
    db = openReader(files);
    await walk(db, new RecordCodec(incarnation));
    await walkRecords(db);
    return { is: "passed" };
  } catch (error) {
    const isDamage =
      error instanceof KeyholdError || ["SQLITE_CORRUPT", "SQLITE_NOTADB"].some((code) => isSqliteError(error, code));
    return isDamage ? { is: "damaged", problem: messageOf(error) } : { is: "failed", reason: messageOf(error) };
  } finally {
    if (db !== null) closeWhole(db);
  }
}

/** @throws KeyholdError at the first entry that is not what was written, SQLiteError at the first damaged page */
async function walk(db: Database, codec: RecordCodec): Promise<void> {
  const step = db.prepare<EntryRow & { key: Uint8Array }, [Uint8Array, Uint8Array, number]>(SQL.entriesForward);
  const { low, high } = boundsOf(EVERY_KEY);
  const end = highBytes(high);
  for (let from: Uint8Array | null = encodeKey(low); from !== null; ) {
    let seen = 0;
    let last = "";
    // One row at a time: values may be as large as all memory that a hundred of them would take.
    for (const row of step.iterate(from, end, STEP_ENTRIES)) {
      last = codec.entry(decodeKey(row.key), row).key;
      seen++;
    }
    from = seen < STEP_ENTRIES ? null : encodeKey(`${last}\0`);
    await new Promise(setImmediate);
  }
}

/** @throws as walk() */
async function walkRecords(db: Database): Promise<void> {
  const step = db.prepare<ReceiptRow, [number, number]>(SQL.recordsAfter);
  let seen = 0;
  let last = 0;
  do {
    seen = 0;
    for (const row of step.iterate(last, STEP_ENTRIES)) {
      toReceipt(row);
      last = row.sequence;
      seen++;
    }
    await new Promise(setImmediate);
  } while (seen > 0);
}
