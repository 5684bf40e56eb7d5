// The power is cut at a random moment under a server that writes, on a real file system: what it acknowledged is there when the file
// system has recovered and the server has been started again.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { lacksTracing, tracing } from "../../support/call-trace.ts";
import { readHeld } from "../../support/held-values.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../../support/server-process.ts";
import { requireSoundDatabase } from "../../support/sqlite-invariants.ts";
import { WriteOracle } from "../../support/write-oracle.ts";
import type { Findings, Method, Run } from "../method.ts";
import { CutDisk, FILE_SYSTEMS, isFileSystem, lacksCutDisk } from "./cut-disk.ts";
import { findHalves, writeUntilGone } from "./mixed-writers.ts";

export const powerCut: Method = {
  name: "power-cut",
  summary: "Cuts the power of a file system under a server that writes, and compares what is left",
  unit: "cuts",
  rounds: { short: 2, long: 200 },
  variants: Object.keys(FILE_SYSTEMS),
  plants: [
    {
      name: "relaxed",
      summary: "--durability relaxed, which does not sync what it acknowledges",
      finds: /acknowledged \S+, found /,
      rounds: 8,
    },
    {
      name: "lying-disk",
      summary: "syncs report success and do nothing",
      finds: /acknowledged \S+, found /,
      rounds: 8,
    },
  ],
  lacks: (variant) => (isFileSystem(variant) ? lacksCutDisk(variant) : null) ?? lacksTracing(),
  run: cutPower,
};

/** At once, from so many rounds on: a round waits more than it works. */
const LANES = 2;
const LANES_FROM_ROUNDS = 16;
/** After so many cuts a disk and its store begin anew, so that first starts are cut too and nothing grows without end. */
const CUTS_A_DISK = 20;
/** Every so many rounds values are so long that the log is brought in while they are written. */
const BULK_ROUNDS = 3;
const BULK_TEXT = "x".repeat(20_000);
const ACKNOWLEDGEMENTS_MAX = 3000;
/** The cut of a new store comes as early as this. */
const EARLY_ACKNOWLEDGEMENTS_MAX = 20;
const CHECK_MS_MAX = 60_000;
/** From the first write to the end of the server. */
const ROUND_MS_MAX = 120_000;
const LYING = tracing({
  calls: ["fsync", "fdatasync"],
  into: "/dev/null",
  bytesShown: 0,
  inject: "fsync,fdatasync:retval=0",
});
/** Of a server whose disk has failed. */
const FAILED_DISK_EXIT_CODE = 74;

interface Tally {
  cuts: number;
  acknowledged: number;
  /** Entries that are not as acknowledged. */
  lost: number;
  roundsThatLost: number;
  readonly faults: string[];
}

async function cutPower(run: Run): Promise<Findings> {
  const tally: Tally = { cuts: 0, acknowledged: 0, lost: 0, roundsThatLost: 0, faults: [] };
  const lanes = run.rounds >= LANES_FROM_ROUNDS ? LANES : 1;
  const ended = await Promise.allSettled(
    Array.from({ length: lanes }, (_, lane) => cutInLane(run, tally, { lane, lanes })),
  );
  // Each has put its disk away by now.
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
  return {
    figures: {
      cuts: tally.cuts,
      "acknowledged writes": tally.acknowledged,
      "entries lost": tally.lost,
      "cuts that lost": tally.roundsThatLost,
    },
    faults: tally.faults,
  };
}

async function cutInLane(run: Run, tally: Tally, { lane, lanes }: { readonly lane: number; readonly lanes: number }) {
  const random = makeSeededRandom(run.seed * LANES + lane);
  let left = Math.floor(run.rounds / lanes) + (lane < run.rounds % lanes ? 1 : 0);
  while (left > 0 && tally.faults.length === 0) {
    const rounds = Math.min(left, CUTS_A_DISK);
    await cutOneDisk(run, tally, { random, rounds, directory: join(run.directory, `lane-${lane}`) });
    left -= rounds;
  }
}

interface Disk {
  readonly random: SeededRandom;
  readonly rounds: number;
  readonly directory: string;
}

