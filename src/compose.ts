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
import { makeJsonDialect } from "./http/json-dialect.ts";
import { makeRawDialect } from "./http/raw-dialect.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import type { Services } from "./http/services.ts";
import type { Log } from "./observe/log.ts";
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
  /** Starts an orderly stop: no new requests, running ones finished, store closed. Idempotent. */
  stop(): void;
  /** Reads again what may change while the server runs: the file of --admin-token-file. */
  reload(): void;
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
  const adminSecret = readAdminSecret(config);
  const open = await openStore(config, log, (reason) => {
    fatalReason = reason;
    log.error("store-failed", `${reason}; the server stops, as it could no longer keep what it acknowledges`);
    setTimeout(() => ended.resolve("store-failed"), LAST_ANSWERS_MS);
  });
  const unreadyReason = () => fatalReason ?? (isStopping ? "The server is stopping" : open.refusal());
  const hub = makeWatchHub({ store: open.store, log, timers: TIMERS }, config);
  const tokens = await openBook(open, adminSecret);
  const server = await listen({ config, log, open, hub, tokens, unreadyReason });
  return {
    url: server.url,
    ended: ended.promise,
    stop() {
      if (isStopping) return;
      isStopping = true;
      void shutDown({ server, hub, open }, config.stopTimeoutMs).then(
        () => ended.resolve(fatalReason === null ? "stopped" : "store-failed"),
        (error: unknown) => {
          log.error("stop-failed", error instanceof Error ? error.message : String(error));
          ended.resolve("store-failed");
        },
      );
    },
    reload: () => reloadAdminSecret(config, tokens, log),
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

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly open: OpenStore;
  readonly hub: WatchHub;
  readonly tokens: TokenBook;
  readonly unreadyReason: () => string | null;
}

async function listen({ config, log, open, hub, tokens, unreadyReason }: Parts): Promise<HttpServer> {
  try {
    const services = makeServices({ config, open, hub, tokens, unreadyReason });
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

function makeServices({ config, open, hub, tokens, unreadyReason }: Omit<Parts, "log">): Services {
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
    rawDialect: makeRawDialect({ isWide, maxValueBytes }),
    jsonDialect: makeJsonDialect({ maxValueBytes }),
  };
}

function readAdminSecret({ adminTokenFile }: Config): string | null {
  return adminTokenFile === null ? null : readAdminToken(adminTokenFile);
}

/** What is wrong with the file leaves the token that was read before. */
function reloadAdminSecret(config: Config, tokens: TokenBook, log: Log): void {
  try {
    tokens.setAdminSecret(readAdminSecret(config));
  } catch (error) {
    log.error(
      "reload-failed",
      `${error instanceof KeyholdError ? error.detail : error}; the token before still counts`,
    );
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
}

/**
 * Watchers first, as they would not end by themselves; requests next, store last: an accepted write is committed and
 * answered before the store closes.
 */
async function shutDown({ server, hub, open }: Running, timeoutMs: number): Promise<void> {
  hub.stop();
  await server.stop(timeoutMs);
  await open.close();
}
