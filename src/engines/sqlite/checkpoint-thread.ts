// The checkpoint thread: brings the log into the database file while commits go on, so that the writer has little left to bring in
// itself, and syncs that file, which takes longest. Told to stop, it closes its connection; told that everybody has, it ends.
import type { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync } from "node:fs";
import type { FromCheckpointer, ToCheckpointer } from "./checkpointer.ts";
import { closeWhole, openCheckpointer } from "./database.ts";
import { isSqliteError, messageOf } from "./sqlite-errors.ts";

declare const self: Worker;

/** Each brings in what has been committed during the one before, which is less each time. */
const PASSES_MAX = 4;

interface Opened {
  readonly db: Database;
  /**
   * Of the database file, for syncing it: SQLite does so only where nothing has been committed meanwhile. Closed behind all of
   * SQLite's: closing any file of a database drops the locks that the process has on it (sqlite.org/howtocorrupt.html §2.2).
   */
  readonly file: number;
  readonly checkpoint: ReturnType<typeof prepare>;
}

let opened: Opened | null = null;

self.onmessage = ({ data }: MessageEvent<ToCheckpointer>) => {
  switch (data.kind) {
    case "run":
      run(data);
      break;
    case "close":
      if (opened !== null) closeWhole(opened.db);
      post({ kind: "closed" });
      break;
    case "end":
      if (opened !== null) closeSync(opened.file);
      post({ kind: "ended" });
      setImmediate(() => process.exit(0));
      break;
    default:
      data satisfies never;
  }
};

function run({ files, durability, lastPages, state }: Extract<ToCheckpointer, { kind: "run" }>): void {
  try {
    opened ??= open(files, durability);
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      const log = opened.checkpoint.get();
      fsyncSync(opened.file);
      if (log === null || log.log - log.checkpointed <= lastPages) break;
    }
    settle(state, 0);
    post({ kind: "done" });
  } catch (error) {
    // A full disk can make it fail without harm: the log keeps what it has.
    const isFull = isSqliteError(error, "SQLITE_FULL");
    settle(state, isFull ? 0 : 2);
    post(isFull ? { kind: "done" } : { kind: "failed", reason: messageOf(error) });
  }
}

function open(
  files: Parameters<typeof openCheckpointer>[0],
  durability: Parameters<typeof openCheckpointer>[1],
): Opened {
  const db = openCheckpointer(files, durability);
  return { db, file: openSync(files.database, "r"), checkpoint: prepare(db) };
}

function prepare(db: Database) {
  return db.prepare<{ log: number; checkpointed: number }, []>("pragma wal_checkpoint(passive)");
}

function settle(state: Int32Array, value: 0 | 2): void {
  Atomics.store(state, 0, value);
  Atomics.notify(state, 0);
}

function post(message: FromCheckpointer): void {
  self.postMessage(message);
}
