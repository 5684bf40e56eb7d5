// A Valkey cluster, put together by hand: slots, meetings and replicas by commands of its nodes, which takes some two seconds: a node
// waits for so long until it says that all is well.

import { findFreePort } from "./free-port.ts";
import { pollUntil } from "./poll-until.ts";
import { type NodeGroup, type ServerGroup, withGroup } from "./valkey-group.ts";
import { PATIENCE_MS, type ValkeyNode } from "./valkey-node.ts";
import { dataLines, type ServerSettings } from "./valkey-settings.ts";
import { untilLinked } from "./valkey-standalone.ts";

export interface Cluster extends ServerGroup {
  /** Those that had the slots at the start come first, in the order of their slots; then the replicas of the first, and so on. */
  readonly nodes: readonly ValkeyNode[];
  /** The node that has a slot now, as the nodes that run see it. */
  primaryOf(slot: number): Promise<ValkeyNode>;
  /** The nodes that replicate the one that has a slot now, and run. */
  replicasOf(slot: number): Promise<readonly ValkeyNode[]>;
  /** Resolves when another node that runs has the slot. */
  untilPrimaryIsNot(slot: number, node: ValkeyNode): Promise<void>;
  /** Resolves when all nodes that run have every slot covered. */
  untilOk(): Promise<void>;
}

export interface ClusterSettings extends ServerSettings {
  readonly primaries?: number;
  readonly replicasPer?: number;
  /**
   * A node that is silent for so long is down; a fail-over takes about as long again. Without it, a node of a machine that is busy
   * with other things is not taken for one that is down.
   */
  readonly nodeTimeoutMs?: number;
}

const SLOTS = 16_384;
const LOOK_INTERVAL_MS = 20;
const PATIENT_TIMEOUT_MS = 5000;
/** While they come to know each other, which they tell the sooner the sooner they take each other for gone. */
const START_TIMEOUT_MS = 2000;

let shared: Promise<Cluster> | null = null;

export function startCluster(options: ClusterSettings = {}): Promise<Cluster> {
  const { primaries = 3, replicasPer = 1, nodeTimeoutMs = PATIENT_TIMEOUT_MS, ...settings } = options;
  return withGroup(settings, async (group) => {
    const count = primaries * (1 + replicasPer);
    const nodes = await Promise.all(
      Array.from({ length: count }, () =>
        startMember({ group, settings, nodeTimeoutMs: Math.min(nodeTimeoutMs, START_TIMEOUT_MS) }),
      ),
    );
    await join(nodes, primaries);
    await Promise.all(nodes.slice(0, primaries).map((primary) => fill(primary, replicasPer)));
    await untilOk(nodes, replicasPer);
    await Promise.all(nodes.map((node) => node.ask("CONFIG", "SET", "cluster-node-timeout", String(nodeTimeoutMs))));
    return {
      nodes,
      ca: group.ca,
      primaryOf: async (slot) => (await ownersOf(nodes, slot))[0] ?? fail(`Nobody has slot ${slot}`),
      replicasOf: async (slot) => (await ownersOf(nodes, slot)).slice(1).filter(({ isRunning }) => isRunning),
      untilPrimaryIsNot: (slot, old) =>
        untilAll([old], async () => {
          const [owner] = await ownersOf(nodes, slot);
          return owner !== undefined && owner !== old && owner.isRunning;
        }),
      untilOk: () => untilOk(nodes, 0),
      stop: () => group.stop(),
    };
  });
}

/** As sharedStandalone(): three primaries with a replica each, no fail-overs by tests. */
export function sharedCluster(): Promise<Cluster> {
  shared ??= startCluster({ appendFsync: "everysec" });
  return shared;
}

async function startMember(parts: {
  readonly group: NodeGroup;
  readonly settings: ServerSettings;
  readonly nodeTimeoutMs: number;
}): Promise<ValkeyNode> {
  const { group, settings, nodeTimeoutMs } = parts;
  return group.start(async () => [
    ...dataLines(settings),
    "cluster-enabled yes",
    "cluster-config-file nodes.conf",
    `cluster-port ${await findFreePort()}`,
    `cluster-node-timeout ${nodeTimeoutMs}`,
    "cluster-require-full-coverage no",
    // What a replica has missed does not keep it from taking over: tests look at what is lost, not at whether one tries.
    "cluster-replica-validity-factor 0",
    // A replica stays with its primary: else a primary that has just taken over is lent one of another's, which is not given back.
    "cluster-migration-barrier 100",
    ...(settings.tls === true ? ["tls-cluster yes"] : []),
  ]);
}

