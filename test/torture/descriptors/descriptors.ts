// A server that may open few files, and clients that want more connections than that: it serves those that it has, tells or turns
// away the others, takes new ones as soon as there is room, does not spin, and loses nothing that it has acknowledged.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { withPatience } from "../../support/patience.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { tellsMemory } from "../../support/process-memory.ts";
import { KEYHOLD, SERVE, type ServerProcess, startListening } from "../../support/server-process.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { Client } from "./client.ts";

const FILES = 64;
/** Of each round. */
const CONNECTIONS = 100;
const IDLE_SECONDS = 3;
/** How long the server is looked at while there is no room. */
const LOOK_MS = 400;
/** Of one core, that a server with nothing to do may ask for. */
const DEMAND_MAX = 0.5;
const PATIENCE_MS = 10_000;
const LATE_MS = 30_000;

export const descriptors: Method = {
  name: "descriptors",
  summary: "More connections than the server may open files: it serves, refuses and recovers, and loses nothing",
  unit: "waves of connections",
  rounds: { short: 1, long: 20 },
  variants: [],
  plants: [
    {
      name: "never-idle",
      summary: "clients that rest are never cut, so that nobody else gets in",
      finds: /Nobody else is let in/,
      rounds: 1,
    },
    {
      name: "lowered-limit",
      summary: "the limit is lowered where the server does not see it, and it spins",
      finds: /% of a core/,
      rounds: 1,
    },
    {
      name: "write-lost",
      summary: "an acknowledged write is taken back behind the server's back",
      finds: /was acknowledged and is lost/,
      rounds: 1,
    },
  ],
  lacks: () =>
    tellsMemory && Bun.which("prlimit") !== null ? null : "It needs Linux and prlimit, of Debian's util-linux.",
  run,
};

interface Counts {
  tried: number;
  served: number;
  told: number;
  turnedAway: number;
  backups: number;
  lost: number;
  /** The most of one core that was asked for while there was no room, as a share. */
  demand: number;
}

