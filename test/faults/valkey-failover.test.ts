// Primaries that are killed with -9 and primaries that hang (SIGSTOP), under load, behind Sentinels and in a cluster: the store is
// served again within seconds, clients are told within their deadline, nothing acknowledged is lost, nothing refused is made,
// nothing is made twice; and a watcher sees all of it. ROUNDS=20 kills as often, STOPS=5 stops as often; SEED= repeats the choices.
//
// Each primary has two replicas: with one, the promise replicated:1 could not be kept from the kill until the killed node is
// back, and writes would rightly be refused for so long.
import { expect, test } from "bun:test";
import { FaultLoad } from "../support/fault-load.ts";
import { clusterStore, DEADLINE_MS, SLACK_MS, sentinelStore, withKeyholds } from "../support/keyhold-fleet.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
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
const BACK_AFTER_KILL_MS = 5000;
const BACK_AFTER_STOP_MS = 6000;
const PATIENCE_MS = 30_000;
const TEST_MS = 60_000 + (ROUNDS + STOPS) * 40_000;

/** What is tested, alike for both ways to fail over. */
interface Failing extends ServerGroup {
  readonly store: readonly string[];
  /** The primary to fail next. */
  victim(random: SeededRandom): Promise<ValkeyNode>;
  /** Makes a node that was killed and started, or stopped and continued, a replica again, and waits for that. */
  untilWhole(node: ValkeyNode): Promise<void>;
}

interface Round {
  readonly how: "killed" | "stopped";
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
          expect(load.slowestMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
          const late = rounds.filter(
            ({ how, gapMs }) => gapMs > (how === "killed" ? BACK_AFTER_KILL_MS : BACK_AFTER_STOP_MS),
          );
          expect(late).toEqual([]);
        });
      } finally {
        await servers.stop();
      }
    },
    TEST_MS,
  );
}

async function kill(servers: Failing, load: FaultLoad, random: SeededRandom): Promise<Round> {
  const victim = await servers.victim(random);
  load.takeLongestGapMs();
  await victim.kill();
  await load.untilServed(WRITES_AROUND, PATIENCE_MS);
  const gapMs = load.takeLongestGapMs();
  await victim.restart();
  await servers.untilWhole(victim);
  return { how: "killed", gapMs };
}

async function stop(servers: Failing, load: FaultLoad, random: SeededRandom): Promise<Round> {
  const victim = await servers.victim(random);
  load.takeLongestGapMs();
  victim.pause();
  let gapMs = 0;
  try {
    await load.untilServed(WRITES_AROUND, PATIENCE_MS);
    gapMs = load.takeLongestGapMs();
  } finally {
    // It wakes up as a primary, with what was sent to it meanwhile.
    victim.resume();
  }
  await load.untilServed(WRITES_AROUND, PATIENCE_MS);
  await servers.untilWhole(victim);
  return { how: "stopped", gapMs };
}

function report(name: string, load: FaultLoad, rounds: readonly Round[], watcher: WatchCollector): void {
  const gaps = rounds.map(({ how, gapMs }) => `${how} ${(gapMs / 1000).toFixed(1)} s`);
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
    victim: (random) => cluster.primaryOf(random.below(SLOTS)),
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
    victim: () => set.primary(),
    async untilWhole(node) {
      // Sentinels do so too, some ten seconds later.
      const { host, port } = (await set.primary()).address;
      await node.ask("REPLICAOF", host, String(port));
      await untilRole(node, "slave");
      await untilLinked(await set.primary(), REPLICAS);
    },
    stop: () => set.stop(),
  };
}

async function untilRole(node: ValkeyNode, role: string): Promise<void> {
  await pollUntil(async () => String(await node.ask("ROLE")).startsWith(role), {
    ms: PATIENCE_MS,
    what: () => `The node on port ${node.address.port} is no ${role}`,
  });
}
