// The network is cut with the clients and their Keyhold on the side of the isolated primary, which does not know yet that another
// has taken its place. With the promise replicated:1 nothing that was acknowledged there is lost once the network is whole again;
// with applied as much as was written until the primary stopped by itself, which is printed. ROUNDS=5 cuts as often.
//
// Servers stand in network namespaces of their own (network-islands.ts); both promises are looked at in the same cut, by two
// servers in the namespace of the primary.
import { describe, expect, test } from "bun:test";
import { FaultLoad, type Verdict } from "../support/fault-load.ts";
import { clusterStore, sentinelStore, withKeyholds } from "../support/keyhold-fleet.ts";
import { islandsTrouble, makeNetworkIslands, type NetworkIslands } from "../support/network-islands.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { startCluster } from "../support/valkey-cluster.ts";
import type { ServerGroup } from "../support/valkey-group.ts";
import type { ValkeyNode } from "../support/valkey-node.ts";
import { startSentinelSet } from "../support/valkey-sentinel.ts";
import { untilLinked } from "../support/valkey-standalone.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 1);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** From so many rounds on it would be strange if `applied` had lost nothing. */
const ROUNDS_TELLING = 5;
const DETECTION_MS = 2000;
const CLIENTS = 8;
const SLOTS = 16_384;
const WRITES_BEFORE = 20;
const PATIENCE_MS = 30_000;
const TEST_MS = 60_000 + ROUNDS * 60_000;
const PROMISES = ["replicated:1", "applied"] as const;

/** Servers on islands, of whichever kind. */
interface Islanders extends ServerGroup {
  readonly store: readonly string[];
  /** The primary that is to be cut off, and its replicas. */
  victim(round: number): Promise<{ readonly node: ValkeyNode; readonly replicas: readonly ValkeyNode[] }>;
  /** Resolves when the servers are one again after a cut. */
  untilWhole(node: ValkeyNode, round: number): Promise<void>;
}

const trouble = islandsTrouble();
if (trouble !== null) console.log(`Skipped: the tests of cut networks need network namespaces; ${trouble}`);

describe.skipIf(trouble !== null)("a network cut with the writers beside the isolated primary", () => {
  for (const [name, count, start] of [
    ["a cluster", 6, startIslandCluster],
    ["Sentinels", 3, startIslandSentinels],
  ] as const) {
    // Mostly they wait for time to pass.
    test.concurrent(
      `${name}: replicated:1 loses nothing that it acknowledged, in ${ROUNDS} cuts`,
      async () => {
        const islands = makeNetworkIslands(count);
        try {
          await cutAndMend(name, islands, await start(islands));
        } finally {
          islands.close();
        }
      },
      TEST_MS,
    );
  }
});

async function cutAndMend(name: string, islands: NetworkIslands, servers: Islanders): Promise<void> {
  try {
    let lostByApplied = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [replicated, applied] = await cutOnce({ name, islands, servers, round });
      expect(replicated).toEqual({ lost: 0, differences: [] });
      lostByApplied += applied.lost;
    }
    if (ROUNDS >= ROUNDS_TELLING) expect(lostByApplied).toBeGreaterThan(0);
  } finally {
    await servers.stop();
  }
}

/** @returns what each of the promises came to */
async function cutOnce(parts: {
  readonly name: string;
  readonly islands: NetworkIslands;
  readonly servers: Islanders;
  readonly round: number;
}): Promise<readonly [Verdict, Verdict]> {
  const { name, islands, servers, round } = parts;
  const { node, replicas } = await servers.victim(round);
  const island = islands.places.findIndex(({ host }) => host === node.address.host);
  const place = islands.places[island];
  if (place === undefined) throw new Error("The primary stands on no island");
  const commands = PROMISES.map((promise) => [
    ...[...servers.store, "--promise", promise, "--store-prefix", promise.replace(":", "")],
    ...["--host", place.host, "--insecure-public"],
  ]);
  const verdicts: Verdict[] = [];
  await withKeyholds(
    commands,
    async (keyholds) => {
      const loads = await writeDuringCut(keyholds, { islands, island, replicas, round });
      for (const [index, load] of loads.entries()) {
        const keyhold = keyholds[index];
        if (keyhold === undefined) throw new Error("A server is missing");
        await untilGoneOver(keyhold);
        const { url } = keyhold;
        const verdict = await load.check(url);
        verdicts.push(verdict);
        console.log(
          `partition: ${name}, ${PROMISES[index]}, SEED=${SEED}, ${load.acknowledged} acknowledged, ${load.unknown} unknown, ` +
            `${verdict.lost} lost; answers ${load.statuses}`,
        );
        expect(load.problems).toEqual([]);
      }
    },
    place.launcher,
  );
  if (round + 1 < ROUNDS) await servers.untilWhole(node, round);
  const [replicated, applied] = verdicts;
  if (replicated === undefined || applied === undefined) throw new Error("Both promises are wanted");
  return [replicated, applied];
}

