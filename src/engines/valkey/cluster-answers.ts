// What the nodes of a cluster say about who has which slot, and whom to believe where they do not agree.
import type { ServerAddress } from "./connection.ts";
import { parseInfo, textOf } from "./info.ts";
import type { Reply } from "./reply.ts";
import { resolveHost } from "./topology.ts";

export const SLOTS = 16_384;

export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly primary: ServerAddress;
  readonly replicas: readonly ServerAddress[];
}

export interface ClusterView {
  readonly ranges: readonly SlotRange[];
  /** Whether the node sees enough of the others to serve. */
  readonly isOk: boolean;
  /** How many elections and moves of slots the node knows of; 0 where it does not say. */
  readonly epoch: number;
}

/**
 * Of CLUSTER SLOTS, and of CLUSTER INFO, whose refusal is no error. Null for a node that does not know of slots.
 *
 * @param asked - the node that answered, which others mean where they announce no host
 */
export function parseClusterView(
  slots: Reply | undefined,
  info: Reply | undefined,
  asked: ServerAddress,
): ClusterView | null {
  if (!Array.isArray(slots)) return null;
  const ranges = slots.flatMap((range: Reply) => parseRange(range, asked) ?? []);
  const state = parseInfo(info ?? null);
  return {
    ranges,
    isOk: (state?.get("cluster_state") ?? "ok") === "ok",
    epoch: Number(state?.get("cluster_current_epoch") ?? 0),
  };
}

/** The view of a node that serves and knows most; null where none has any range. */
export function bestView(views: readonly ClusterView[]): ClusterView | null {
  const useful = views.filter(({ ranges }) => ranges.length > 0);
  return useful.toSorted((a, b) => Number(b.isOk) - Number(a.isOk) || b.epoch - a.epoch)[0] ?? null;
}

/** [first, last, primary, replica, ...]. */
function parseRange(range: Reply, asked: ServerAddress): SlotRange | null {
  if (!Array.isArray(range)) return null;
  const [first, last, ...members] = range;
  const [primary, ...replicas] = members.map((member: Reply) => parseMember(member, asked));
  if (!isSlot(first) || !isSlot(last) || primary === null || primary === undefined) return null;
  return { first, last, primary, replicas: replicas.filter((replica) => replica !== null) };
}

/** [host, port, id, ...]. */
function parseMember(member: Reply, asked: ServerAddress): ServerAddress | null {
  if (!Array.isArray(member)) return null;
  const [host, port] = member;
  return typeof port === "number" && port > 0 ? { host: resolveHost(textOf(host), asked), port } : null;
}

function isSlot(value: Reply | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < SLOTS;
}