/** Makes one cluster of nodes that know nothing of each other. */
async function join(nodes: readonly ValkeyNode[], primaries: number): Promise<void> {
  const share = SLOTS / primaries;
  const ids = await Promise.all(nodes.map((node) => node.ask("CLUSTER", "MYID")));
  await Promise.all(nodes.map((node, index) => node.ask("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))));
  await Promise.all(
    nodes.slice(0, primaries).map((node, index) => {
      const [first, end] = [Math.ceil(index * share), Math.ceil((index + 1) * share)];
      return node.ask("CLUSTER", "ADDSLOTSRANGE", String(first), String(end - 1));
    }),
  );
  await meet(nodes);
  await Promise.all(
    nodes.slice(primaries).map((node, index) => {
      const replicasPer = (nodes.length - primaries) / primaries;
      return node.ask("CLUSTER", "REPLICATE", String(ids[Math.floor(index / replicasPer)]));
    }),
  );
}

/** Resolves when the replicas have something of their primary: CLUSTER SLOTS does not list those that have nothing yet. */
async function fill(primary: ValkeyNode, replicasPer: number): Promise<void> {
  await untilLinked(primary, replicasPer);
  await primary.ask("FLUSHALL");
}

/** Everybody is told of everybody, as word of mouth takes longer. */
async function meet(nodes: readonly ValkeyNode[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    for (const { address } of nodes.slice(index + 1)) {
      const busPort = await busPortOf(nodes, address.port);
      await node.ask("CLUSTER", "MEET", address.host, String(address.port), busPort);
    }
  }
  await untilAll(nodes, async (node) => {
    const lines = memberLines(await node.ask("CLUSTER", "NODES"));
    return lines.length === nodes.length && lines.every((line) => !/handshake|noaddr/.test(line));
  });
}

/** "id host:port@bus ..." of the node itself. */
async function busPortOf(nodes: readonly ValkeyNode[], port: number): Promise<string> {
  const node = nodes.find(({ address }) => address.port === port);
  const own = memberLines(await node?.ask("CLUSTER", "NODES")).find((line) => /\bmyself\b/.test(line));
  return /@(\d+)/.exec(own ?? "")?.[1] ?? fail(`The node on port ${port} has no bus`);
}

async function untilOk(nodes: readonly ValkeyNode[], replicasPer: number): Promise<void> {
  await untilAll(
    nodes.filter(({ isRunning }) => isRunning),
    async (node) => {
      const [info, slots] = await Promise.all([node.ask("CLUSTER", "INFO"), node.ask("CLUSTER", "SLOTS")]);
      if (!/cluster_state:ok/.test(String(info)) || !/cluster_slots_ok:16384/.test(String(info))) return false;
      // Each range is [first, last, primary, replica, ...].
      return Array.isArray(slots) && slots.every((range) => Array.isArray(range) && range.length >= 3 + replicasPer);
    },
  );
}

/** The primary of a slot and its replicas, by the first node that answers. */
async function ownersOf(nodes: readonly ValkeyNode[], slot: number): Promise<readonly ValkeyNode[]> {
  for (const node of nodes.filter(({ isRunning }) => isRunning)) {
    const ranges = await node.ask("CLUSTER", "SLOTS").catch(() => null);
    if (!Array.isArray(ranges)) continue;
    const range = ranges.find((each) => Array.isArray(each) && Number(each[0]) <= slot && slot <= Number(each[1]));
    if (!Array.isArray(range)) continue;
    const ports = range.slice(2).map((member) => (Array.isArray(member) ? `${member[0]}:${member[1]}` : ""));
    return ports.flatMap((at) => nodes.filter(({ address }) => at === `${address.host}:${address.port}`));
  }
  return fail(`No node says who has slot ${slot}`);
}

async function untilAll(nodes: readonly ValkeyNode[], holds: (node: ValkeyNode) => Promise<boolean>): Promise<void> {
  const holdsFor = (node: ValkeyNode) => holds(node).catch(() => false);
  await pollUntil(async () => (await Promise.all(nodes.map(holdsFor))).every(Boolean), {
    ms: PATIENCE_MS,
    intervalMs: LOOK_INTERVAL_MS,
    what: () => "The nodes do not come to one cluster",
  });
}

function memberLines(nodes: unknown): readonly string[] {
  return String(nodes)
    .split("\n")
    .filter((line) => line !== "");
}

function fail(reason: string): never {
  throw new Error(reason);
}
