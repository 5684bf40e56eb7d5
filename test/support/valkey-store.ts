// Stores of the Valkey engine for tests: on real servers, with small intervals, under a prefix that the test names.
import type { WritePromise } from "../../src/core/write-promise.ts";
import { openValkeyStore, type ValkeyStoreOptions } from "../../src/engines/valkey/open.ts";
import { SCRIPTS } from "../../src/engines/valkey/scripts.ts";
import { openServers, SERVERS_DEFAULTS, type Servers, type ServersOptions } from "../../src/engines/valkey/servers.ts";
import type { ValkeyStore } from "../../src/engines/valkey/store.ts";
import { makeRecordingLog } from "./recording-log.ts";

const OPEN_ACCESS: ServersOptions["access"] = { user: null, password: null, tls: null, database: 0 };

export const APPLIED: WritePromise = { kind: "applied", replicas: 0, fsync: false, text: "applied" };

export type ServersAt = Pick<ServersOptions, "topology" | "seeds"> & Partial<ServersOptions>;

export function openTestServers(at: ServersAt): Promise<Servers> {
  return openServers({
    ...SERVERS_DEFAULTS,
    masterName: null,
    access: OPEN_ACCESS,
    sentinelAccess: OPEN_ACCESS,
    promise: APPLIED,
    preload: Object.values(SCRIPTS),
    log: makeRecordingLog(),
    ...at,
  });
}

/** Sweeps and trims every few milliseconds unless it is told otherwise. */
export async function openTestStore(
  at: ServersAt,
  options: Pick<ValkeyStoreOptions, "prefix"> & Partial<ValkeyStoreOptions>,
): Promise<ValkeyStore> {
  const servers = await openTestServers(at);
  try {
    return await openValkeyStore({
      servers,
      partitions: 0,
      newIncarnation: "valkey1",
      sweepIntervalMs: 5,
      historyAgeMs: 3_600_000,
      historyChanges: 100_000,
      idempotencyAgeMs: 3_600_000,
      idempotencyBytes: 1_000_000,
      ...options,
    });
  } catch (error) {
    await servers.close();
    throw error;
  }
}
