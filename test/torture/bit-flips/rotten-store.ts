// One damage of a store's database or log, and what a server that is started on it makes of it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { storeFiles } from "../../../src/engines/sqlite/layout.ts";
import { changeValue, removeEntries } from "../../support/forged-database.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { actOnStore } from "./act-on-store.ts";
import type { RotOnce } from "./bit-flips.ts";
import { damageBytes, pickInDatabase, pickInLog } from "./damage.ts";
import { judgeServed } from "./judge-served.ts";
import { judgeStore } from "./judge-store.ts";
import type { Answers } from "./read-store.ts";
import { makeSoundLog, makeSoundStore, type SoundStore } from "./sound-store.ts";

export interface RotTerms {
  readonly directory: string;
  readonly random: SeededRandom;
  readonly plant: string | null;
}

/** The plant that waits for the acts. */
const LOST_TO_AN_ACT = "entry-lost-to-an-act";
/** One in so many is served by a process as well. */
const SERVED_ROUNDS = 20;
/** So that the short version has one. */
const FIRST_SERVED = 5;

export async function makeRottenDatabase({ directory, random, plant }: RotTerms): Promise<RotOnce> {
  const sound = await makeSoundStore(directory, random);
  const bytes = readFileSync(storeFiles(sound.directory).database);
  return async (round, lane) => {
    const copy = copyTo(sound.directory, lane);
    let place = "a planted fault";
    if (plant === null) {
      const damaged = Uint8Array.from(bytes);
      place = damageBytes(damaged, random, () => pickInDatabase(damaged, random)).place;
      writeFileSync(storeFiles(copy).database, damaged);
    } else plantInDatabase(copy, plant);
    const judged = await judge(copy, sound, { round, before: [] });
    if (judged.is === "silent" || judged.is === "refused at the start") return { place, ...judged };
    const acted = await actOnStore(copy, sound, plant === LOST_TO_AN_ACT);
    return { place, ...(acted?.is === "silent" || judged.is === "harmless" ? (acted ?? judged) : judged) };
  };
}

export async function makeRottenLog({ directory, random, plant }: RotTerms): Promise<RotOnce> {
  const sound = await makeSoundLog(await makeSoundStore(directory, random), directory, random);
  return async (round, lane) => {
    const copy = copyTo(sound.directory, lane);
    let place = "a planted fault";
    // What takes the end of a commit with it leaves one commit less to be told by.
    let commits = 1;
    if (plant === null) {
      const damaged = Uint8Array.from(sound.log);
      const damage = damageBytes(damaged, random, () => pickInLog(sound.lastCommit.to, random));
      place = damage.place;
      if (damage.kind.startsWith("overwritten")) commits = 2;
      writeFileSync(storeFiles(copy).log, damaged);
    } else if (plant === "writes-taken-back") {
      writeFileSync(storeFiles(copy).log, sound.log.subarray(0, sound.lastCommit.from / 2));
    } else plantInDatabase(copy, plant);
    return { place, ...(await judge(copy, sound, { round, before: sound.answersBefore.slice(0, commits) })) };
  };
}

/** A store that is opened changes, so each looks at a copy of its own. */
async function judge(
  directory: string,
  sound: SoundStore,
  { round, before }: { readonly round: number; readonly before: readonly Answers[] },
) {
  if (round % SERVED_ROUNDS !== FIRST_SERVED) return judgeStore(directory, sound, before);
  const served = await judgeServed(copyTo(directory, `${directory}-served`), sound, before);
  return served.is === "silent" ? served : judgeStore(directory, sound, before);
}

function copyTo(source: string, target: string): string {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  cpSync(source, target, { recursive: true });
  return target;
}

function plantInDatabase(directory: string, plant: string): void {
  const { database } = storeFiles(directory);
  if (plant === LOST_TO_AN_ACT) return;
  if (plant === "checksum-made-to-fit") changeValue(database);
  // The last write of an entry is taken back, as an older copy of the file would.
  else removeEntries(database, "select max(id) from entries");
}
