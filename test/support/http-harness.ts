// A server for the length of one test: in process on App with the memory engine and no socket, or whole by startServer
// over one. Both are asked in the same way.
import { TokenBook } from "../../src/auth/token-book.ts";
import { startServer } from "../../src/compose.ts";
import { makeGuard, makeWatchHub } from "../../src/compose-parts.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/options.ts";
import { MEMORY_CAPABILITIES } from "../../src/engines/memory/capabilities.ts";
import { sqliteCapabilities } from "../../src/engines/sqlite/capabilities.ts";
import type { KnownAnswers } from "../../src/http/answers/known-answers.ts";
import { App } from "../../src/http/app.ts";
import { readBuiltAssets, WebAssets } from "../../src/http/assets/web-assets.ts";
import type { Incoming, Reply } from "../../src/http/exchange.ts";
import { makeJsonDialect } from "../../src/http/json-dialect.ts";
import { makeRawDialect } from "../../src/http/raw-dialect.ts";
import type { Services } from "../../src/http/services.ts";
import { HttpMetrics } from "../../src/observe/http-metrics.ts";
import type { Log } from "../../src/observe/log.ts";
import { Registry } from "../../src/observe/registry.ts";
import { Entries } from "../../src/service/entries.ts";
import type { Timers } from "../../src/service/timers.ts";
import type { WatchHub } from "../../src/service/watch/hub.ts";
import { HubView } from "../../src/service/watch/hub-view.ts";
import type { Capabilities, Store } from "../../src/store/store.ts";
import { ONE_ORDER_CURSORS } from "./forged-cursors.ts";
import { bodyBytes, Http, type HttpAnswer, type HttpClient, type HttpRequest, makeAnswer } from "./http-client.ts";
import { makeMemoryHarness } from "./memory-harness.ts";
import { makeRecordingLog, type RecordingLog } from "./recording-log.ts";
import { textOf } from "./requests.ts";
import { makeSocketClient } from "./socket-client.ts";
import { type ForgedCursors, type MakeStore, ROOMY, type StoreHarness } from "./store-harness.ts";
import { withTemporaryDirectory } from "./temporary-directory.ts";
import { makeTurnableTimers } from "./turnable-timers.ts";

export interface TestServer {
  readonly http: Http;
  /** Null where there is no socket. */
  readonly url: string | null;
  readonly log: RecordingLog;
  /** Of the store behind it: what changes what is expected of some requests. */
  readonly capabilities: Capabilities;
  readonly cursors: ForgedCursors;
  /** As StoreHarness.clockErrorMs. */
  readonly clockErrorMs: number;
  /** Lets about a millisecond pass by the server's clock. */
  step(): Promise<void>;
  /** Stops the server, as far as there is one, before the test is over. */
  stop(): Promise<void>;
}

/** Flags of `keyhold serve`, without dashes. */
export type ServerFlags = Readonly<Record<string, string>>;

/** Runs a server for the length of `body`. */
export type WithServer = (body: (server: TestServer) => Promise<void>, flags?: ServerFlags) => Promise<void>;

export const withAppInProcess: WithServer = withAppOver(makeMemoryHarness);

/** In process over the stores that `make` makes. */
export function withAppOver(make: MakeStore): WithServer {
  return async (body, flags = {}) => {
    const { historyChanges } = configOf(flags);
    const harness = await make({ ...ROOMY, upkeep: "on", historyChanges });
    await withApp(harness, flags, body);
  };
}

async function withApp(
  harness: StoreHarness,
  flags: ServerFlags,
  body: (server: TestServer) => Promise<void>,
): Promise<void> {
  const { store, step, close } = harness;
  const timers = makeTurnableTimers(store.now);
  const log = makeRecordingLog();
  const hub = makeWatchHub({ store, log, timers }, configOf(flags));
  try {
    await body({
      ...makeAppServer(store, flags, { hub, log, timers }),
      capabilities: store.capabilities,
      cursors: harness.cursors,
      clockErrorMs: harness.clockErrorMs,
      async step() {
        await step();
        timers.runDue();
        await new Promise(setImmediate);
      },
      stop: async () => hub.stop(),
    });
  } finally {
    hub.stop();
    await close();
  }
}

export const withMemoryServer: WithServer = (body, flags = {}) =>
  withSocketServer(body, { flags: { store: "memory:", ...flags }, capabilities: MEMORY_CAPABILITIES });

export const withSqliteServer: WithServer = (body, flags = {}) =>
  withTemporaryDirectory((directory) =>
    withSocketServer(body, {
      flags: { store: `sqlite:${directory}/store`, ...flags },
      capabilities: sqliteCapabilities("full"),
    }),
  );

/** What an App in process may be given; what is left out is made for tests that do not need it. */
export interface AppParts {
  readonly log?: RecordingLog;
  readonly timers?: Timers;
  readonly hub?: WatchHub;
  readonly tokens?: TokenBook;
  readonly answers?: KnownAnswers;
  readonly assets?: WebAssets;
  /** As RequestHandler.handle() is given it. */
  readonly requireRoom?: (reply: Reply) => void;
}

