// The composition root: configuration → store → services → app → server, and the order in which they start and stop. The
// only file that sees both an engine and HTTP.
import manifest from "../package.json" with { type: "json" };
import type { Config } from "./config/options.ts";
import { KeyholdError } from "./core/errors.ts";
import { type Integrity, type OpenStore, openStore } from "./engines/open.ts";
import type { ServerFacts } from "./http/admin-handlers.ts";
import { App } from "./http/app.ts";
import { makeJsonDialect } from "./http/json-dialect.ts";
import { makeRawDialect } from "./http/raw-dialect.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import type { Services } from "./http/services.ts";
import type { Log } from "./observe/log.ts";
import { Entries } from "./service/entries.ts";
import type { Timers } from "./service/timers.ts";
import { BackupSchedule } from "./service/transfer-schedule.ts";
import { WatchHub } from "./service/watch/hub.ts";
import type { Store } from "./store/store.ts";
import { valueToJson } from "./wire/entry-json.ts";

export interface RunningServer {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** Resolves when the server has ended: as it was asked to, or because its store failed under it. */
  readonly ended: Promise<"stopped" | "store-failed">;
  /** Starts an orderly stop: no new requests, running ones finished, store closed. Idempotent. */
  stop(): void;
}

export const VERSION = manifest.version;

const TIMERS: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Time for the answers of a failed commit to leave before the process ends on it. */
const LAST_ANSWERS_MS = 200;

/** @throws KeyholdError with a sentence for the operator when the store or the address cannot be had */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const ended = Promise.withResolvers<"stopped" | "store-failed">();
  let fatalReason: string | null = null;
  let isStopping = false;
  const open = await openStore(config, log, (reason) => {
    fatalReason = reason;
    log.error("store-failed", `${reason}; the server stops, as it could no longer keep what it acknowledges`);
    setTimeout(() => ended.resolve("store-failed"), LAST_ANSWERS_MS);
  });
  const unreadyReason = () => fatalReason ?? (isStopping ? "The server is stopping" : open.refusal());
  const hub = makeWatchHub({ store: open.store, log, timers: TIMERS }, config);
  const schedule = makeBackupSchedule({ store: open.store, log, timers: TIMERS }, config);
  const server = await listen({ config, log, open, hub, schedule, unreadyReason });
  schedule?.start();
  return {
    url: server.url,
    ended: ended.promise,
    stop() {
      if (isStopping) return;
      isStopping = true;
      void shutDown({ server, hub, open, schedule }, config.stopTimeoutMs).then(
        () => ended.resolve(fatalReason === null ? "stopped" : "store-failed"),
        (error: unknown) => {
          log.error("stop-failed", error instanceof Error ? error.message : String(error));
          ended.resolve("store-failed");
        },
      );
    },
  };
}

/** The operations on a store without a server, for commands; to be closed. @throws as openStore() */
export async function openEntries(
  config: Config,
  log: Log,
): Promise<{ readonly entries: Entries; close(): Promise<void> }> {
  const open = await openStore(config, log, (reason) => log.error("store-failed", reason));
  return { entries: new Entries(open.store), close: () => open.close() };
}

/** What a change is shown as, who may watch, and what they are told, as the configuration says. */
export function makeWatchHub(
  { store, log, timers }: { readonly store: Store; readonly log: Log; readonly timers: Timers },
  config: Config,
): WatchHub {
  return new WatchHub({
    store,
    timers,
    steadyMs: () => performance.now(),
    onDamage: ({ code, detail }) =>
      log.error("watch-incomplete", `${detail}; watchers are told of it without its value`, { code }),
    toText: (entry) => valueToJson(entry, true),
    membersMax: config.watchers,
    backlogChanges: config.watchBacklog,
    heartbeatMs: config.heartbeatMs,
  });
}

/** Null where no directory is named. A store without backups says so at the first try. */
function makeBackupSchedule(
  { store, log, timers }: { readonly store: Store; readonly log: Log; readonly timers: Timers },
  { backupDirectory: directory, backupIntervalMs, backupsKept }: Config,
): BackupSchedule | null {
  if (directory === null) return null;
  if (store.backup === null) {
    log.error("backup-failed", `A store of the engine ${store.engine} has no backups: --backup-directory does nothing`);
    return null;
  }
  return new BackupSchedule({
    backup: store.backup,
    directory,
    intervalMs: backupIntervalMs,
    kept: backupsKept,
    now: store.now,
    timers,
    onMade: (path, { revision, bytes, entries }) =>
      log.info("backup-made", `Backed up revision ${revision} to ${path}`, { path, revision, bytes, entries }),
    onFailed: (error) => {
      const isPassing = error instanceof KeyholdError && error.code === "busy";
      const why = error instanceof KeyholdError ? error.detail : String(error);
      log[isPassing ? "warn" : "error"]("backup-failed", `${why}; the backup is tried again`, { directory });
    },
  });
}

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly open: OpenStore;
  readonly hub: WatchHub;
  readonly schedule: BackupSchedule | null;
  readonly unreadyReason: () => string | null;
}

async function listen({ config, log, open, hub, schedule, unreadyReason }: Parts): Promise<HttpServer> {
  try {
    const services = makeServices({ config, open, hub, schedule, unreadyReason });
    const app = new App({
      services,
      log,
      hasAccessLog: config.accessLog,
      requestIdPrefix: crypto.randomUUID().slice(0, 8),
      steadyMs: () => performance.now(),
    });
    return startHttpServer(app, config);
  } catch (error) {
    await open.close();
    throw error;
  }
}

function makeServices({ config, open, hub, schedule, unreadyReason }: Omit<Parts, "log">): Services {
  const { store, integrity } = open;
  const { maxValueBytes, wide: isWide } = config;
  const facts: ServerFacts = {
    version: VERSION,
    startedAt: new Date(),
    maxValueBytes,
    isWide,
    unreadyReason,
    integrity: () => describeIntegrity(integrity()),
    backups: () => schedule?.figures ?? null,
  };
  return {
    store,
    entries: new Entries(store),
    hub,
    facts,
    rawDialect: makeRawDialect({ isWide, maxValueBytes }),
    jsonDialect: makeJsonDialect({ maxValueBytes }),
  };
}

function describeIntegrity(found: Integrity): ReturnType<ServerFacts["integrity"]> {
  const detail = found.is === "damaged" ? found.problem : found.is === "failed" ? found.reason : null;
  return { is: found.is, detail };
}

interface Running {
  readonly server: HttpServer;
  readonly hub: WatchHub;
  readonly open: OpenStore;
  readonly schedule: BackupSchedule | null;
}

/**
 * Watchers and the backup first, as they would not end in time by themselves; requests next, store last: an accepted write is committed and
 * answered before the store closes.
 */
async function shutDown({ server, hub, open, schedule }: Running, timeoutMs: number): Promise<void> {
  hub.stop();
  await schedule?.stop();
  await server.stop(timeoutMs);
  await open.close();
}
