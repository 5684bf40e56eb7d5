// kill -9 at each step of what changes many files or rows at once: strace kills the command at its nth call of one kind. Afterwards the
// old state stands or the new one, whole, and the same command run again comes to its end with every entry. What is left is judged on a
// copy: to open a store mends it, and the command that is run again must meet what the kill has left.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeSeededRandom } from "../../support/seeded-random.ts";
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

/** Calls at which it is killed, and up to which of them: what comes later is not reached by the least of the works. */
const STEPS = [
  ["fsync", 8],
  ["pwrite64", 40],
  ["rename", 4],
  ["unlink", 6],
  ["openat", 120],
  ["ftruncate", 3],
] as const;
const LANES = 2;
const SEEDS = 60;

export const interrupted: Method = {
  name: "interrupted",
  summary:
    "Kills a migration, a backup, a restore, a copy or an import at each of its steps: the old state or the new, whole",
  unit: "kills",
  rounds: { short: 3, long: 80 },
  variants: ["migration", "backup", "restore", "copy", "import"],
  plants: [{ name: "entry-dropped", summary: "one entry is taken out of what the work has come to", rounds: 1 }],
  lacks: () =>
    spawnSync("strace", ["-o", "/dev/null", "-e", "trace=fsync", "true"]).status === 0
      ? null
      : "It kills by strace: install strace, and leave to trace",
  run,
};

async function run({ rounds, seed, variant, plant, directory, say }: Run): Promise<Findings> {
  const work = await makerOf(variant)(directory, makeSeededRandom(seed));
  const counts = { killed: 0, ended: 0 };
  const faults: string[] = [];
  // Which steps a short run takes follows from the seed; a long one takes them all.
  const firstRound = seed % SEEDS;
  let begun = 0;
  const lane = async (name: string) => {
    while (begun < rounds && faults.length < (plant === null ? FAULTS_MAX : 1)) {
      const round = begun++;
      if (round > 0 && round % Math.ceil(rounds / 10) === 0) say(`${round} of ${rounds}`);
      const own = join(directory, name);
      rmSync(own, { recursive: true, force: true });
      mkdirSync(own);
      const { isKilled, found } = await interrupt(work, own, { round: firstRound + round, plant });
      counts[isKilled ? "killed" : "ended"]++;
      faults.push(...found.map((fault) => `seed ${seed}, kill ${round}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(`lane${index}`)));
  return {
    figures: { "killed in the middle": counts.killed, "ended before": counts.ended, broken: faults.length },
    faults,
  };
}

async function interrupt(
  work: Work,
  directory: string,
  { round, plant }: { readonly round: number; readonly plant: string | null },
): Promise<{ readonly isKilled: boolean; readonly found: readonly string[] }> {
  const [call, calls] = STEPS[round % STEPS.length] ?? STEPS[0];
  const when = 1 + ((Math.floor(round / STEPS.length) * 7) % calls);
  const at = `at ${call} ${when}`;
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${when}`];
  const command = await work.begin(directory, round);
  const first = await runCommand(["strace", "-f", "-qq", "-o", "/dev/null", ...inject, ...command]);
  const isKilled = first.code === null;
  const broken = (...faults: readonly string[]) => ({ isKilled, found: faults.map((fault) => `${at}, ${fault}`) });
  if (!isKilled && first.code !== 0) return broken(`it was not killed and ended with ${first.code}: ${first.output}`);
  const left = `${directory}-left`;
  rmSync(left, { recursive: true, force: true });
  cpSync(directory, left, { recursive: true });
  const wrong = await work.judgeLeft(left, round);
  if (wrong.length > 0) return broken(...wrong.map((fault) => `what is left: ${fault}`));
  const last = await runCommand(await work.again(directory, left));
  if (last.code !== 0) return broken(`run again it ends with ${last.code}: ${last.output}`);
  if (plant !== null) await work.dropEntry(directory);
  return broken(...(await work.judgeEnd(directory)).map((fault) => `at the end: ${fault}`));
}

/** The code is null after a signal. */
async function runCommand(
  command: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = Bun.spawn([...command], { stdout: "ignore", stderr: "pipe", env: { PATH: process.env["PATH"] ?? "" } });
  const output = await new Response(child.stderr).text();
  await child.exited;
  return { code: child.exitCode, output: output.slice(-500) };
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
