// A primary with replicas, and Sentinels that watch over them. They are told of each other, which they would else find out
// within some seconds.
import { pollUntil } from "./poll-until.ts";
import { type ServerGroup, withGroup } from "./valkey-group.ts";
import { FAILOVER_PATIENCE_MS, PATIENCE_MS, type ValkeyNode } from "./valkey-node.ts";
import type { ServerSettings } from "./valkey-settings.ts";
import { startLinked } from "./valkey-standalone.ts";
import type { ServerAddress } from "./valkey-wire.ts";

export interface SentinelSet extends ServerGroup {
  /** What the Sentinels call their primary. */
  readonly name: string;
  /** Data nodes; the first was the primary at the start. */
  readonly nodes: readonly ValkeyNode[];
  readonly sentinels: readonly ValkeyNode[];
  /** The node that the first Sentinel that answers calls the primary. */
  primary(): Promise<ValkeyNode>;
  /** Resolves when the Sentinels have made another the primary, and it is one. */
  untilPrimaryIsNot(node: ValkeyNode): Promise<void>;
  /** Resolves when all Sentinels that run name the same primary, and have nothing left to do about the last fail-over. */
  untilSettled(): Promise<void>;
}

export interface SentinelSettings extends ServerSettings {
  readonly replicas?: number;
  readonly sentinels?: number;
  /** A primary that is silent for so long is down. A fail-over takes about a second more. */
  readonly downAfterMs?: number;
}

const NAME = "keyhold-test";
const LOOK_INTERVAL_MS = 20;

let shared: Promise<SentinelSet> | null = null;

export function startSentinelSet(options: SentinelSettings = {}): Promise<SentinelSet> {
  const { replicas = 2, sentinels: count = 3, downAfterMs = 2000, ...settings } = options;
  return withGroup(settings, async (group) => {
    const data = await startLinked(group, settings, replicas);
    const quorum = Math.floor(count / 2) + 1;
    const starts = Array.from({ length: count }, (_, index) => {
      const lines = sentinelLines({ index, quorum, downAfterMs, settings, data });
      return group.start(() => lines, true);
    });
    const sentinels = await Promise.all(starts);
    await introduce(sentinels, data.primary);
    await untilComplete(sentinels, replicas);
    const nodes = [data.primary, ...data.replicas];
    return {
      name: NAME,
      nodes,
      sentinels,
      ca: group.ca,
      primary: () => findPrimary(nodes, sentinels),
      untilPrimaryIsNot: (old) =>
        pollUntil(
          async () => {
            const found = await findPrimary(nodes, sentinels);
            return found !== old && String(await found.ask("ROLE")).startsWith("master");
          },
          {
            ms: FAILOVER_PATIENCE_MS,
            intervalMs: LOOK_INTERVAL_MS,
            what: () => "No other node has become the primary",
          },
        ),
      untilSettled: () =>
        pollUntil(async () => areSettled(await findPrimary(nodes, sentinels), sentinels), {
          ms: FAILOVER_PATIENCE_MS,
          intervalMs: LOOK_INTERVAL_MS,
          what: () => "The Sentinels do not agree",
        }),
      stop: () => group.stop(),
    };
  });
}

/** As sharedStandalone(): three Sentinels, two replicas, no fail-overs by tests. */
export function sharedSentinelSet(): Promise<SentinelSet> {
  shared ??= startSentinelSet({ appendFsync: "everysec", downAfterMs: 10_000 });
  return shared;
}

function sentinelLines(parts: {
  readonly index: number;
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly settings: ServerSettings;
  readonly data: { readonly primary: ValkeyNode; readonly replicas: readonly ValkeyNode[] };
}): readonly string[] {
  const { index, quorum, downAfterMs, data } = parts;
  const { password = null } = parts.settings;
  const { host, port } = data.primary.address;
  return [
    `sentinel myid ${idOf(index)}`,
    `sentinel monitor ${NAME} ${host} ${port} ${quorum}`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} ${Math.max(10_000, downAfterMs * 3)}`,
    ...(password === null ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    // Sentinels ask the same password of those who ask them, and of each other.
    ...(password === null ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
    ...data.replicas.map(({ address }) => `sentinel known-replica ${NAME} ${address.host} ${address.port}`),
  ];
}

function idOf(index: number): string {
  return String(index + 1).padStart(40, "a");
}

/** Says to each Sentinel where the others are, by the message that they else send to each other through the primary. */
async function introduce(sentinels: readonly ValkeyNode[], primary: ValkeyNode): Promise<void> {
  const hellos = sentinels.map(({ address }, index) => {
    const self = `${address.host},${address.port},${idOf(index)},0`;
    return `${self},${NAME},${primary.address.host},${primary.address.port},0`;
  });
  const others = sentinels.flatMap((sentinel, index) =>
    hellos.filter((_, other) => other !== index).map((hello) => sentinel.ask("PUBLISH", "__sentinel__:hello", hello)),
  );
  await Promise.all(others);
}

async function untilComplete(sentinels: readonly ValkeyNode[], replicas: number): Promise<void> {
  for (const sentinel of sentinels) {
    await pollUntil(
      async () => {
        const state = pairs(await sentinel.ask("SENTINEL", "MASTER", NAME));
        const others = Number(state.get("num-other-sentinels"));
        return Number(state.get("num-slaves")) === replicas && others === sentinels.length - 1;
      },
      { ms: PATIENCE_MS, intervalMs: LOOK_INTERVAL_MS, what: () => "A Sentinel does not know all the others" },
    );
  }
}

async function findPrimary(nodes: readonly ValkeyNode[], sentinels: readonly ValkeyNode[]): Promise<ValkeyNode> {
  for (const sentinel of sentinels.filter(({ isRunning }) => isRunning)) {
    const answer = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME).catch(() => null);
    if (!Array.isArray(answer)) continue;
    const at: ServerAddress = { host: String(answer[0]), port: Number(answer[1]) };
    const node = nodes.find(({ address }) => address.host === at.host && address.port === at.port);
    if (node !== undefined) return node;
  }
  throw new Error("No Sentinel knows a primary");
}

async function areSettled({ address }: ValkeyNode, sentinels: readonly ValkeyNode[]): Promise<boolean> {
  const running = sentinels.filter(({ isRunning }) => isRunning);
  const states = await Promise.all(
    running.map(async (sentinel) => pairs(await sentinel.ask("SENTINEL", "MASTER", NAME))),
  );
  return states.every(
    (state) =>
      state.get("ip") === address.host &&
      state.get("port") === String(address.port) &&
      // Without "failover_in_progress", "s_down" and such.
      state.get("flags") === "master",
  );
}

/** The names and values of a flat reply. */
function pairs(reply: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""] as const] : [])));
}