async function run({ rounds, plant, directory, say }: Run): Promise<Findings> {
  const counts: Counts = { tried: 0, served: 0, told: 0, turnedAway: 0, backups: 0, lost: 0, demand: 0 };
  const faults: string[] = [];
  const store = ["--store", `sqlite:${directory}/store`];
  const idle = ["--idle-timeout", plant === "never-idle" ? "255s" : `${IDLE_SECONDS}s`];
  const server = await startLimited([...store, ...idle], plant === "lowered-limit");
  const acknowledged = new Set<string>();
  try {
    const faultsMax = plant === null ? FAULTS_MAX : 1;
    for (let round = 0; round < rounds && faults.length < faultsMax; round++) {
      await playWave(server, { round, counts, acknowledged, faults });
      if (round % Math.ceil(rounds / 12) === 0) say(`${counts.tried} connections, ${counts.served} served`);
    }
    if (plant === "write-lost") await takeBack(server, acknowledged);
    server.kill("SIGTERM");
    const code = await server.exited;
    if (code !== 0) faults.push(`The server ended with ${code} after SIGTERM: ${server.output().slice(-1000)}`);
  } catch (error) {
    if (plant !== null) throw error;
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
  await lookForLost(store, { acknowledged, counts, faults });
  return { figures: figuresOf(counts, acknowledged), faults };
}

/** @param isHidden - whether the limit is set only when the server has looked at it */
async function startLimited(args: readonly string[], isHidden: boolean): Promise<ServerProcess> {
  const command = [...KEYHOLD, ...SERVE, ...args];
  if (!isHidden) return await startListening(["prlimit", `--nofile=${FILES}`, "--", ...command]);
  const server = await startListening(command);
  spawnSync("prlimit", ["--pid", String(server.pid), `--nofile=${FILES}`]);
  return server;
}

async function playWave(
  server: ServerProcess,
  wave: {
    readonly round: number;
    readonly counts: Counts;
    readonly acknowledged: Set<string>;
    readonly faults: string[];
  },
): Promise<void> {
  const { round, counts, acknowledged, faults } = wave;
  const openedAt = performance.now();
  const steady = await Client.open(server.url);
  const backup = await Client.open(server.url);
  const crowd = Array.from({ length: CONNECTIONS }, async (_, index) => {
    const key = `r${round}n${index}`;
    const client = await Client.open(server.url);
    const answer = (await client?.ask(`PUT /${key}`, key)) ?? null;
    if (answer?.status === 201) acknowledged.add(key);
    return { client, answer };
  });
  const all = Promise.all(crowd);
  // Where connections wait for room, those before them must rest for as long as they may.
  const asked = await withPatience(all, { ms: LATE_MS, what: `To answer or to close ${CONNECTIONS} connections` });
  counts.tried += CONNECTIONS;
  for (const { answer } of asked) {
    if (answer === null) counts.turnedAway++;
    else if (answer.status === 503) counts.told++;
    else if (answer.status === 201) counts.served++;
    else faults.push(`A write was answered ${answer.status}: ${answer.body}`);
  }
  await lookWhileFull(server, { steady, backup, openedAt, round, acknowledged, counts, faults });
  // Nobody but the server ends them.
  await pollUntil(async () => (await tryWrite(server, `r${round}after`, acknowledged)) === 201, {
    ms: PATIENCE_MS,
    what: () => "Nobody else is let in, though those who were served have long been at rest",
  }).catch((error: Error) => faults.push(error.message));
  for (const { client } of asked) client?.close();
  steady?.close();
  backup?.close();
}

async function lookWhileFull(
  server: ServerProcess,
  full: {
    readonly steady: Client | null;
    readonly backup: Client | null;
    readonly openedAt: number;
    readonly round: number;
    readonly acknowledged: Set<string>;
    readonly counts: Counts;
    readonly faults: string[];
  },
): Promise<void> {
  const { steady, backup, openedAt, round, acknowledged, counts, faults } = full;
  const extra = await Promise.all(Array.from({ length: FILES }, () => Client.open(server.url)));
  const demand = await demandOf(server.pid);
  counts.demand = Math.max(counts.demand, demand);
  if (demand > DEMAND_MAX)
    faults.push(`With nothing to do the server asks for ${Math.round(demand * 100)} % of a core`);
  for (const client of extra) client?.close();
  // On a machine that is so busy that they have rested for too long.
  const isCutByRight = () => performance.now() - openedAt > IDLE_SECONDS * 1000;
  const key = `r${round}steady`;
  const written = await steady?.ask(`PUT /${key}`, key);
  if (written?.status === 201) acknowledged.add(key);
  else if (isCutByRight()) return;
  else faults.push(`A client that was there before was answered ${written?.status ?? "by a close"}`);
  const copied = await backup?.ask("GET /-/backup", "");
  if (copied?.status === 200) counts.backups++;
  else if (copied?.status !== 503)
    faults.push(`A backup was answered ${copied?.status ?? "by a close"}: ${copied?.body.slice(0, 300)}`);
}

/** What the main thread asks for, of one core: what it gets, and what it waits for because others have it. */
async function demandOf(pid: number): Promise<number> {
  const usedNs = () => {
    const [runNs = 0, waitNs = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
    return runNs + waitNs;
  };
  await Bun.sleep(LOOK_MS / 2);
  const [before, startedAt] = [usedNs(), performance.now()];
  await Bun.sleep(LOOK_MS);
  return (usedNs() - before) / 1e6 / (performance.now() - startedAt);
}

async function tryWrite(server: ServerProcess, key: string, acknowledged: Set<string>): Promise<number | null> {
  const client = await Client.open(server.url);
  const answer = await Promise.race([client?.ask(`PUT /${key}`, key), Bun.sleep(PATIENCE_MS / 3).then(() => null)]);
  client?.close();
  if (answer?.status === 201 || answer?.status === 204) acknowledged.add(key);
  return answer?.status === 204 ? 201 : (answer?.status ?? null);
}

/** A server without the limit has all that was acknowledged. */
async function lookForLost(
  store: readonly string[],
  {
    acknowledged,
    counts,
    faults,
  }: { readonly acknowledged: ReadonlySet<string>; readonly counts: Counts; readonly faults: string[] },
): Promise<void> {
  const server = await startListening([...KEYHOLD, ...SERVE, ...store]);
  try {
    for (const key of acknowledged) {
      const value = await (await fetch(`${server.url}/${key}`)).text();
      if (value === key) continue;
      counts.lost++;
      if (faults.length < FAULTS_MAX) faults.push(`${key} was acknowledged and is lost`);
    }
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
}

async function takeBack(server: ServerProcess, acknowledged: ReadonlySet<string>): Promise<void> {
  const [key] = acknowledged;
  await fetch(`${server.url}/${key}`, { method: "DELETE" });
}

function figuresOf(counts: Counts, acknowledged: ReadonlySet<string>): Findings["figures"] {
  return {
    "connections tried": counts.tried,
    served: counts.served,
    "told that there are too many": counts.told,
    "closed without a word": counts.turnedAway,
    "backups made meanwhile": counts.backups,
    "acknowledged writes": acknowledged.size,
    lost: counts.lost,
    "most of a core while full, %": Math.round(counts.demand * 100),
  };
}
