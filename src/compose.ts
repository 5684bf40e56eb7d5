// The composition root: configuration → store → services → app → server, and the order in which they start and stop. The
// only file that sees both an engine and HTTP.
import manifest from "../package.json" with { type: "json" };
import { readAdminToken } from "./auth/admin-token-file.ts";
import { TokenBook } from "./auth/token-book.ts";
import type { Config } from "./config/options.ts";
import { KeyholdError } from "./core/errors.ts";
import type { Clock } from "./core/expiry.ts";
import { type Integrity, type OpenStore, openStore } from "./engines/open.ts";
import type { ServerFacts } from "./http/admin-handlers.ts";
import { App } from "./http/app.ts";
import { ClientAddresses } from "./http/client-address.ts";
import { Guard } from "./http/guard.ts";
import { HostNames, isLoopback } from "./http/host-names.ts";
import { makeJsonDialect } from "./http/json-dialect.ts";
import { Rates } from "./http/rates.ts";
import { makeRawDialect } from "./http/raw-dialect.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import type { Services } from "./http/services.ts";
import { WebPages } from "./http/web-pages.ts";
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
import { WatchHub } from "./service/watch/hub.ts";
import { HubView } from "./service/watch/hub-view.ts";
import type { Store } from "./store/store.ts";
import { valueToJson } from "./wire/entry-json.ts";

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
  const tracing = await openTracing(config, log);
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
  const tokens = await openBook(open, adminSecret);
  const registry = new Registry();
  const samples = config.statsd === null ? null : new DurationSamples();
  const http = new HttpMetrics(samples);
  const server = await listen({ config, log, open, hub, tokens, http, registry, tracing, unreadyReason });
  const measured: MeasuredServer = {
    ...surroundings(config),
    store: open.store,
    hub,
    http,
    transport: server,
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
      tryAgain(() => tokens.setAdminSecret(readAdminSecret(config)), log);
      tryAgain(() => server.renewTls(), log);
    },
    stop() {
      if (isStopping) return;
      isStopping = true;
      endMeasuring();
      void shutDown({ server, hub, open, telemetry: [statsd, tracing] }, config.stopTimeoutMs).then(
        () => ended.resolve(fatalReason === null ? "stopped" : "store-failed"),
        (error: unknown) => {
          log.error("stop-failed", error instanceof Error ? error.message : String(error));
          ended.resolve("store-failed");
        },
      );
    },
  };
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
  const tokens = await openBook(open, null);
  return { tokens, now: open.store.now, close: () => open.close() };
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

/** Who is let in, as the configuration says. */
export function makeGuard(config: Config, steadyMs: () => number): Guard {
  const { host, allowedHosts, corsOrigins, trustedProxies } = config;
  return new Guard({
    hosts: new HostNames([host, ...allowedHosts]),
    pages: new WebPages(corsOrigins),
    addresses: new ClientAddresses(trustedProxies),
    addressRates: new Rates({
      of: "address",
      requests: config.addressRequests,
      bytes: config.addressBytes,
      steadyMs,
    }),
    tokenRates: new Rates({ of: "token", requests: config.tokenRequests, bytes: config.tokenBytes, steadyMs }),
  });
}

/** @throws "invalid-parameter" where everybody who can reach the machine could read and write */
function requireSafeAddress({ host, insecurePublic }: Config, hasTokens: boolean): void {
  if (hasTokens || insecurePublic || isLoopback(host)) return;
  throw new KeyholdError(
    "invalid-parameter",
    `Will not listen on ${host}, which others can reach, without a token: make one by "keyhold token create", or give --admin-token-file; --insecure-public lets everybody read, write and delete`,
  );
}

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly open: OpenStore;
  readonly hub: WatchHub;
  readonly tokens: TokenBook;
  readonly http: HttpMetrics;
  readonly registry: Registry;
  readonly tracing: Tracing | null;
  readonly unreadyReason: () => string | null;
}

/** The library is loaded where traces are on, and nowhere else. */
async function openTracing({ traces: url, tracePercent: percent }: Config, log: Log): Promise<Tracing | null> {
  if (url === null) return null;
  const library = await import("./observe/otel-tracing.ts");
  const steadyMs = () => performance.now();
  return library.openTracing({ url, percent, version: VERSION, log, steadyMs, after: TIMERS.after });
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

function readAdminSecret({ adminTokenFile }: Config): string | null {
  return adminTokenFile === null ? null : readAdminToken(adminTokenFile);
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

/** A token that is not what was written keeps the server from starting: nobody is let in, or kept out, by guessing. */
async function openBook(open: OpenStore, adminSecret: string | null): Promise<TokenBook> {
  const { store } = open;
  try {
    return new TokenBook({ store, timers: TIMERS, adminSecret }, await store.tokens());
  } catch (error) {
    await open.close();
    throw error;
  }
}

function describeIntegrity(found: Integrity): ReturnType<ServerFacts["integrity"]> {
  const detail = found.is === "damaged" ? found.problem : found.is === "failed" ? found.reason : null;
  return { is: found.is, detail };
}

interface Running {
  readonly server: HttpServer;
  readonly hub: WatchHub;
  readonly open: OpenStore;
  /** What is to send what it has gathered. */
  readonly telemetry: readonly ({ stop(): Promise<void> } | null)[];
}

/**
 * Watchers first, as they would not end by themselves; requests next, store last: an accepted write is committed and
 * answered before the store closes.
 */
async function shutDown({ server, hub, open, telemetry }: Running, timeoutMs: number): Promise<void> {
  hub.stop();
  await server.stop(timeoutMs);
  await Promise.all(telemetry.map((each) => each?.stop()));
  await open.close();
}
