// Primaries that are killed with -9 and primaries that hang (SIGSTOP), under load, behind Sentinels and in a cluster: the store is
// served again within seconds, clients are told within their deadline, nothing acknowledged is lost, nothing refused is made,
// nothing is made twice; and a watcher sees all of it. ROUNDS=20 kills as often, STOPS=5 stops as often; SEED= repeats the choices;
// BARS=1 asks that the times be kept.
//
// Each primary has two replicas: with one, the promise replicated:1 could not be kept from the kill until the killed node is
// back, and writes would rightly be refused for so long.
import { expect, test } from "bun:test";
import { FaultLoad } from "../support/fault-load.ts";
import { clusterStore, DEADLINE_MS, SLACK_MS, sentinelStore, withKeyholds } from "../support/keyhold-fleet.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { expectWithin } from "../support/time-bar.ts";
import { startCluster } from "../support/valkey-cluster.ts";
import type { ServerGroup } from "../support/valkey-group.ts";
import type { ValkeyNode } from "../support/valkey-node.ts";
import { startSentinelSet } from "../support/valkey-sentinel.ts";
import { untilLinked } from "../support/valkey-standalone.ts";
import { WatchCollector } from "../support/watch-collector.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 2);
const STOPS = Number(process.env["STOPS"] ?? 1);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const DETECTION_MS = 2000;
const REPLICAS = 2;
const CLIENTS = 24;
const SLOTS = 16_384;
/** Writes of each client before and after each failure. */
const WRITES_AROUND = 20;
const BACK_AFTER_MS = { killed: 5000, stopped: 6000 } as const;
/** On a machine that is busy with other things, what is asked of Keyhold alone: from when the servers can keep the promise again. */
const BACK_AFTER_SERVERS_MS = 1000;
/** Sentinels that could not agree try again after twenty seconds. */
const PATIENCE_MS = 60_000;
const TEST_MS = 60_000 + (ROUNDS + STOPS) * 40_000;

/** What is tested, alike for both ways to fail over. */
interface Failing extends ServerGroup {
  readonly store: readonly string[];
  /** The primary to fail next, and nodes of which one will take its place. */
  victim(random: SeededRandom): Promise<Victim>;
  /** Makes a node that was killed and started, or stopped and continued, a replica again, and waits for that. */
  untilWhole(node: ValkeyNode): Promise<void>;
}

interface Victim {
  readonly node: ValkeyNode;
  readonly replicas: readonly ValkeyNode[];
}

interface Round {
  readonly how: keyof typeof BACK_AFTER_MS;
  /** From the failure until a replica was the primary and had a replica itself, about. */
  readonly serversMs: number;
  /** The longest that a client was not served. */
  readonly gapMs: number;
}

for (const [name, start] of [
  ["a cluster", startFailingCluster],
  ["Sentinels", startFailingSentinels],
] as const) {
  test(
    `${name}: ${ROUNDS} kills and ${STOPS} stops of a primary lose no acknowledged write`,
    async () => {
      const servers = await start();
      try {
        await withKeyholds([[...servers.store, "--promise", "replicated:1"]], async ([server]) => {
          const url = server?.url ?? "";
          const rounds: Round[] = [];
          const random = makeSeededRandom(SEED);
          const watcher = await WatchCollector.start(url, "load");
          const load = new FaultLoad({ url, clients: CLIENTS, seed: SEED, name: "load" });
          await load.untilServed(WRITES_AROUND, PATIENCE_MS);
          for (let round = 0; round < ROUNDS; round++) rounds.push(await kill(servers, load, random));
          for (let round = 0; round < STOPS; round++) rounds.push(await stop(servers, load, random));
          await load.stop();
          await watcher.untilSeen(load.created, PATIENCE_MS);
          report(name, load, rounds, watcher);
          await watcher.stop();
          expect(await load.check(url)).toEqual({ lost: 0, differences: [] });
          expect(load.problems).toEqual([]);
          expectWithin("the slowest answer", load.slowestMs, DEADLINE_MS + SLACK_MS);
          for (const round of rounds) expectWithin(`${name}, ${round.how}: without service`, round.gapMs, barOf(round));
        });
      } finally {
        await servers.stop();
      }
    },
    TEST_MS,
  );
}

async function kill(servers: Failing, load: FaultLoad, random: SeededRandom): Promise<Round> {
  const { node, replicas } = await servers.victim(random);
  load.takeLongestGapMs();
  await node.kill();
  const times = await untilServed(load, replicas);
  await node.restart();
  await servers.untilWhole(node);
  return { how: "killed", ...times };
}

