// Primaries that are killed with -9, also ahead of their replicas, and primaries that hang (SIGSTOP), while others are elected in
// their place; and primaries that are killed and come back with their disk, under load: four Keyholds over the same servers, one of each promise. What
// docs/guarantees.md promises of each is compared with what its clients were told; what `applied` and `fsync` lose to an
// election is counted. A watcher must see all that replicated:1 acknowledged, and one of `applied` what was lost.
//
// Each primary has two replicas: with one, the promise replicated:1 could not be kept from the kill until the killed node is
// back, and writes would rightly be refused for so long.
import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { serverProgram, type ValkeyNode } from "../support/valkey-node.ts";
import type { Findings, Method, Run } from "./method.ts";
import {
  type FailingServers,
  KINDS,
  type Kind,
  roleOf,
  startFailing,
  untilOneIsPrimary,
} from "./valkey/failing-servers.ts";
import { runInLanes } from "./valkey/in-lanes.ts";
import { LossTally } from "./valkey/loss-tally.ts";
import { PROMISES, type Promised, PromiseLoads, type Promiser, withPromisers } from "./valkey/promise-loads.ts";
import { Watchers } from "./valkey/watchers.ts";

type Failure = (typeof FAILURES)[number];

/** In turn. */
const FAILURES = ["killed", "stopped", "back with its disk", "killed ahead of its replicas"] as const;

/** What is planted, by the plant's name: in which failure, and who is judged by what. */
const PLANTED: Readonly<
  Record<string, { readonly failure: Failure; readonly promises: readonly [Promised, Promised] }>
> = {
  "applied-as-replicated": { failure: "killed ahead of its replicas", promises: ["applied", "replicated:1"] },
  "log-without-its-end": { failure: "back with its disk", promises: ["fsync", "fsync"] },
  "sent-twice": { failure: "back with its disk", promises: ["replicated:1", "replicated:1"] },
};

const REPLICAS = 2;
/** Of each promise. */
const CLIENTS = 8;
/** Writes of each client before and after each failure. */
const WRITES_AROUND = 20;
/** What a disk that lies has not kept of the log, at most half of it. */
const LOG_BYTES_LOST_MAX = 65_536;
const ROUNDS_LONG = 68;

export const failover: Method = {
  name: "failover",
  summary:
    "Kills, stops and restarts primaries of Valkey under load, and compares each promise with what is there then",
  unit: "failures of a primary",
  rounds: { short: FAILURES.length, long: ROUNDS_LONG },
  variants: KINDS,
  plants: [
    {
      name: "applied-as-replicated",
      summary: "writes are acknowledged as replicated:1 that no replica has",
      finds: /was acknowledged and is gone|(?:answered|read) \d+, with \d+ acknowledged/,
      rounds: 1,
    },
    {
      name: "log-without-its-end",
      summary: "the disk of a primary has not kept what it said to have synced",
      finds: /was acknowledged and is gone|(?:answered|read) \d+, with \d+ acknowledged/,
      rounds: 1,
    },
    {
      name: "sent-twice",
      summary: "some writes are sent a second time",
      finds: / has \d+ twice|answered \d+, with \d+ acknowledged|is \d+, of -?\d+ acknowledged/,
      rounds: 1,
    },
  ],
  lacks: () => lacksServer(),
  run: (run) => runFailover(run),
};

/** As "Valkey 8.0.1". */
export function serverVersion(): string {
  const said = Bun.spawnSync([serverProgram(), "--version"]).stdout.toString();
  const [, name, version] = /^(\w+) server v=(\S+)/.exec(said) ?? [];
  return name === undefined ? said.trim() : `${name} ${version}`;
}

export function lacksServer(): string | null {
  try {
    serverProgram();
    return null;
  } catch (error) {
    return String(error);
  }
}

interface Round {
  readonly servers: FailingServers;
  readonly promisers: readonly Promiser[];
  readonly random: SeededRandom;
  readonly tally: LossTally;
  readonly failure: Failure;
  readonly plant: string | null;
  /** Goes before all keys. */
  readonly name: string;
  readonly seed: number;
  /** How often watchers were told that they may have missed something. */
  readonly noteResets: (count: number) => void;
}

