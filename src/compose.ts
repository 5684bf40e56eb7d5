// The composition root: configuration → store → services → app → server, and the order in which they start and stop. The
// only file that sees both an engine and HTTP.
import manifest from "../package.json" with { type: "json" };
import type { TokenBook } from "./auth/token-book.ts";
import {
  makeBackupSchedule,
  makeGuard,
  makeKnownAnswers,
  makeWatchHub,
  openBook,
  openTracing,
  readAdminSecret,
  requireSafeAddress,
} from "./compose-parts.ts";
import type { Config } from "./config/options.ts";
import { KeyholdError } from "./core/errors.ts";
import type { Clock } from "./core/expiry.ts";
import { type Integrity, type Missing, type OpenStore, openStore } from "./engines/open.ts";
import type { ServerFacts } from "./http/admin-handlers.ts";
import { App } from "./http/app.ts";
import { makeJsonDialect } from "./http/json-dialect.ts";
import { makeRawDialect } from "./http/raw-dialect.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import type { Services } from "./http/services.ts";
import { DurationSamples } from "./observe/duration-samples.ts";
import { HttpMetrics } from "./observe/http-metrics.ts";
import type { Log } from "./observe/log.ts";
import { tallyLog } from "./observe/log-tally.ts";
import { Registry } from "./observe/registry.ts";
import type { Tracing } from "./observe/tracing.ts";
import { type MeasuredServer, measureServer } from "./server-metrics.ts";
import { startStatsd } from "./server-statsd.ts";
import { Entries } from "./service/entries.ts";
import type { Timers } from "./service/timers.ts";
import type { BackupSchedule } from "./service/transfer-schedule.ts";
import type { WatchHub } from "./service/watch/hub.ts";
import { HubView } from "./service/watch/hub-view.ts";
import type { Store } from "./store/store.ts";

export interface RunningServer {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** Resolves when the server has ended: as it was asked to, or because its store failed under it. */
  readonly ended: Promise<"stopped" | "store-failed">;
  /** Reads again what is kept in files of its own: certificate and key, and that of --admin-token-file. */
  reload(): void;
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
export async function startServer(config: Config, processLog: Log): Promise<RunningServer> {
  const { log, counts: logged } = tallyLog(processLog);
  const tracing = await openTracing(config, { version: VERSION, log, timers: TIMERS });
  const ended = Promise.withResolvers<"stopped" | "store-failed">();
  let fatalReason: string | null = null;
  let isStopping = false;
  const adminSecret = readAdminSecret(config);
  const open = await openStore(config, log, (reason) => {
    fatalReason = reason;
    log.error("store-failed", `${reason}; the server stops, as it could no longer keep what it acknowledges`);
    setTimeout(() => ended.resolve("store-failed"), LAST_ANSWERS_MS);
  });
  const unreadyReason = () => fatalReason ?? (isStopping ? "The server is stopping" : open.refusal());
  const hub = makeWatchHub({ store: open.store, log, timers: TIMERS }, config);
  const tokens = await openBook(open, { adminSecret, timers: TIMERS });
  const registry = new Registry();
  const samples = config.statsd === null ? null : new DurationSamples();
  const http = new HttpMetrics(samples);
  const schedule = makeBackupSchedule({ store: open.store, log, timers: TIMERS }, config);
  const server = await listen({ config, log, open, hub, tokens, schedule, http, registry, tracing, unreadyReason });
  schedule?.start();
  tokens.follow((error) => noteUnreadTokens(error, log));
  const measured: MeasuredServer = {
    ...surroundings(config),
    store: open.store,
    hub,
    http,
    transport: server,
    backups: schedule,
    logged,
    refusal: open.refusal,
    unreadyReason,
  };
  const endMeasuring = measureServer(registry, measured);
  const statsd = startStatsd(config, measured, { log, samples });
  return {
    url: server.url,
    ended: ended.promise,
    reload() {
      if (isStopping) return;
      tryAgain(() => tokens.setAdminSecret(readAdminSecret(config)), log);
      tryAgain(() => server.renewTls(), log);
    },
    stop() {
      if (isStopping) return;
      isStopping = true;
      endMeasuring();
      tokens.stop();
      void shutDown({ server, hub, open, schedule, telemetry: [statsd, tracing] }, config.stopTimeoutMs).then(
        () => ended.resolve(fatalReason === null ? "stopped" : "store-failed"),
        (error: unknown) => {
          log.error("stop-failed", error instanceof Error ? error.message : String(error));
          ended.resolve("store-failed");
        },
      );
    },
  };
}

/** The operations on a store that no server holds. */
export interface OpenEntries {
  readonly entries: Entries;
  readonly incarnation: string;
  /** Releases the store. */
  close(): Promise<void>;
}

/** @throws KeyholdError with a sentence for the operator when the store cannot be had */
export async function openEntries(config: Config, log: Log): Promise<OpenEntries> {
  const open = await openStore(config, log, (reason) => log.error("store-failed", reason));
  const { store } = open;
  return { entries: new Entries(store), incarnation: store.incarnation, close: () => open.close() };
}

/** A store that no server holds, or that many may, as the commands that move stores have it. */
export interface OpenTransfer {
  readonly store: Store;
  readonly entries: Entries;
  /** Releases the store. */
  close(): Promise<void>;
}

/** @throws KeyholdError with a sentence for the operator when the store cannot be had */
export async function openTransfer(config: Config, log: Log, missing: Missing = "created"): Promise<OpenTransfer> {
  const open = await openStore(config, log, (reason) => log.error("store-failed", reason), missing);
  const { store } = open;
  return { store, entries: new Entries(store), close: () => open.close() };
}

/** The tokens of a store that no server holds. */
export interface OpenTokens {
  readonly tokens: TokenBook;
  readonly now: Clock;
  /** Releases the store. */
  close(): Promise<void>;
}

/** @throws KeyholdError with a sentence for the operator when the store cannot be had */
export async function openTokens(config: Config, log: Log): Promise<OpenTokens> {
  const open = await openStore(config, log, (reason) => log.error("store-failed", reason));
  const tokens = await openBook(open, { adminSecret: null, timers: TIMERS });
  return { tokens, now: open.store.now, close: () => open.close() };
}

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly open: OpenStore;
  readonly hub: WatchHub;
  readonly tokens: TokenBook;
  readonly schedule: BackupSchedule | null;
  readonly http: HttpMetrics;
  readonly registry: Registry;
  readonly tracing: Tracing | null;
  readonly unreadyReason: () => string | null;
}