async function stop(servers: Failing, load: FaultLoad, random: SeededRandom): Promise<Round> {
  const { node, replicas } = await servers.victim(random);
  load.takeLongestGapMs();
  node.pause();
  try {
    const times = await untilServed(load, replicas);
    // It wakes up as a primary, with what was sent to it meanwhile.
    node.resume();
    await load.untilServed(WRITES_AROUND, PATIENCE_MS);
    await servers.untilWhole(node);
    return { how: "stopped", ...times };
  } finally {
    node.resume();
  }
}

/** Waits for the servers, and for all clients to be served. */
async function untilServed(
  load: FaultLoad,
  replicas: readonly ValkeyNode[],
): Promise<Pick<Round, "serversMs" | "gapMs">> {
  const failedAt = performance.now();
  const chosen = untilOneIsPrimary(replicas).then(() => performance.now() - failedAt);
  const [serversMs] = await Promise.all([chosen, load.untilServed(WRITES_AROUND, PATIENCE_MS)]);
  return { serversMs, gapMs: load.takeLongestGapMs() };
}

/** One of these has become the primary, and has another that confirms its writes. */
async function untilOneIsPrimary(replicas: readonly ValkeyNode[]): Promise<void> {
  const isPrimary = async (node: ValkeyNode) => {
    const info = String(await node.ask("INFO", "replication"));
    return info.includes("role:master") && info.includes("state=online");
  };
  const isPrimaryNow = (node: ValkeyNode) => isPrimary(node).catch(() => false);
  await pollUntil(async () => (await Promise.all(replicas.map(isPrimaryNow))).some(Boolean), {
    ms: PATIENCE_MS,
    what: () => "No replica has become the primary",
  });
}

function barOf({ how, serversMs }: Round): number {
  return Math.max(BACK_AFTER_MS[how], serversMs + BACK_AFTER_SERVERS_MS);
}

function report(name: string, load: FaultLoad, rounds: readonly Round[], watcher: WatchCollector): void {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const gaps = rounds.map(({ how, serversMs, gapMs }) => `${how} ${seconds(gapMs)} (servers ${seconds(serversMs)})`);
  console.log(
    `failover: ${name}, SEED=${SEED}, ${load.acknowledged} acknowledged, ${load.unknown} unknown; answers ${load.statuses}; ` +
      `slowest ${load.slowestMs.toFixed(0)} ms; longest without service: ${gaps.join(", ")}; a watcher had ${watcher.summary}`,
  );
}

async function startFailingCluster(): Promise<Failing> {
  const cluster = await startCluster({
    nodeTimeoutMs: DETECTION_MS,
    replicasPer: REPLICAS,
    appendFsync: "everysec",
  });
  return {
    ca: null,
    store: clusterStore(cluster),
    async victim(random) {
      const node = await cluster.primaryOf(random.below(SLOTS));
      // All replicas: what nodes list as those of a slot can be out of date for some seconds.
      const roles = await Promise.all(cluster.nodes.map((each) => each.ask("ROLE")));
      return { node, replicas: cluster.nodes.filter((_, index) => String(roles[index]).startsWith("slave")) };
    },
    async untilWhole(node) {
      await untilRole(node, "slave");
      await cluster.untilOk();
      for (const slot of [0, SLOTS / 2, SLOTS - 1]) await untilLinked(await cluster.primaryOf(slot), REPLICAS);
    },
    stop: () => cluster.stop(),
  };
}

async function startFailingSentinels(): Promise<Failing> {
  const set = await startSentinelSet({ downAfterMs: DETECTION_MS, replicas: REPLICAS, appendFsync: "everysec" });
  return {
    ca: null,
    store: sentinelStore(set),
    async victim() {
      const node = await set.primary();
      return { node, replicas: set.nodes.filter((other) => other !== node) };
    },
    async untilWhole(node) {
      const isWhole = async () => {
        const primary = await set.primary();
        const { host, port } = primary.address;
        // Sentinels do so too, some ten seconds later. Said again, it does nothing.
        if (primary !== node) await node.ask("REPLICAOF", host, String(port));
        const info = String(await primary.ask("INFO", "replication"));
        return info.split("state=online").length === REPLICAS + 1;
      };
      // One that reads its data refuses to be asked.
      await pollUntil(() => isWhole().catch(() => false), {
        ms: PATIENCE_MS,
        what: () => `The primary has fewer than ${REPLICAS} replicas`,
      });
      await set.untilSettled();
    },
    stop: () => set.stop(),
  };
}

async function untilRole(node: ValkeyNode, role: string): Promise<void> {
  const hasRole = async () => String(await node.ask("ROLE")).startsWith(role);
  await pollUntil(() => hasRole().catch(() => false), {
    ms: PATIENCE_MS,
    what: () => `The node on port ${node.address.port} is no ${role}`,
  });
}