/** Writes on the primary's side until the other side has chosen another and some time more; both sides are one again then. */
async function writeDuringCut(
  keyholds: readonly ServerProcess[],
  cut: {
    readonly islands: NetworkIslands;
    readonly island: number;
    readonly replicas: readonly ValkeyNode[];
    readonly round: number;
  },
): Promise<readonly FaultLoad[]> {
  const { islands, island, replicas, round } = cut;
  const loads = keyholds.map(
    ({ url }) => new FaultLoad({ url, clients: CLIENTS, seed: SEED + round, name: `round${round}` }),
  );
  try {
    await Promise.all(loads.map((load) => load.untilServed(WRITES_BEFORE, PATIENCE_MS)));
    islands.cut(island);
    await pollUntil(async () => (await Promise.all(replicas.map(isPrimary))).some(Boolean), {
      ms: PATIENCE_MS,
      what: () => "No replica has become the primary",
    });
    // The isolated one is written to for some time more, as far as it lets anybody.
    await Promise.all(loads.map((load) => load.untilAsked(CLIENTS)));
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
    islands.mend(island);
  }
  return loads;
}

async function startIslandCluster({ places }: NetworkIslands): Promise<Islanders> {
  const random = makeSeededRandom(SEED);
  const cluster = await startCluster({
    nodeTimeoutMs: DETECTION_MS,
    appendFsync: "everysec",
    placeOf: (index) => placeAt(places, index),
  });
  const slots = Array.from({ length: ROUNDS }, () => random.below(SLOTS));
  const slotOf = (round: number) => slots[round] ?? 0;
  return {
    ca: null,
    store: clusterStore(cluster),
    victim: async (round) => ({
      node: await cluster.primaryOf(slotOf(round)),
      replicas: await cluster.replicasOf(slotOf(round)),
    }),
    async untilWhole(node, round) {
      await untilReplica(node);
      await cluster.untilOk();
      await untilLinked(await cluster.primaryOf(slotOf(round)), 1);
    },
    stop: () => cluster.stop(),
  };
}

async function startIslandSentinels({ places }: NetworkIslands): Promise<Islanders> {
  const set = await startSentinelSet({
    downAfterMs: DETECTION_MS,
    appendFsync: "everysec",
    placeOf: (index) => placeAt(places, index),
  });
  return {
    ca: null,
    store: sentinelStore(set),
    async victim() {
      const node = await set.primary();
      return { node, replicas: set.nodes.filter((other) => other !== node) };
    },
    async untilWhole(node) {
      await untilReplica(node);
      const primaries = await Promise.all(set.nodes.map(isPrimary));
      const primary = set.nodes[primaries.indexOf(true)];
      if (primary === undefined) throw new Error("There is no primary");
      await untilLinked(primary, set.nodes.length - 1);
    },
    stop: () => set.stop(),
  };
}

/** Data nodes first, then Sentinels, one of each on an island. */
function placeAt(places: NetworkIslands["places"], index: number) {
  const place = places[index % places.length];
  if (place === undefined) throw new Error("There are no islands");
  return place;
}

/** Of a node that was a primary and has heard that it is none any more: Sentinels take some ten seconds to say so. */
async function untilReplica(node: ValkeyNode): Promise<void> {
  await pollUntil(async () => String(await node.ask("ROLE").catch(() => "")).startsWith("slave"), {
    ms: PATIENCE_MS,
    what: () => `The node on port ${node.address.port} goes on as a primary`,
  });
}

/** One that cannot be asked just now is none. */
async function isPrimary(node: ValkeyNode): Promise<boolean> {
  return String(await node.ask("ROLE").catch(() => "")).startsWith("master");
}

/** By itself: it has found the primary that the other side chose, and can keep its promise there. */
async function untilGoneOver({ url, output }: ServerProcess): Promise<void> {
  await pollUntil(
    async () => /"event":"primar(?:y|ies)-changed"/.test(output()) && (await fetch(`${url}/-/ready`)).status === 200,
    { ms: PATIENCE_MS, what: () => "The server does not find the new primary" },
  );
}
