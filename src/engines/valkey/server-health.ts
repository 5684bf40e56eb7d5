// What a look at a primary tells: whether it is one, how many replicas it has, whether it throws entries away.

import type { WritePromise } from "../../core/write-promise.ts";
import { type Info, numberOf, onlineReplicas } from "./info.ts";

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

/** Why nothing may be written to this server, though it would take it, as a clause; null where it may. */
export function refusalOf(health: ServerHealth, promise: WritePromise, now: number): string | null {
  const { replicasOnline: online, maxmemoryPolicy } = health;
  if (online < promise.replicas) {
    return `the promise ${promise.text} cannot be kept, as ${online} of the ${promise.replicas} replicas that must confirm are online`;
  }
  if (!isEvicting(health, now)) return null;
  return `the server throws entries away when its memory is full (maxmemory_policy ${maxmemoryPolicy ?? "unknown"}), until it is told CONFIG SET maxmemory-policy noeviction`;
}

function isEvicting(health: ServerHealth, now: number): boolean {
  const { maxmemoryPolicy, evictedAt } = health;
  if (maxmemoryPolicy !== null && maxmemoryPolicy !== "noeviction") return true;
  return evictedAt !== null && now - evictedAt < EVICTION_TOLD_MS;
}
