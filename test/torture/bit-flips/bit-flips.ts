// Bit rot: a store or a backup with one place damaged is opened and read whole. What is wrong in it must be told, by the start, by a
// read, by the check after an unclean stop or by `keyhold verify`; no read may answer a wrong value; or the damage lies where nothing is.
// A database is then acted on as well: nothing may be lost that no act was aimed at.
import { join } from "node:path";
import { makeSeededRandom } from "../../support/seeded-random.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { makeRottenBackup } from "./rotten-backup.ts";
import { makeRottenDatabase, makeRottenLog } from "./rotten-store.ts";

/** What came of one damage. */
export interface Verdict {
  readonly is: (typeof ENDS)[number];
  /** The place, and what went wrong with it where nobody told. */
  readonly place: string;
  readonly why: string;
}

/** Damages one copy and looks what comes of it. @param lane - names its files, as several are under way */
export type RotOnce = (round: number, lane: string) => Promise<Verdict>;

const ENDS = [
  "refused at the start",
  "told at the start",
  "told by a read",
  "told by an act",
  "told by the check",
  "told by verify",
  "harmless",
  "silent",
] as const;
const PLANTS = [
  {
    name: "checksum-made-to-fit",
    summary: "a value is changed together with its checksum, so that nothing can notice",
    finds: /a wrong entry is served|its check finds nothing/,
    rounds: 3,
  },
  {
    name: "writes-taken-back",
    summary: "the file as it was some writes ago stands in its place",
    finds: /nobody tells|a wrong entry is served|its check finds nothing/,
    rounds: 3,
  },
  {
    name: "entry-lost-to-an-act",
    summary: "an entry that no act is aimed at is removed while the store is written to",
    finds: /an entry that nobody touched is gone after/,
    rounds: 3,
    on: ["database"],
  },
] as const;
const LANES = 2;

export const bitFlips: Method = {
  name: "bit-flips",
  summary:
    "Flips one bit of a database, a log or a backup, and reads everything: it is told, or harmless, never silent",
  unit: "damages",
  rounds: { short: 12, long: 1150 },
  variants: ["database", "log", "backup"],
  plants: PLANTS,
  lacks: () => null,
  run,
};

async function run({ rounds, seed, variant, plant, directory, say }: Run): Promise<Findings> {
  const random = makeSeededRandom(seed);
  const rotOnce = await makerOf(variant)({ directory, random, plant });
  const counts = new Map<string, number>(ENDS.map((end) => [end, 0]));
  const faults: string[] = [];
  let begun = 0;
  const isOver = () => begun >= rounds || faults.length >= (plant === null ? FAULTS_MAX : 1);
  const lane = async (name: string) => {
    while (!isOver()) {
      const round = begun++;
      if (round > 0 && round % Math.ceil(rounds / 10) === 0) say(`${round} of ${rounds}`);
      const { is, place, why } = await rotOnce(round, name);
      counts.set(is, (counts.get(is) ?? 0) + 1);
      if (is === "silent") faults.push(`seed ${seed}, damage ${round}: ${place}: ${why}`);
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(join(directory, `lane${index}`))));
  return { figures: Object.fromEntries(counts), faults };
}

function makerOf(variant: string | null) {
  switch (variant) {
    case "log":
      return makeRottenLog;
    case "backup":
      return makeRottenBackup;
    default:
      return makeRottenDatabase;
  }
}
