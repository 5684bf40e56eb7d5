// The servers of a store that the methods failover and partition fail, alike for a cluster and for Sentinels: whom to fail, when
// another has taken its place, when all are whole again.
import { clusterStore, sentinelStore } from "../../support/keyhold-fleet.ts";
import { pollUntil } from "../../support/poll-until.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { startCluster } from "../../support/valkey-cluster.ts";
import type { ServerGroup } from "../../support/valkey-group.ts";
import type { ValkeyNode } from "../../support/valkey-node.ts";
import { startSentinelSet } from "../../support/valkey-sentinel.ts";
import type { Place } from "../../support/valkey-settings.ts";
import { untilLinked } from "../../support/valkey-standalone.ts";

export const KINDS = ["cluster", "sentinel"] as const;
export type Kind = (typeof KINDS)[number];

/** How long servers and clients may take for anything: Sentinels that could not agree try again after twenty seconds. */
export const PATIENCE_MS = 90_000;

export interface FailingServers extends ServerGroup {
  /** What Keyhold is told of them. */
  readonly store: readonly string[];
  /** The primary to fail next, and nodes of which one will take its place. */
  victim(random: SeededRandom): Promise<Victim>;
  /** Whether another may be elected where a primary is silent: so by default. */
  allowElections(areAllowed: boolean): Promise<void>;
  /**
   * Resolves when all primaries have all replicas again.
   *
   * @param replaced - the node whose place another has taken, which becomes a replica; null where none has
   */
  untilWhole(replaced: ValkeyNode | null): Promise<void>;
}

export interface Victim {
  readonly node: ValkeyNode;
  readonly replicas: readonly ValkeyNode[];
}

export interface FailingOptions {
  /** Of each primary. */
  readonly replicas: number;
  /** Where the nodes stand; data nodes first, then Sentinels, dealt out one by one. Null for this machine. */
  readonly places: readonly Place[] | null;
}

/** A primary that is silent for so long is taken for dead. */
const DETECTION_MS = 2000;
const NO_DETECTION_MS = 600_000;
const SLOTS = 16_384;
const PRIMARIES = 3;

/** As many as the places that are wanted for a network that is cut. */
export function dataNodesOf(kind: Kind, { replicas }: Pick<FailingOptions, "replicas">): number {
  return kind === "cluster" ? PRIMARIES * (1 + replicas) : 1 + replicas;
}

export function startFailing(kind: Kind, options: FailingOptions): Promise<FailingServers> {
  return kind === "cluster" ? startFailingCluster(options) : startFailingSentinels(options);
}

/** Resolves when one of these is the primary. @param replicas - so many of which confirm its writes by then */
export async function untilOneIsPrimary(nodes: readonly ValkeyNode[], replicas: number): Promise<void> {
  const isPrimary = async (node: ValkeyNode) => {
    const info = String(await node.ask("INFO", "replication").catch(() => ""));
    return info.includes("role:master") && onlineIn(info) >= replicas;
  };
  await pollUntil(async () => (await Promise.all(nodes.map(isPrimary))).some(Boolean), {
    ms: PATIENCE_MS,
    what: () => "No replica has become the primary",
  });
}

export async function roleOf(node: ValkeyNode): Promise<string> {
  // One that cannot be asked just now has none.
  return String(await node.ask("ROLE").catch(() => "")).split(",")[0] ?? "";
}

async function startFailingCluster({ replicas, places }: FailingOptions): Promise<FailingServers> {
  const cluster = await startCluster({
    nodeTimeoutMs: DETECTION_MS,
    primaries: PRIMARIES,
    replicasPer: replicas,
    appendFsync: "always",
    ...(places !== null && { placeOf: (index: number) => placeAt(places, index) }),
  });
  return {
    ca: null,
    store: clusterStore(cluster),
    async victim(random) {
      const node = await cluster.primaryOf(random.below(SLOTS));
      // All replicas: what nodes list as those of a slot can be out of date for some seconds.
      const roles = await Promise.all(cluster.nodes.map(roleOf));
      return { node, replicas: cluster.nodes.filter((_, index) => roles[index] === "slave") };
    },
    async allowElections(areAllowed) {
      const refuses = areAllowed ? "no" : "yes";
      await Promise.all(cluster.nodes.map((node) => node.ask("CONFIG", "SET", "cluster-replica-no-failover", refuses)));
    },
    async untilWhole(replaced) {
      await pollUntil(async () => replaced === null || (await roleOf(replaced)) === "slave", {
        ms: PATIENCE_MS,
        what: () => `The node on port ${replaced?.address.port} goes on as a primary`,
      });
      await cluster.untilOk();
      for (const slot of [0, SLOTS / 2, SLOTS - 1]) await untilLinked(await cluster.primaryOf(slot), replicas);
    },
    stop: () => cluster.stop(),
  };
}

async function startFailingSentinels({ replicas, places }: FailingOptions): Promise<FailingServers> {
  const set = await startSentinelSet({
    downAfterMs: DETECTION_MS,
    replicas,
    appendFsync: "always",
    ...(places !== null && { placeOf: (index: number) => placeAt(places, index) }),
  });
  return {
    ca: null,
    store: sentinelStore(set),
    async victim() {
      const node = await set.primary();
      return { node, replicas: set.nodes.filter((other) => other !== node) };
    },
    async allowElections(areAllowed) {
      const afterMs = String(areAllowed ? DETECTION_MS : NO_DETECTION_MS);
      const change = (node: ValkeyNode) => node.ask("SENTINEL", "SET", set.name, "down-after-milliseconds", afterMs);
      await Promise.all(set.sentinels.map(change));
    },
    async untilWhole(replaced) {
      const isWhole = async () => {
        const primary = await set.primary();
        const { host, port } = primary.address;
        // Sentinels do so too, some ten seconds later. Said again, it does nothing.
        if (primary !== replaced) await replaced?.ask("REPLICAOF", host, String(port));
        return onlineIn(String(await primary.ask("INFO", "replication"))) === replicas;
      };
      // One that reads its data refuses to be asked.
      await pollUntil(() => isWhole().catch(() => false), {
        ms: PATIENCE_MS,
        what: () => `The primary has fewer than ${replicas} replicas`,
      });
      await set.untilSettled();
    },
    stop: () => set.stop(),
  };
}

function placeAt(places: readonly Place[], index: number): Place {
  const place = places[index % places.length];
  if (place === undefined) throw new Error("There are no places");
  return place;
}

function onlineIn(info: string): number {
  return info.split("state=online").length - 1;
}
