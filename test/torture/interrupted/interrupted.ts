// kill -9 at each step of what changes many files or rows at once: strace kills the command at its nth call of one kind. Afterwards the
// old state stands or the new one, whole, and the same command run again comes to its end with every entry. What is left is judged on a
// copy: to open a store mends it, and the command that is run again must meet what the kill has left.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Ended, mustRun, runCommand } from "../../support/run-command.ts";
import { makeSeededRandom, shuffled } from "../../support/seeded-random.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { makeBackups } from "./backups.ts";
import { makeCopies, makeImports } from "./copies.ts";
import { makeMigrations } from "./migrations.ts";

/** One kind of work that can be cut short. */
export interface Work {
  /** Prepares files in a directory of its own, and returns the command. */
  begin(directory: string, round: number): Promise<readonly string[]>;
  /** What is wrong with what the kill has left; nothing where it is the old state or the new one. @param left - a copy of the directory */
  judgeLeft(left: string, round: number): Promise<readonly string[]>;
  /** The command that finishes it. @param left - the copy that was judged */
  again(directory: string, left: string): Promise<readonly string[]>;
  /** What is wrong with what stands at its end. */
  judgeEnd(directory: string): Promise<readonly string[]>;
  /** Takes one entry out of what stands at its end. */
  dropEntry(directory: string): Promise<void>;
}

/** Calls at which it is killed: what writes, syncs, cuts, renames, removes or opens. */
const CALLS = ["fsync", "pwrite64", "rename", "unlink", "openat", "ftruncate"];

/** One call of the work: the thread that comes to it first is killed there, and all others with it. */
interface Step {
  readonly call: string;
  /** Which of its thread, from 1 on, as strace counts. */
  readonly when: number;
}

const LANES = 2;
/** The exit code of what SIGKILL has ended. */
const KILLED = 128 + 9;
/** What it writes comes into the file that is named behind it. */
const STRACE = ["strace", "-f", "-qq", "-o"];
const SURROUNDINGS = { environment: { PATH: process.env["PATH"] } };

export const interrupted: Method = {
  name: "interrupted",
  summary:
    "Kills a migration, a backup, a restore, a copy or an import at each of its steps: the old state or the new, whole",
  unit: "kills",
  rounds: { short: 3, long: 300 },
  variants: ["migration", "backup", "restore", "copy", "import"],
  plants: [
    {
      name: "entry-dropped",
      summary: "one entry is taken out of what the work has come to",
      finds: /at the end: (?:it does not hold|its entries are not)/,
      rounds: 1,
    },
  ],
  lacks: () =>
    spawnSync("strace", ["-o", "/dev/null", "-e", "trace=fsync", "true"]).status === 0
      ? null
      : "It kills by strace: install strace, and leave to trace",
  run,
};

async function run({ rounds, seed, variant, plant, directory, say }: Run): Promise<Findings> {
  const random = makeSeededRandom(seed);
  const work = await makerOf(variant)(directory, random);
  const steps = shuffled(random, await stepsOf(work, directory));
  const counts = { killed: 0, ended: 0 };
  const faults: string[] = [];
  let begun = 0;
  const lane = async (name: string) => {
    while (begun < rounds && faults.length < (plant === null ? FAULTS_MAX : 1)) {
      const round = begun++;
      if (round > 0 && round % Math.ceil(rounds / 10) === 0) say(`${round} of ${rounds}`);
      const own = join(directory, name);
      rmSync(own, { recursive: true, force: true });
      mkdirSync(own);
      const step = steps[round % steps.length];
      if (step === undefined) throw new Error("The work makes none of the calls at which it would be killed");
      const { isKilled, found } = await interrupt(work, own, { step, round, plant });
      counts[isKilled ? "killed" : "ended"]++;
      faults.push(...found.map((fault) => `seed ${seed}, kill ${round}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(`lane${index}`)));
  if (counts.killed === 0 && faults.length === 0) faults.push("Nothing was killed in the middle");
  return {
    figures: {
      "steps of the work": steps.length,
      "killed in the middle": counts.killed,
      "ended before": counts.ended,
      broken: faults.length,
    },
    faults,
  };
}

/** All that it comes to when nothing stops it. */
async function stepsOf(work: Work, parent: string): Promise<readonly Step[]> {
  const directory = join(parent, "counted");
  const trace = join(parent, "trace");
  mkdirSync(directory);
  const command = await work.begin(directory, 0);
  await mustRun([...STRACE, trace, "-e", `trace=${CALLS}`, ...command], SURROUNDINGS);
  const ofThreads = new Map<string, number>();
  const most = new Map<string, number>();
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const count = (ofThreads.get(`${thread} ${call}`) ?? 0) + 1;
    ofThreads.set(`${thread} ${call}`, count);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  rmSync(directory, { recursive: true });
  return [...most].flatMap(([call, count]) => Array.from({ length: count }, (_, index) => ({ call, when: index + 1 })));
}

async function interrupt(
  work: Work,
  directory: string,
  { step, round, plant }: { readonly step: Step; readonly round: number; readonly plant: string | null },
): Promise<{ readonly isKilled: boolean; readonly found: readonly string[] }> {
  const { call, when } = step;
  const at = `at ${call} ${when}`;
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${when}`];
  const command = await work.begin(directory, round);
  const first = await runCommand([...STRACE, "/dev/null", ...inject, ...command], SURROUNDINGS);
  const isKilled = first.exitCode === KILLED;
  const broken = (...faults: readonly string[]) => ({ isKilled, found: faults.map((fault) => `${at}, ${fault}`) });
  if (!isKilled && first.exitCode !== 0) return broken(`it was not killed and ${endOf(first)}`);
  const left = `${directory}-left`;
  rmSync(left, { recursive: true, force: true });
  cpSync(directory, left, { recursive: true });
  const wrong = await work.judgeLeft(left, round);
  if (wrong.length > 0) return broken(...wrong.map((fault) => `what is left: ${fault}`));
  const last = await runCommand(await work.again(directory, left), SURROUNDINGS);
  if (last.exitCode !== 0) return broken(`run again it ${endOf(last)}`);
  if (plant !== null) await work.dropEntry(directory);
  return broken(...(await work.judgeEnd(directory)).map((fault) => `at the end: ${fault}`));
}

function endOf({ exitCode, error }: Ended): string {
  return `ended with ${exitCode}: ${error.slice(-500)}`;
}

function makerOf(variant: string | null) {
  switch (variant) {
    case "backup":
      return makeBackups("backup");
    case "restore":
      return makeBackups("restore");
    case "copy":
      return makeCopies;
    case "import":
      return makeImports;
    default:
      return makeMigrations;
  }
}