/** The App in process over any store, for tests that bring their own. */
export function makeAppServer(
  store: Store,
  flags: ServerFlags = {},
  parts: AppParts = {},
): Pick<TestServer, "http" | "url" | "log"> {
  const { log = makeRecordingLog() } = parts;
  return { http: new Http(makeAppClient(makeApp(store, log, flags, parts), parts.requireRoom)), url: null, log };
}

export function makeApp(store: Store, log: Log, flags: ServerFlags = {}, parts: AppParts = {}): App {
  const config = configOf(flags);
  const { timers = makeTurnableTimers(store.now) } = parts;
  const {
    hub = makeWatchHub({ store, log, timers }, config),
    tokens = new TokenBook({ store, timers, adminSecret: null, changes: null }, []),
    assets = new WebAssets(readBuiltAssets),
  } = parts;
  return new App({
    services: makeServices({ store, hub, tokens, assets }, config),
    guard: makeGuard(config, () => performance.now()),
    log,
    metrics: new HttpMetrics(),
    answers: parts.answers ?? null,
    tracing: null,
    hasAccessLog: config.accessLog,
    requestIdPrefix: "test",
    steadyMs: () => performance.now(),
  });
}

/** A server and the store that it opens by its flags. */
export interface SocketServerOptions {
  readonly flags: ServerFlags;
  /** Of the store that the flags name. */
  readonly capabilities: Capabilities;
  readonly cursors?: ForgedCursors;
  readonly clockErrorMs?: number;
}

/** Over a socket, by startServer. */
export async function withSocketServer(
  body: (server: TestServer) => Promise<void>,
  { flags, capabilities, cursors = ONE_ORDER_CURSORS, clockErrorMs = 0 }: SocketServerOptions,
): Promise<void> {
  const log = makeRecordingLog();
  const server = await startServer(configOf({ port: "0", ...flags }), log);
  try {
    const stop = async () => {
      server.stop();
      await server.ended;
    };
    const http = new Http(makeSocketClient(server.url));
    await body({ http, url: server.url, log, capabilities, cursors, clockErrorMs, step: () => Bun.sleep(1), stop });
  } finally {
    server.stop();
    await server.ended;
  }
}

export function configOf(flags: ServerFlags): Config {
  const loaded = loadConfig({
    flags: { "stop-timeout": "0s", "allowed-hosts": "*", ...flags },
    environment: {},
    readFile: () => "",
  });
  if (loaded.is === "refused") throw new Error(loaded.problems.join("; "));
  return loaded.config;
}

function makeServices(
  { store, hub, tokens, assets }: Pick<Services, "store" | "tokens" | "assets"> & { readonly hub: WatchHub },
  { wide: isWide, maxValueBytes }: Config,
): Services {
  return {
    store,
    entries: new Entries(store),
    hub: new HubView(hub),
    tokens,
    metrics: new Registry(),
    facts: {
      version: "0.0.0",
      startedAt: new Date(0),
      maxValueBytes,
      isWide,
      unreadyReason: () => null,
      integrity: () => ({ is: "unneeded", detail: null }),
      backups: () => null,
    },
    rawDialect: makeRawDialect({ isWide, maxValueBytes }),
    jsonDialect: makeJsonDialect({ maxValueBytes }),
    assets,
  };
}

function makeAppClient(app: App, requireRoom: (reply: Reply) => void = () => {}): HttpClient {
  return {
    send: async (request) => {
      const never = new AbortController().signal;
      return toAnswer(await app.handle(toIncoming(request, never), requireRoom), request.method === "HEAD");
    },
    async open(request) {
      const controller = new AbortController();
      const { status, headers, body } = await app.handle(toIncoming(request, controller.signal));
      const { headers: lowered } = makeAnswer(status, headers, new Uint8Array());
      return { status, headers: lowered, texts: () => partsOf(body), close: () => controller.abort() };
    },
  };
}

/** A request as the transport would hand it on. */
export function toIncoming({ method, target, headers, body }: HttpRequest, signal: AbortSignal): Incoming {
  const bytes = bodyBytes(body);
  let isKeptOpen = false;
  const given = new Headers({ Host: "keyhold.test", ...headers });
  if (body !== null && !given.has("Transfer-Encoding")) given.set("Content-Length", String(bytes.length));
  return {
    method,
    target,
    origin: `http://${given.get("Host")}`,
    remoteAddress: null,
    isLocal: false,
    signal,
    keepOpen() {
      isKeptOpen = true;
    },
    get isKeptOpen() {
      return isKeptOpen;
    },
    receivedBytes: 0,
    header: (name) => given.get(name),
    body: async (maxBytes) => (bytes.length > maxBytes ? null : bytes),
  };
}

async function toAnswer({ status, headers, body }: Reply, isHead: boolean): Promise<HttpAnswer> {
  return makeAnswer(status, headers, isHead ? new Uint8Array() : await collect(body));
}

async function collect(body: Reply["body"]): Promise<Uint8Array> {
  if (body === null || typeof body === "string" || body instanceof Uint8Array) return bodyBytes(body);
  const parts: string[] = [];
  for await (const part of partsOf(body)) parts.push(part);
  return bodyBytes(parts.join(""));
}

async function* partsOf(body: Reply["body"]): AsyncGenerator<string> {
  const isWhole = body === null || typeof body === "string" || body instanceof Uint8Array;
  for await (const part of isWhole ? [bodyBytes(body)] : body) yield textOf(bodyBytes(part));
}