/** Cuts one disk so many times; ends at the first fault, of any lane. */
async function cutOneDisk(run: Run, tally: Tally, { random, rounds, directory }: Disk): Promise<void> {
  if (!isFileSystem(run.variant)) throw new Error(`${run.variant} is no file system that can be cut`);
  mkdirSync(directory, { recursive: true });
  const disk = CutDisk.make(directory, run.variant);
  try {
    const oracle = new WriteOracle();
    for (let round = 0; round < rounds && tally.faults.length === 0; round++) {
      const faults = await cutOnce({ disk, oracle, random, round, plant: run.plant });
      tally.cuts++;
      if (tally.cuts % Math.ceil(run.rounds / 12) === 0) run.say(`${tally.cuts} cuts, ${tally.faults.length} faults`);
      if (faults.length === 0) continue;
      tally.lost += faults.length;
      tally.roundsThatLost++;
      tally.faults.push(...faults.map((fault) => `cut ${tally.cuts}: ${fault}`));
    }
    tally.acknowledged += oracle.acknowledgements;
  } finally {
    disk.discard();
  }
}

interface Round {
  readonly disk: CutDisk;
  readonly oracle: WriteOracle;
  readonly random: SeededRandom;
  readonly round: number;
  readonly plant: string | null;
}

/** Returns a sentence for each promise that was broken. */
async function cutOnce(round: Round): Promise<readonly string[]> {
  const { disk, oracle, plant } = round;
  const store = join(disk.mount, "store");
  const args = ["--store", store, ...(plant === "relaxed" ? ["--durability", "relaxed"] : [])];
  const writing = await startServerProcess(args, plant === "lying-disk" ? LYING : []);
  const wrongEnd = await writeAndCut(writing, round);
  disk.recover();
  const server = await startAgain(args, plant);
  if (typeof server === "string") return [...wrongEnd, server];
  try {
    const held = await readHeld(server.url);
    const halves = findHalves(held);
    const lost = oracle.check(held);
    const integrity = await readVerdict(server);
    server.kill("SIGTERM");
    const exitCode = await server.exited;
    requireSoundDatabase(store);
    const wrong = [
      ...wrongEnd,
      ...halves,
      // Where it is unneeded, not even the mark of the start has come to the disk, let alone a write behind it.
      ...(integrity === "passed" || (plant === "relaxed" && integrity === "unneeded")
        ? []
        : [`the check of the restarted server says: ${integrity}`]),
      ...(exitCode === 0 ? [] : [`the restarted server ended with exit code ${exitCode}`]),
    ];
    // What is acknowledged without a sync may be lost, but the store stays whole.
    if (plant === "relaxed" && wrong.length > 0) throw new Error(wrong.join("; "));
    return [...wrong, ...lost];
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

/** Returns what is wrong with how the server ends: with the power it has lost its disk, and stops by itself. */
async function writeAndCut(server: ServerProcess, { disk, oracle, random, round }: Round): Promise<readonly string[]> {
  const isEarly = round === 0 && random.oneIn(2);
  const after = 1 + random.below(isEarly ? EARLY_ACKNOWLEDGEMENTS_MAX : ACKNOWLEDGEMENTS_MAX);
  const tail = round % BULK_ROUNDS === 1 ? BULK_TEXT : "";
  const patience = setTimeout(() => server.kill("SIGKILL"), ROUND_MS_MAX);
  try {
    await writeUntilGone({ url: server.url, oracle, random, tail, cut: { after, call: () => disk.cut() } });
    const exitCode = await server.exited;
    if (exitCode === FAILED_DISK_EXIT_CODE) return [];
    return [`the server without its disk ended with exit code ${exitCode} (null: killed as it did not end)`];
  } finally {
    clearTimeout(patience);
    server.kill("SIGKILL");
    await server.exited;
  }
}

/** The server, or a sentence on why it does not start. */
async function startAgain(args: readonly string[], plant: string | null): Promise<ServerProcess | string> {
  try {
    return await startServerProcess(args);
  } catch (error) {
    if (!(error instanceof FailedStart) || plant === "relaxed") throw error;
    return `the server does not start again: ${error.output.trim().split("\n").at(-1)}`;
  }
}

/** What the server's own check of its entries comes to, which it makes after a stop that was none. */
async function readVerdict(server: ServerProcess): Promise<string> {
  let verdict = "running";
  const look = async () => {
    const answer = await (await fetch(`${server.url}/-/info`)).text();
    const info: { readonly store: { readonly integrity: string } } = JSON.parse(answer);
    verdict = info.store.integrity;
    return verdict !== "running";
  };
  await pollUntil(look, { ms: CHECK_MS_MAX, intervalMs: 5, what: () => "The check of the entries does not end" });
  return verdict;
}
