// Opens what a crash has left as a start of the server does, step by step and without its threads (openSqliteStore, in
// src/engines/sqlite/store.ts, has the same order), and compares it with what was acknowledged.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toEpochMs } from "../../../src/core/expiry.ts";
import { finishRestore } from "../../../src/engines/sqlite/backup-restore.ts";
import { closeWhole, type Durability, openWriter } from "../../../src/engines/sqlite/database.ts";
import { lockStore, prepareDirectory, refuseVanishedDatabase } from "../../../src/engines/sqlite/directory.ts";
import { decodeKey } from "../../../src/engines/sqlite/key-bytes.ts";
import { storeFiles } from "../../../src/engines/sqlite/layout.ts";
import { SQL } from "../../../src/engines/sqlite/statements.ts";
import { refuseDamagedLog } from "../../../src/engines/sqlite/store.ts";
import { readHeld } from "../../support/held-values.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { requireSoundDatabase } from "../../support/sqlite-invariants.ts";
import type { CrashState } from "./disk-model.ts";
import type { Held, Histories } from "./known-writers.ts";

export interface Verdict {
  /** Writers of whom something acknowledged is missing, one sentence each. */
  readonly lost: readonly string[];
  /** Whatever else is not as it must be. */
  readonly corrupt: readonly string[];
}

/** How many writes of each writer were acknowledged. */
export type Acknowledged = readonly number[];

/** Puts the files of a state into the directory of a store, which is emptied before. */
export function layOut({ files }: CrashState, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, image] of files) writeFileSync(join(directory, name), image);
}

/** Opens the store of a directory, and closes it. @throws what the opening throws, or Error where the database is not sound */
export function openAsServer(directory: string, durability: Durability): Held {
  const files = storeFiles(directory);
  finishRestore(files);
  prepareDirectory(files, { allowNetworkFileSystem: false, durability: "full" });
  const lock = lockStore(files, new Date());
  let held: Held;
  try {
    refuseVanishedDatabase(files);
    if (durability === "full") refuseDamagedLog(files);
    const db = openWriter(files, durability, { incarnation: "crashed1", now: toEpochMs(Date.now()) });
    try {
      const rows = db.prepare<{ key: Uint8Array; value: Uint8Array }, []>("select key, value from entries").all();
      held = new Map(rows.map(({ key, value }) => [decodeKey(key), Buffer.from(value).toString()]));
      db.run(SQL.markClean, [1]);
    } finally {
      closeWhole(db);
    }
  } finally {
    lock.release();
  }
  requireSoundDatabase(directory);
  return held;
}

/** The same through the whole server. @throws Error where it does not start, read or end as it must */
export async function openByServer(directory: string, durability: Durability): Promise<Held> {
  const server = await startServerProcess(["--store", directory, "--durability", durability]);
  try {
    const held = await readHeld(server.url);
    server.kill("SIGTERM");
    const exitCode = await server.exited;
    if (exitCode !== 0) throw new Error(`The server ended with exit code ${exitCode}`);
    return held;
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

/** Each writer's keys stand as after its acknowledged writes, or as after the one more that was under way. */
export function compare(held: Held, histories: Histories, acknowledged: Acknowledged): Verdict {
  const lost: string[] = [];
  const corrupt: string[] = [];
  const byWriter = groupByWriter(held);
  for (const [writer, history] of histories.entries()) {
    const found = byWriter.get(writer) ?? new Map<string, string>();
    byWriter.delete(writer);
    const count = acknowledged[writer] ?? 0;
    const after = history.findIndex((state) => isSame(state, found));
    if (history.slice(count, count + 2).some((state) => isSame(state, found))) continue;
    const what = `writer ${writer}: ${count} writes were acknowledged, and`;
    if (after >= 0 && after < count) lost.push(`${what} its keys stand as after ${after}`);
    else corrupt.push(`${what} its keys stand as after no number of them: ${describe(found)}`);
  }
  for (const keys of byWriter.values()) corrupt.push(`nobody wrote ${describe(keys)}`);
  return { lost, corrupt };
}

function groupByWriter(held: Held): Map<number, Map<string, string>> {
  const groups = new Map<number, Map<string, string>>();
  for (const [key, value] of held) {
    const writer = Number(/^w(\d+)/.exec(key)?.[1] ?? -1);
    const group = groups.get(writer) ?? new Map<string, string>();
    groups.set(writer, group.set(key, value));
  }
  return groups;
}

function isSame(left: Held, right: Held): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

function describe(held: Held): string {
  return JSON.stringify([...held].map(([key, value]) => `${key}=${value.slice(0, 20)}`));
}
