// The backup thread: copies the database by a connection of its own, tells how far it is, and ends. Told to stop, it stops
// at the next pause, some milliseconds later; what it has written by then is removed.
import type { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { KeyholdError } from "../../core/errors.ts";
import { copyDatabase, toCopyFault } from "./backup-copy.ts";
import { closeWhole, openReader } from "./database.ts";
import { type FromBackup, type ToBackup, toErrorMessage } from "./messages.ts";

declare const self: Worker;

let isStopped = false;

self.onmessage = ({ data }: MessageEvent<ToBackup>) => {
  if (data.kind === "stop") isStopped = true;
  // Ends this thread alone, after the message has left.
  else void copy(data).then(() => setImmediate(() => process.exit(0)));
};

async function copy({ database, target }: Extract<ToBackup, { kind: "copy" }>): Promise<void> {
  let db: Database | null = null;
  try {
    db = openReader({ database });
    const facts = await copyDatabase(db, target, {
      pause,
      onProgress: (progress) => post({ kind: "progress", progress }),
    });
    post({ kind: "made", facts });
  } catch (error) {
    rmSync(target, { force: true });
    post({ kind: "failed", error: toErrorMessage(toCopyFault(error)) });
  } finally {
    if (db !== null) closeWhole(db);
  }
}

/** Lets a message in. */
async function pause(): Promise<void> {
  await new Promise(setImmediate);
  if (isStopped) throw new KeyholdError("unavailable", "The backup was stopped before its end");
}

function post(message: FromBackup): void {
  self.postMessage(message);
}
