// What is damaged: a store with entries of every kind, closed in order; the same with a log full of commits, as a killed server
// leaves it; and a backup of it. Beside each, what it answers while it is sound.
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeBatch } from "../../../src/core/batch.ts";
import { NEVER, toEpochMs } from "../../../src/core/expiry.ts";
import { closeWhole, openReader } from "../../../src/engines/sqlite/database.ts";
import { PAGE_BYTES, storeFiles } from "../../../src/engines/sqlite/layout.ts";
import { scanLog } from "../../../src/engines/sqlite/log-scan.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/engines/sqlite/store.ts";
import { contentOfBytes } from "../../../src/wire/entry-json.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { endsAt, put, remove, touch } from "../../support/requests.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { sqliteOptions } from "../../support/sqlite-harness.ts";
import { tokenOf } from "../../support/token-records.ts";
import { type Answers, type Questions, readStore } from "./read-store.ts";

/** Files of a store that is not open. */
export interface SoundStore {
  readonly directory: string;
  readonly questions: Questions;
  readonly answers: Answers;
}

/** A store whose log has not been brought in. */
export interface SoundLog extends SoundStore {
  readonly log: Uint8Array;
  /** Where in the log the last commit begins, and where it ends. */
  readonly lastCommit: { readonly from: number; readonly to: number };
  /** What the store answers without it, and without the one before it too. */
  readonly answersBefore: readonly [Answers, Answers];
}

/** All entries have ended by then but those that end much later or never: far from any clock of a machine, so that it must be turned. */
export const ENDED_AT = toEpochMs(3e12);

const ENTRIES = 240;
/** Those that end by ENDED_AT, each beside one that does not and whose key differs from its own in one bit. */
const ENDING = /[17]$/;
const COMMITS = 40;
const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
const TYPES = ["text/plain", "application/json", "application/octet-stream", "image/png; quality=high", "x/y+json"];

/** A store with entries of every kind, records, tokens and a change log, closed in order. */
export async function makeSoundStore(parent: string, random: SeededRandom): Promise<SoundStore> {
  const directory = join(parent, "sound");
  const store = await openSqliteStore(sqliteOptions(directory));
  const ids = await fill(store, random);
  await store.close();
  const questions = { keys: Array.from({ length: ENTRIES + 5 }, (_, index) => `key${index}`), ids };
  return { directory, questions, answers: await answersOf(directory, parent, questions) };
}

/** The same store killed after COMMITS more commits, in a log that still has frames of an earlier generation at its end. */
export async function makeSoundLog(sound: SoundStore, parent: string, random: SeededRandom): Promise<SoundLog> {
  const [running, directory] = [join(parent, "running"), join(parent, "killed")];
  cpSync(sound.directory, running, { recursive: true });
  const store = await openSqliteStore(sqliteOptions(running, { sweepIntervalMs: 5 }));
  for (let index = 0; index < 30; index++) await commitSome(store, random, 9000);
  const filled = scanLog(store.files.log).recoveredFrames;
  // Upkeep brings the log in once the store is idle; the next commit begins it anew.
  await pollUntil(
    async () => {
      await commitSome(store, random, 10);
      return scanLog(store.files.log).recoveredFrames < filled;
    },
    { ms: 60_000, intervalMs: 5, what: () => "The log does not begin anew" },
  );
  // Or upkeep would bring it in again between two of the commits, and it would be short.
  const reading = openReader(store.files);
  reading.run("begin");
  reading.prepare("select count(*) from state").get();
  for (let index = 0; index < COMMITS; index++) await commitSome(store, random, 3000);
  mkdirSync(directory);
  const files = storeFiles(directory);
  for (const name of ["database", "log", "holder"] as const) cpSync(store.files[name], files[name]);
  closeWhole(reading);
  await store.close();
  rmSync(running, { recursive: true });
  const log = readFileSync(files.log);
  const lastCommit = findLastCommit(log, scanLog(files.log).recoveredFrames);
  const { questions } = sound;
  const answers = await answersOf(directory, parent, questions);
  const lastButOne = findLastCommit(log, (lastCommit.from - HEADER_BYTES) / FRAME_BYTES);
  const answersUpTo = (end: number) => answersOf(directory, parent, questions, log.subarray(0, end));
  const answersBefore = [await answersUpTo(lastCommit.from), await answersUpTo(lastButOne.from)] as const;
  return { directory, questions, answers, log, lastCommit, answersBefore };
}

/** Answers of a copy: opening a store changes its files. @param log - in the place of its log */
async function answersOf(
  directory: string,
  parent: string,
  questions: Questions,
  log: Uint8Array | null = null,
): Promise<Answers> {
  const copy = join(parent, "read");
  cpSync(directory, copy, { recursive: true });
  if (log !== null) await Bun.write(storeFiles(copy).log, log);
  const store = await openSqliteStore(sqliteOptions(copy));
  try {
    return await readStore(store, questions);
  } finally {
    await store.close();
    rmSync(copy, { recursive: true });
  }
}

async function fill(store: SqliteStore, random: SeededRandom): Promise<readonly string[]> {
  for (let first = 0; first < ENTRIES; first += 20) {
    const puts = Array.from({ length: 20 }, (_, index) => putOf(first + index, random, sizeOf(random)));
    await store.commit(makeBatch(puts));
  }
  for (const name of ["a", "b", "c"]) await store.putToken(tokenOf(name), null);
  const ids = ["ab", "cd", "ef"].map((byte) => byte.repeat(32));
  for (const [index, id] of ids.entries()) {
    const once = { id, fingerprint: "12".repeat(32), at: store.now() };
    await store.commit(makeBatch([putOf(index, random, 100)]), { once, otherwise: [] });
  }
  await store.commit(makeBatch([remove("key7"), touch("key8", endsAt(4e12)), touch("key9", NEVER)]));
  return ids;
}

async function commitSome(store: SqliteStore, random: SeededRandom, bytesMax: number): Promise<void> {
  const first = random.below(ENTRIES);
  const puts = Array.from({ length: 1 + random.below(3) }, (_, index) =>
    putOf((first + index) % ENTRIES, random, random.below(bytesMax)),
  );
  await store.commit(makeBatch(random.oneIn(6) ? [remove(`key${first}`)] : puts));
}

/** Mostly small; every tenth with pages of its own, some with many. */
function sizeOf(random: SeededRandom): number {
  if (random.oneIn(40)) return 20_000 + random.below(20_000);
  return random.oneIn(8) ? 2000 + random.below(8000) : random.below(200);
}

function putOf(index: number, random: SeededRandom, bytes: number) {
  const value = Uint8Array.from({ length: bytes }, () => random.below(256));
  const key = `key${index}`;
  const later = random.oneIn(3) ? endsAt(4e12 + random.below(1e9)) : NEVER;
  const expiry = ENDING.test(key) ? endsAt(ENDED_AT - random.below(1e9)) : later;
  const content = random.oneIn(3)
    ? contentOfBytes(new TextEncoder().encode(JSON.stringify({ text: value.toHex() })), "application/json")
    : contentOfBytes(value, random.pick(TYPES));
  return put(key, content.value, { ...content, expiry });
}

function findLastCommit(log: Uint8Array, frames: number): SoundLog["lastCommit"] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const isCommit = (frame: number) => view.getUint32(HEADER_BYTES + frame * FRAME_BYTES + 4) !== 0;
  let first = frames - 1;
  while (first > 0 && !isCommit(first - 1)) first--;
  return { from: HEADER_BYTES + first * FRAME_BYTES, to: HEADER_BYTES + frames * FRAME_BYTES };
}
