// From configuration to an open store: the only file that names engines.
import type { Config } from "../config/options.ts";
import { readStoreAccess } from "../config/store-access.ts";
import type { ValkeyLocation } from "../config/store-location.ts";
import { resolvePromise } from "../config/write-promise.ts";
import { makeClock, makeHighestInstant } from "../core/expiry.ts";
import type { Log } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import { MemoryStore } from "./memory/store.ts";
import { type CheckVerdict, IntegrityCheck } from "./sqlite/integrity.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite/store.ts";
import { openValkeyStore } from "./valkey/open.ts";
import { SCRIPTS } from "./valkey/scripts.ts";
import { openServers, SERVERS_DEFAULTS } from "./valkey/servers.ts";

/** What is known of the store's entries since it was last left unclosed. */
export type Integrity = CheckVerdict;

export interface OpenStore {
  readonly store: Store;
  /** What the check after an unclean stop has found so far. */
  integrity(): Integrity;
  /** Why writes are refused for now; null while they are taken. */
  refusal(): string | null;
  /** Releases everything. Idempotent. */
  close(): Promise<void>;
}

/** Characters of an incarnation; one in 36^10 stores has another's. */
const INCARNATION_LENGTH = 10;
/** Ended entries removed from memory between two turns of the event loop. */
const MEMORY_SWEEP_SLICE = 10_000;

/** What a missing store is for who opens it. */
export type Missing = "created" | "refused";

/**
 * @param onFatal - called once when the store can no longer be used and the process must end
 * @param missing - counts on other servers alone, where a store is of whatever a prefix was mistyped as
 * @throws "unavailable" with what is wrong with the store and what to do
 */
export function openStore(
  config: Config,
  log: Log,
  onFatal: (reason: string) => void,
  missing: Missing = "created",
): Promise<OpenStore> {
  const { store } = config;
  switch (store.engine) {
    case "memory":
      return openMemory(config);
    case "sqlite":
      return openSqlite(config, store.directory, { log, onFatal });
    case "valkey":
      return openValkey(config, store, { log, missing });
    default:
      throw new RangeError(`There is no engine for ${JSON.stringify(store satisfies never)}`);
  }
}

/** What the servers are to be asked with is read first, so that a wrong file is told before anything is sent. */
async function openValkey(
  config: Config,
  location: ValkeyLocation,
  { log, missing }: { readonly log: Log; readonly missing: Missing },
): Promise<OpenStore> {
  const { ca, user, password, sentinel } = readStoreAccess(config, location);
  const { topology, seeds, masterName, database, isTls } = location;
  const tls = isTls ? { ca, serverName: null } : null;
  const servers = await openServers({
    topology,
    seeds,
    masterName,
    access: { user, password, tls, database },
    sentinelAccess: { ...sentinel, tls, database: 0 },
    promise: resolvePromise(config.promise, location),
    deadlineMs: config.engineDeadlineMs,
    queuedCommits: config.queuedCommits,
    queuedBytes: SERVERS_DEFAULTS.queuedBytes,
    log,
    preload: Object.values(SCRIPTS),
  });
  try {
    const store = await openValkeyStore({
      servers,
      prefix: config.storePrefix,
      partitions: config.partitions,
      newIncarnation: missing === "created" ? newIncarnation() : null,
      sweepIntervalMs: config.sweepIntervalMs,
      historyAgeMs: config.historyAgeMs,
      historyChanges: config.historyChanges,
      idempotencyAgeMs: config.idempotencyAgeMs,
      idempotencyBytes: config.idempotencyBytes,
    });
    return {
      store,
      integrity: () => ({ is: "unneeded" }),
      refusal: () => store.refusal,
      close: () => store.close(),
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

async function openMemory(config: Config): Promise<OpenStore> {
  const store = new MemoryStore({
    now: makeClock({ wallMs: Date.now, steadyMs: () => performance.now(), highest: makeHighestInstant() }),
    incarnation: newIncarnation(),
    historyChanges: config.historyChanges,
    idempotencyAgeMs: config.idempotencyAgeMs,
    idempotencyBytes: config.idempotencyBytes,
    storeBytes: config.storeBytes,
  });
  let sweeper: ReturnType<typeof setTimeout>;
  const sweep = () => {
    const swept = store.sweep(MEMORY_SWEEP_SLICE);
    sweeper = setTimeout(sweep, swept === MEMORY_SWEEP_SLICE ? 0 : config.sweepIntervalMs);
  };
  sweep();
  return {
    store,
    integrity: () => ({ is: "unneeded" }),
    refusal: () => null,
    async close() {
      clearTimeout(sweeper);
      await store.close();
    },
  };
}

async function openSqlite(
  config: Config,
  directory: string,
  { log, onFatal }: { readonly log: Log; readonly onFatal: (reason: string) => void },
): Promise<OpenStore> {
  const store = await openSqliteStore({
    writer: {
      directory,
      durability: config.durability,
      sweepIntervalMs: config.sweepIntervalMs,
      historyAgeMs: config.historyAgeMs,
      historyChanges: config.historyChanges,
      diskReserveBytes: config.diskReserveBytes,
      storeBytes: config.storeBytes,
      idempotencyAgeMs: config.idempotencyAgeMs,
      idempotencyBytes: config.idempotencyBytes,
    },
    allowNetworkFileSystem: config.allowNetworkFilesystem,
    queuedCommits: config.queuedCommits,
    newIncarnation: newIncarnation(),
    onFatal,
  });
  reportRestore(store, log);
  const check = new IntegrityCheck();
  if (!store.wasClean) {
    log.warn("unclean-stop", "The last server did not close the store; its entries are being checked");
    check.start(store.files, store.incarnation, (verdict) => reportVerdict(verdict, log));
  }
  return {
    store,
    integrity: () => check.verdict,
    refusal: () => store.refusal,
    async close() {
      await check.stop();
      // A check that found damage, or did not come to its end, is made again at the next start.
      if (check.verdict.is !== "unneeded" && check.verdict.is !== "passed") store.doubt();
      await store.close();
    },
  };
}

function reportRestore({ leftRestore, files }: SqliteStore, log: Log): void {
  const { directory } = files;
  if (leftRestore === "finished") {
    log.warn("restore-finished", `A restore to ${directory} was killed; what it had ready is the store now`, {
      directory,
    });
  } else if (leftRestore === "removed") {
    log.warn(
      "restore-removed",
      `A restore to ${directory} was killed before it replaced the store; what it had ready was removed`,
      { directory },
    );
  }
}

function reportVerdict(verdict: Integrity, log: Log): void {
  if (verdict.is === "damaged") {
    log.error("damaged-store", `The check of the store found damage: ${verdict.problem}; restore a backup`);
  } else if (verdict.is === "failed") {
    log.warn("check-failed", `The check of the store could not be made: ${verdict.reason}`);
  } else {
    log.info("store-checked", "Every entry of the store is what was written");
  }
}

/** Lower-case letters and digits, at random: it goes into entity tags and cursors. */
export function newIncarnation(): string {
  const random = crypto.getRandomValues(new Uint8Array(INCARNATION_LENGTH));
  return Array.from(random, (byte) => (byte % 36).toString(36)).join("");
}
