// The network is cut with the clients and their Keyholds on the side of the isolated primary, which does not know yet that another
// has taken its place; then it is whole again, and the clients go on. Four Keyholds, one of each promise, stand in the same cut:
// replicated:* loses nothing that it acknowledged there, applied and fsync lose what went to the wrong side, which is counted.
//
// Servers stand in network namespaces of their own (network-islands.ts), the Keyholds in that of the primary.
import { islandsTrouble, makeNetworkIslands, type NetworkIslands } from "../support/network-islands.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { kindOf, lacksServer, serverVersion } from "./failover.ts";
import type { Findings, Method, Run } from "./method.ts";
import {
  dataNodesOf,
  type FailingServers,
  KINDS,
  PATIENCE_MS,
  startFailing,
  untilOneIsPrimary,
} from "./valkey/failing-servers.ts";
import { runInLanes } from "./valkey/in-lanes.ts";
import { LossTally } from "./valkey/loss-tally.ts";
import { PROMISES, type Promised, PromiseLoads, withPromisers } from "./valkey/promise-loads.ts";

/** Of each promise. */
const CLIENTS = 6;
/** Writes of each client before the cut, and once it is healed. */
const WRITES_AROUND = 20;
const ROUNDS_LONG = 40;
const APPLIED_AS_REPLICATED: readonly (readonly [Promised, Promised])[] = [["applied", "replicated:1"]];
const EACH_AS_ITSELF = PROMISES.map((promise) => [promise, promise] as const);

export const partition: Method = {
  name: "partition",
  summary:
    "Cuts the network with the writers beside the isolated primary of Valkey, heals it, and compares each promise",
  unit: "cuts",
  rounds: { short: 1, long: ROUNDS_LONG },
  variants: KINDS,
  plants: [
    {
      name: "applied-as-replicated",
      summary: "writes are acknowledged as replicated:1 that no replica has",
      finds: /was acknowledged and is gone|(?:answered|read) \d+, with \d+ acknowledged/,
      rounds: 1,
    },
  ],
  lacks() {
    const trouble = islandsTrouble();
    return trouble === null ? lacksServer() : `It needs network namespaces: ${trouble}`;
  },
  run: (run) => runPartition(run),
};

interface Cut {
  readonly islands: NetworkIslands;
  readonly servers: FailingServers;
  readonly random: SeededRandom;
  readonly tally: LossTally;
  readonly round: number;
  readonly seed: number;
  readonly plant: string | null;
}

async function runPartition({ rounds, seed, variant, plant, say }: Run): Promise<Findings> {
  const kind = kindOf(variant);
  const tally = new LossTally();
  let cuts = 0;
  await runInLanes({ rounds, plant, tally, say }, async ({ number, makeRounds }) => {
    // A primary with two replicas behind Sentinels, as they need three places to agree; with one each in a cluster.
    const options = { replicas: kind === "cluster" ? 1 : 2 };
    const islands = makeNetworkIslands(dataNodesOf(kind, options));
    try {
      const servers = await startFailing(kind, { ...options, places: islands.places });
      const random = makeSeededRandom(seed * 10 + number);
      try {
        await makeRounds(async (round) => {
          await cutOnce({ islands, servers, random, tally, round, seed, plant });
          cuts++;
        });
      } finally {
        await servers.stop();
      }
    } finally {
      islands.close();
    }
  });
  return tally.findings({ servers: serverVersion(), cuts });
}

/** Cuts the network under load, mends it, and compares. */
async function cutOnce({ islands, servers, random, tally, round, seed, plant }: Cut): Promise<void> {
  const { node, replicas } = await servers.victim(random);
  const island = islands.places.findIndex(({ host }) => host === node.address.host);
  const place = islands.places[island];
  if (place === undefined) throw new Error("The primary stands on no island");
  const options = {
    store: servers.store,
    promises: plant === null ? EACH_AS_ITSELF : APPLIED_AS_REPLICATED,
    args: ["--host", place.host, "--insecure-public"],
    wrapper: place.launcher,
    doublingSeed: null,
  };
  await withPromisers(options, async (promisers) => {
    const mayLose = (promise: Promised) => !promise.startsWith("replicated");
    const loads = new PromiseLoads(promisers, {
      clients: CLIENTS,
      seed: seed + round,
      name: `round${round}-`,
      mayLose,
    });
    try {
      await loads.untilServed(WRITES_AROUND);
      loads.takeLongestGapMs();
      islands.cut(island);
      try {
        await untilOneIsPrimary(replicas, 0);
        // The isolated one is written to for some time more, as far as it lets anybody.
        await loads.untilAsked(CLIENTS);
      } finally {
        islands.mend(island);
      }
      // By themselves.
      await Promise.all(promisers.map(({ server }) => untilGoneOver(server)));
      await loads.untilServed(WRITES_AROUND);
      tally.noteGap(loads.takeLongestGapMs());
    } finally {
      await loads.stop();
    }
    await loads.check(tally, `cut ${round}`);
    if (plant !== null) return;
    await servers.untilWhole(node);
    await loads.remove();
  });
}

/** It has found the primary that the other side chose, and can keep its promise there. */
async function untilGoneOver({ url, output }: ServerProcess): Promise<void> {
  await pollUntil(
    async () => /"event":"primar(?:y|ies)-changed"/.test(output()) && (await fetch(`${url}/-/ready`)).status === 200,
    { ms: PATIENCE_MS, what: () => "A server does not find the new primary" },
  );
}
