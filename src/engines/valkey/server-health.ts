// What a look at a primary tells: whether it is one, how many replicas it has, whether it throws entries away.
import type { ServerAddress } from "./connection.ts";
import { type Info, numberOf, onlineReplicas } from "./info.ts";
import type { WritePromise } from "./write-promise.ts";

export interface ServerHealth {
  readonly isPrimary: boolean;
  readonly replicasOnline: number;
  readonly evictedKeys: number;
  /** Null where the server does not say. */
  readonly maxmemoryPolicy: string | null;
  /** On the clock of performance.now(): when keys were last seen to have been evicted. */
  readonly evictedAt: number | null;
}

/** The sections of INFO that healthOf() needs. */
export const HEALTH_SECTIONS = ["replication", "stats", "memory"] as const;

/** Entries that a server threw away are spoken of for so long. */
const EVICTION_TOLD_MS = 60_000;

export function healthOf(info: Info, before: ServerHealth | null, now: number): ServerHealth {
  const evictedKeys = numberOf(info, "evicted_keys");
  const hasEvicted = before !== null && evictedKeys > before.evictedKeys;
  return {
    isPrimary: info.get("role") === "master",
    replicasOnline: onlineReplicas(info),
    evictedKeys,
    maxmemoryPolicy: info.get("maxmemory_policy") ?? null,
    evictedAt: hasEvicted ? now : (before?.evictedAt ?? null),
  };
}

/** Why nothing may be written to this server, though it would take it; null where it may. */
export function refusalOf(
  health: ServerHealth,
  promise: WritePromise,
  at: { readonly address: ServerAddress; readonly now: number },
): string | null {
  const server = `${at.address.host}:${at.address.port}`;
  if (health.replicasOnline < promise.replicas) {
    const online = `${health.replicasOnline} of its replicas ${health.replicasOnline === 1 ? "is" : "are"} online`;
    return `Server ${server} cannot keep the promise ${promise.text}: ${online}, and ${promise.replicas} must confirm`;
  }
  if (isEvicting(health, at.now)) {
    const policy = health.maxmemoryPolicy ?? "unknown";
    return `Server ${server} evicts keys (maxmemory_policy ${policy}): entries are lost until it is told CONFIG SET maxmemory-policy noeviction`;
  }
  return null;
}

function isEvicting(health: ServerHealth, now: number): boolean {
  const { maxmemoryPolicy, evictedAt } = health;
  if (maxmemoryPolicy !== null && maxmemoryPolicy !== "noeviction") return true;
  return evictedAt !== null && now - evictedAt < EVICTION_TOLD_MS;
}