/** What metrics need of the process and the configuration. */
function surroundings(config: Config): Pick<MeasuredServer, "clock" | "versions" | "bounds" | "directory"> {
  return {
    clock: { steadyMs: () => performance.now(), after: TIMERS.after },
    versions: { keyhold: VERSION, bun: Bun.version },
    bounds: config,
    directory: config.store.engine === "sqlite" ? config.store.directory : null,
  };
}

async function listen({ log, http, tracing, ...parts }: Parts): Promise<HttpServer> {
  const { config, open } = parts;
  try {
    requireSafeAddress(config, parts.tokens.hasTokens());
    const app = new App({
      services: makeServices(parts),
      guard: makeGuard(config, () => performance.now()),
      log,
      metrics: http,
      answers: makeKnownAnswers(open.store.marks, () => Bun.gc(false), config),
      tracing,
      hasAccessLog: config.accessLog,
      requestIdPrefix: crypto.randomUUID().slice(0, 8),
      steadyMs: () => performance.now(),
    });
    const { tlsCert, tlsKey } = config;
    const tls = tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey };
    return await startHttpServer(app, { ...config, tls });
  } catch (error) {
    await open.close();
    throw error;
  }
}

function makeServices({
  config,
  open,
  hub,
  tokens,
  schedule,
  registry,
  unreadyReason,
}: Omit<Parts, "log" | "http" | "tracing">): Services {
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
    hub: new HubView(hub),
    tokens,
    facts,
    metrics: registry,
    rawDialect: makeRawDialect({ isWide, maxValueBytes }),
    jsonDialect: makeJsonDialect({ maxValueBytes }),
  };
}

/** What cannot be read again stays as it is: a server that runs is not ended by a file that is just being exchanged. */
function tryAgain(read: () => void, log: Log): void {
  try {
    read();
  } catch (error) {
    const reason = error instanceof KeyholdError ? error.detail : String(error);
    log.error("reload-failed", `${reason}; what was read before stays in force`);
  }
}

function noteUnreadTokens(error: unknown, log: Log): void {
  const reason = error instanceof KeyholdError ? error.detail : String(error);
  log.error(
    "tokens-unread",
    `Cannot read the tokens of the store: ${reason}; those read before stay in force, and what other servers change is not seen until it succeeds`,
  );
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
  /** What is to send what it has gathered. */
  readonly telemetry: readonly ({ stop(): Promise<void> } | null)[];
}

/**
 * Watchers first, as they would not end by themselves; requests next, store last: an accepted write is committed and
 * answered before the store closes.
 */
async function shutDown({ server, hub, open, schedule, telemetry }: Running, timeoutMs: number): Promise<void> {
  hub.stop();
  await schedule?.stop();
  await server.stop(timeoutMs);
  await Promise.all(telemetry.map((each) => each?.stop()));
  await open.close();
}
