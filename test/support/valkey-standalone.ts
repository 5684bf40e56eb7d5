// One Valkey server, alone or with replicas.
import { pollUntil } from "./poll-until.ts";
import { type NodeGroup, type ServerGroup, withGroup } from "./valkey-group.ts";
import { PATIENCE_MS, type ValkeyNode } from "./valkey-node.ts";
import { dataLines, type ServerSettings } from "./valkey-settings.ts";

export interface Standalone extends ServerGroup {
  readonly node: ValkeyNode;
}

export interface Replicated extends ServerGroup {
  readonly primary: ValkeyNode;
  readonly replicas: readonly ValkeyNode[];
}

const LOOK_INTERVAL_MS = 10;

let shared: Promise<Standalone> | null = null;

/** Some 60 ms. */
export function startStandalone(settings: ServerSettings = {}): Promise<Standalone> {
  return withGroup(settings, async (group) => ({
    node: await group.start(() => dataLines(settings)),
    ca: group.ca,
    stop: () => group.stop(),
  }));
}

/** A primary and its replicas, all linked. */
export function startReplicated({
  replicas = 1,
  ...settings
}: ServerSettings & { readonly replicas?: number } = {}): Promise<Replicated> {
  return withGroup(settings, async (group) => ({
    ...(await startLinked(group, settings, replicas)),
    ca: group.ca,
    stop: () => group.stop(),
  }));
}

/**
 * A server without persistence for all tests of this process, which ends with it. Each keeps to keys of a random prefix, and
 * does nothing to the server.
 */
export function sharedStandalone(): Promise<Standalone> {
  shared ??= startStandalone();
  return shared;
}

/** A primary and its replicas, of a group that may have further members. */
export async function startLinked(
  group: NodeGroup,
  settings: ServerSettings,
  count: number,
): Promise<{ readonly primary: ValkeyNode; readonly replicas: readonly ValkeyNode[] }> {
  const primary = await group.start(() => dataLines(settings));
  const { host, port } = primary.address;
  const lines = () => [...dataLines(settings), `replicaof ${host} ${port}`];
  const replicas = await Promise.all(Array.from({ length: count }, () => group.start(lines)));
  await untilLinked(primary, count);
  return { primary, replicas };
}

/** Resolves when so many replicas of it are online, as the primary counts them. */
export async function untilLinked(primary: ValkeyNode, count: number): Promise<void> {
  let info = "";
  const isLinked = async () => {
    // One that reads its data, or takes longer than it may, is asked again.
    info = String(await primary.ask("INFO", "replication").catch((error: unknown) => error));
    return onlineReplicas(info) >= count;
  };
  await pollUntil(isLinked, {
    ms: PATIENCE_MS,
    intervalMs: LOOK_INTERVAL_MS,
    what: () => `The server on port ${primary.address.port} has fewer than ${count} replicas: ${info}`,
  });
}

function onlineReplicas(info: string): number {
  return info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
}
