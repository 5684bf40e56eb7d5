// What each thread that serves HTTP is made of, on top of a store: services, handlers and a server on the port. How many there
// are, and what is there once for all of them, stands in compose.ts and in workers/.
import manifest from "../package.json" with { type: "json" };
import type { TokenBook } from "./auth/token-book.ts";
import { makeGuard, makeKnownAnswers, type RateMemory } from "./compose-parts.ts";
import type { Config } from "./config/options.ts";
import type { ServerFacts } from "./http/admin-handlers.ts";
import { App } from "./http/app.ts";
import { readBuiltAssets, WebAssets } from "./http/assets/web-assets.ts";
import { makeJsonDialect } from "./http/json-dialect.ts";
import { makeRawDialect } from "./http/raw-dialect.ts";
import { type HttpServer, type PortShare, startHttpServer } from "./http/server.ts";
import type { HttpMetrics } from "./observe/http-metrics.ts";
import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/registry.ts";
import type { Tracing } from "./observe/tracing.ts";
import type { ServerCounts } from "./server-counts.ts";
import { Entries } from "./service/entries.ts";
import type { Timers } from "./service/timers.ts";
import { Turns } from "./service/turns.ts";
import type { WatchHub } from "./service/watch/hub.ts";
import { HubView } from "./service/watch/hub-view.ts";
import type { Store } from "./store/store.ts";

export const VERSION = manifest.version;

export const TIMERS: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface ServingParts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly hub: WatchHub;
  readonly tokens: TokenBook;
  readonly http: HttpMetrics;
  /** What /-/metrics shows. */
  readonly metrics: Metrics;
  readonly tracing: Tracing | null;
  readonly facts: Pick<ServerFacts, "startedAt" | "unreadyReason" | "integrity" | "backups">;
  readonly counts: ServerCounts;
  readonly rates: RateMemory;
  /** The part of PortShare that is not counted. */
  readonly port: Pick<PortShare, "port" | "servers">;
}

/** @throws KeyholdError with a sentence for the operator when the address cannot be had */
export function startServing(parts: ServingParts): Promise<HttpServer> {
  const { config, log, http, tracing, counts, port } = parts;
  const steadyMs = () => performance.now();
  const app = new App({
    services: {
      ...makeServices(parts),
      store: parts.store,
      entries: new Entries(parts.store, new Turns(counts.edits, port.servers)),
      hub: new HubView(parts.hub),
      tokens: parts.tokens,
      metrics: parts.metrics,
    },
    guard: makeGuard(config, steadyMs, parts.rates),
    log,
    metrics: http,
    answers: makeKnownAnswers(parts.store.marks, () => Bun.gc(false), { ...config, servers: port.servers }),
    tracing,
    hasAccessLog: config.accessLog,
    requestIdPrefix: crypto.randomUUID().slice(0, 8),
    steadyMs,
  });
  const { tlsCert, tlsKey } = config;
  const tls = tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey };
  return startHttpServer(app, { ...config, tls }, { ...port, ...counts });
}

function makeServices({ config: { maxValueBytes, wide: isWide }, facts }: ServingParts) {
  return {
    facts: { version: VERSION, maxValueBytes, isWide, ...facts },
    rawDialect: makeRawDialect({ isWide, maxValueBytes }),
    jsonDialect: makeJsonDialect({ maxValueBytes }),
    assets: new WebAssets(readBuiltAssets),
  };
}
