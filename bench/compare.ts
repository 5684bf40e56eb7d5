// Two commits beside each other: `npm run bench:compare -- REF1 REF2 [workloads]`. Both are checked out beside this checkout, with
// its node_modules, their servers are started with default settings and filled alike, and are loaded in turn, round after round.
// Prints ratios of the second to the first within rounds. "." is this checkout as it stands, with what is not committed.
//
// ROUNDS, SECONDS, CONNECTIONS (16,64), KEYS and VALUE (bytes) change the rest, as for bench:peers.
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ValuePool } from "../src/load/value-pool.ts";
import { WORKLOADS, workloadOf } from "../src/load/workloads.ts";
import type { Contender } from "./contender.ts";
import { ROOT, startFilledKeyhold } from "./peers/keyhold.ts";
import { makeDirectory, removeDirectory } from "./peers/started.ts";
import { PINNING, pinLoad } from "./process.ts";
import { beginPart, cpu, machineLine, printKinds, printRatio, printResults, rate } from "./report.ts";
import { measureInTurn } from "./rounds.ts";
import { listOf, numberOf, SEED } from "./settings.ts";

const PACE = { rounds: numberOf("ROUNDS", 5), seconds: numberOf("SECONDS", 3) };
const KEYS = numberOf("KEYS", 1_000_000);
const VALUE_BYTES = numberOf("VALUE", 100);
const CONNECTIONS = listOf("CONNECTIONS").map(Number);
const DEFAULT_CONNECTIONS = [64];
const DEFAULT_WORKLOADS = ["get-hot", "get-random", "put-overwrite"];
const WHOLE_CHECKOUT = ".";

const [before, after, ...named] = process.argv.slice(2);
if (before === undefined || after === undefined)
  throw new Error("Give two git refs, and workloads if not the usual ones");
const strange = named.filter((name) => !WORKLOADS.some((each) => each.name === name));
if (strange.length > 0) {
  throw new Error(
    `There is no workload ${strange.join(", ")}: there are ${WORKLOADS.map(({ name }) => name).join(", ")}`,
  );
}

pinLoad();
const directory = makeDirectory("compare");
const contenders: Contender[] = [];
try {
  console.log(`${machineLine()}; ${PINNING}`);
  console.log(
    `${KEYS} keys with values of ${VALUE_BYTES} bytes, medians of ${PACE.rounds} rounds of ${PACE.seconds} s, ratios within rounds`,
  );
  for (const [index, ref] of [before, after].entries()) contenders.push(await start(index, ref));
  for (const name of named.length > 0 ? named : DEFAULT_WORKLOADS) {
    for (const connections of CONNECTIONS.length > 0 ? CONNECTIONS : DEFAULT_CONNECTIONS)
      await compare(name, connections);
  }
} finally {
  await Promise.all(contenders.map((contender) => contender.stop()));
  removeDirectory(directory);
  git("worktree", "prune");
}

async function start(index: number, ref: string): Promise<Contender> {
  const commit = ref === WHOLE_CHECKOUT ? "" : git("rev-parse", "--short", "--verify", `${ref}^{commit}`);
  const root = ref === WHOLE_CHECKOUT ? ROOT : checkOut(commit, join(directory, `checkout-${index}`));
  const name = `${index === 0 ? "before" : "after"}: ${ref}`;
  console.log(
    `- ${name}${commit === "" ? ", as it stands" : ` (${git("show", "--no-patch", "--format=%h %s", commit)})`}`,
  );
  const stock = { keys: KEYS, values: new ValuePool(VALUE_BYTES, SEED) };
  return { ...(await startFilledKeyhold(stock, { root })), name };
}

function checkOut(commit: string, root: string): string {
  git("worktree", "add", "--quiet", "--detach", root, commit);
  const modules = join(root, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(ROOT, "node_modules"), modules);
  return root;
}

async function compare(workload: string, connections: number): Promise<void> {
  const { summary, make } = workloadOf(workload);
  beginPart(`${workload}, ${connections} connections`, summary);
  const lanes = contenders.map((contender) => ({
    ...contender,
    next: make(contender.dialect, { keys: KEYS, seed: SEED }),
  }));
  const results = await measureInTurn(lanes, { ...PACE, connections });
  printResults(results);
  if (workload.startsWith("mixed")) printKinds(results);
  const [to = "", of = ""] = results.keys();
  const compared = { results, of, to };
  printRatio("rate", { ...compared, what: rate });
  printRatio("CPU a request", { ...compared, what: cpu });
  printRatio("p50", { ...compared, what: ({ times }) => times.medianMs });
  printRatio("p99", { ...compared, what: ({ times }) => times.p99Ms });
  printRatio("memory", { ...compared, what: ({ residentBytes }) => residentBytes });
}

/** @throws Error with what git says */
function git(...words: readonly string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(["git", "-C", ROOT, ...words]);
  if (!success) throw new Error(`git ${words.join(" ")}: ${stderr.toString().trim()}`);
  return stdout.toString().trim();
}