async function runFailover({ rounds, seed, variant, plant, say }: Run): Promise<Findings> {
  const tally = new LossTally();
  const counts: Record<Failure, number> = {
    killed: 0,
    stopped: 0,
    "back with its disk": 0,
    "killed ahead of its replicas": 0,
  };
  let resets = 0;
  const planted = plant === null ? null : PLANTED[plant];
  await runInLanes({ rounds, plant, tally, say }, async ({ number, makeRounds }) => {
    const servers = await startFailing(kindOf(variant), { replicas: REPLICAS, places: null });
    const random = makeSeededRandom(seed * 10 + number);
    const options = {
      store: servers.store,
      promises: planted ? [planted.promises] : PROMISES.map((promise) => [promise, promise] as const),
      args: [],
      wrapper: [],
      doublingSeed: plant === "sent-twice" ? seed : null,
    };
    let before: PromiseLoads | null = null;
    try {
      await withPromisers(options, async (promisers) => {
        await makeRounds(async (round) => {
          const failure = planted?.failure ?? FAILURES[round % FAILURES.length] ?? "killed";
          const where = `round ${round}, ${failure}`;
          const name = `round${round}-`;
          const noteResets = (count: number) => {
            resets += count;
          };
          const made = { servers, promisers, random, tally, failure, plant, name, seed: seed + round, noteResets };
          const loads = await failOnce(made);
          await loads.check(tally, where);
          // What a round before has left is still there after this one.
          await before?.checkAgain(tally, where);
          await before?.remove();
          before = loads;
          counts[failure]++;
        });
      });
    } finally {
      await servers.stop();
    }
  });
  return tally.findings({ servers: serverVersion(), ...counts, "watchers told of a loss": resets });
}

/** @returns the loads that went on all the while, until all clients were served again and the servers were whole */
async function failOnce(round: Round): Promise<PromiseLoads> {
  const { servers, promisers, failure, plant, tally, name } = round;
  const watchers = await Watchers.start(promisers, name);
  const loads = startLoads(round);
  try {
    await loads.untilServed(WRITES_AROUND);
    if (plant === "sent-twice" && loads.hasProblems) return loads;
    loads.takeLongestGapMs();
    const replaced = failure === "back with its disk" ? await restart(round, loads) : await replace(round, loads);
    tally.noteGap(loads.takeLongestGapMs());
    await loads.stop();
    if (plant !== null) return loads;
    await watchers.untilSame(loads);
    round.noteResets(watchers.resets);
    await servers.untilWhole(replaced);
    return loads;
  } finally {
    await loads.stop();
    await watchers.stop();
  }
}

function startLoads({ promisers, seed, name, failure }: Round): PromiseLoads {
  // Where another takes over, what no replica has may be gone.
  const mayLose = (promise: Promised) => failure !== "back with its disk" && !promise.startsWith("replicated");
  return new PromiseLoads(promisers, { clients: CLIENTS, seed, name, mayLose });
}

/** Another takes its place. */
async function replace({ servers, random, failure }: Round, loads: PromiseLoads): Promise<ValkeyNode> {
  const { node, replicas } = await servers.victim(random);
  if (failure === "killed ahead of its replicas") await leaveBehind(node, replicas, loads);
  else if (failure === "killed") await node.kill();
  else node.pause();
  try {
    await Promise.all([untilOneIsPrimary(replicas, 1), loads.untilServed(WRITES_AROUND)]);
    if (failure === "stopped") node.resume();
    else await node.restart();
    // One that was stopped wakes up as a primary, with what was sent to it meanwhile.
    await loads.untilServed(WRITES_AROUND);
  } finally {
    if (node.isRunning) node.resume();
  }
  return node;
}

/**
 * Kills a primary after writes that its replicas do not have: they hang, and what was on its way to them is cut off. Who waits for
 * a replica has nothing acknowledged meanwhile.
 */
async function leaveBehind(node: ValkeyNode, replicas: readonly ValkeyNode[], loads: PromiseLoads): Promise<void> {
  for (const replica of replicas) replica.pause();
  try {
    await node.ask("CLIENT", "KILL", "TYPE", "replica");
    await loads.untilServedAlone(WRITES_AROUND);
    await node.kill();
  } finally {
    for (const replica of replicas) replica.resume();
  }
}

/** No other takes its place: it is back before any of them may. */
async function restart({ servers, random, plant }: Round, loads: PromiseLoads): Promise<null> {
  const { node } = await servers.victim(random);
  await servers.allowElections(false);
  try {
    await node.kill();
    if (plant === "log-without-its-end") cutLog(node);
    await node.restart();
    await loads.untilServed(WRITES_AROUND);
    const role = await roleOf(node);
    if (role !== "master") throw new Error(`The primary that came back is ${role}`);
  } finally {
    await servers.allowElections(true);
  }
  return null;
}

/** The newest file of the log of commands. */
function cutLog({ directory }: ValkeyNode): void {
  const logs = join(directory, "appendonlydir");
  const numberOf = (name: string) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
  const newest = readdirSync(logs).toSorted((a, b) => numberOf(b) - numberOf(a))[0];
  if (newest === undefined) throw new Error(`There is no log in ${logs}`);
  const { size } = statSync(join(logs, newest));
  truncateSync(join(logs, newest), size - Math.min(Math.floor(size / 2), LOG_BYTES_LOST_MAX));
}

export function kindOf(variant: string | null): Kind {
  return KINDS.find((kind) => kind === variant) ?? "cluster";
}
