// From configuration to an open store: the only file that names engines.
import type { Config } from "../config/options.ts";
import { readStoreAccess } from "../config/store-access.ts";
import type { ValkeyLocation } from "../config/store-location.ts";
import { resolvePromise } from "../config/write-promise.ts";
import { type Count, makeCount } from "../core/count.ts";
import { makeClock, makeHighestInstant } from "../core/expiry.ts";
import type { Log } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import { MemoryStore } from "./memory/store.ts";
import { type CheckVerdict, IntegrityCheck } from "./sqlite/integrity.ts";
import { joinSqliteStore } from "./sqlite/joined-store.ts";
import { openSqliteStore, type SqliteStore, type StoreBackup, type StoreShare } from "./sqlite/store.ts";
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
  /** What several serving threads need of it; null where one alone can serve it. */
  readonly shared: SharedStore | null;
  /** Releases everything. Idempotent. */
  close(): Promise<void>;
}

/** A store that several threads of this process serve. */
export interface SharedStore {
  /** What one further thread joins by. On the thread that has opened the store alone. */
  share(): StoreShare;
  /** Ends its use on this thread: it can no longer be trusted to keep what it acknowledges. */
  fail(reason: string): void;
  /** Whether nothing that this thread has read has shown damage. */
  isSound(): boolean;
  /** Has the next start check its entries. */
  doubt(): void;
}

/** Of commits that wait, over all serving threads. */
export interface QueueCounts {
  readonly requests: Count;
  /** Of their values. */
  readonly bytes: Count;
  /** Threads that wait for a writer that gives no sign. */
  readonly stalled: Count;
}

/** Characters of an incarnation; one in 36^10 stores has another's. */
const INCARNATION_LENGTH = 10;
/** Ended entries removed from memory between two turns of the event loop. */
const MEMORY_SWEEP_SLICE = 10_000;

/** The commits of one thread alone. */
export function makeQueueCounts(): QueueCounts {
  return { requests: makeCount(), bytes: makeCount(), stalled: makeCount() };
}

/** What a missing store is for who opens it. */
export type Missing = "created" | "refused";

export interface OpenTerms {
  readonly log: Log;
  /** Called once when the store can no longer be used and the process must end. */
  readonly onFatal: (reason: string) => void;
  /** Counts on other servers alone, where a store is of whatever a prefix was mistyped as. */
  readonly missing: Missing;
  readonly queue: QueueCounts;
}

/** @throws "unavailable" with what is wrong with the store and what to do */
export function openStore(config: Config, terms: OpenTerms): Promise<OpenStore> {
  const { store } = config;
  switch (store.engine) {
    case "memory":
      return openMemory(config);
    case "sqlite":
      return openSqlite(config, store.directory, terms);
    case "valkey":
      return openValkey(config, store, terms);
    default:
      throw new RangeError(`There is no engine for ${JSON.stringify(store satisfies never)}`);
  }
}

/** What the servers are to be asked with is read first, so that a wrong file is told before anything is sent. */
async function openValkey(config: Config, location: ValkeyLocation, { log, missing }: OpenTerms): Promise<OpenStore> {
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
      shared: null,
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
    shared: null,
    async close() {
      clearTimeout(sweeper);
      await store.close();
    },
  };
}

async function openSqlite(config: Config, directory: string, { log, onFatal, queue }: OpenTerms): Promise<OpenStore> {
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
    queue,
    newIncarnation: newIncarnation(),
    onFatal,
  });
  reportRestore(store, log);
  reportDropped(store, log);
  const check = new IntegrityCheck();
  if (!store.wasClean) {
    log.warn("unclean-stop", "The last server did not close the store; its entries are being checked");
    check.start(store.files, store.incarnation, (verdict) => reportVerdict(verdict, log));
  }
  return {
    store,
    integrity: () => check.verdict,
    refusal: () => store.refusal,
    shared: sharedOf(store),
    async close() {
      await check.stop();
      // A check that found damage, or did not come to its end, is made again at the next start.
      if (check.verdict.is !== "unneeded" && check.verdict.is !== "passed") store.doubt();
      await store.close();
    },
  };
}

/** The store on a further thread. @param backup - copies, as the first thread makes them */
export function joinStore(
  config: Config,
  share: StoreShare,
  { backup, queue, onFatal }: Pick<OpenTerms, "queue" | "onFatal"> & { readonly backup: StoreBackup },
): OpenStore & { readonly shared: SharedStore } {
  const { queuedCommits } = config;
  const store = joinSqliteStore(share, {
    queuedCommits,
    backup,
    queue,
    onFatal,
  });
  return {
    store,
    // Known on the first thread.
    integrity: () => ({ is: "unneeded" }),
    refusal: () => store.refusal,
    shared: sharedOf(store),
    close: () => store.close(),
  };
}

function sharedOf(store: SqliteStore): SharedStore {
  return {
    share: () => store.share(),
    fail: (reason) => store.fail(reason),
    isSound: () => store.isSound,
    doubt: () => store.doubt(),
  };
}

/** A crash leaves this, and so does damage of the very last commit: nothing in the log tells the two apart. */
function reportDropped({ droppedFrames }: SqliteStore, log: Log): void {
  if (droppedFrames === 0) return;
  log.warn(
    "unfinished-commit",
    `The log ended in a commit that is not whole, which has been dropped (${droppedFrames} pages): one that was being written when the server ended, or damage of the last that was acknowledged`,
  );
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
