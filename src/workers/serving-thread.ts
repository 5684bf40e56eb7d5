// A thread that serves HTTP beside the main one: the same port, the same store, its own connections. It has a reading connection
// to the store and a line to the writer thread; what is bounded for the server as a whole is counted in memory that all share.
// What there is once, the log, backups, the figures of the store, the end of the process, is asked of the main thread.
import { makeWatchHub, noteUnreadTokens, openBook, openTracing, tryAgain } from "../compose-parts.ts";
import { startServing, TIMERS, VERSION } from "../compose-serving.ts";
import { joinStore, type OpenStore, type SharedStore } from "../engines/open.ts";
import type { ServerFacts } from "../http/admin-handlers.ts";
import { DurationSamples } from "../observe/duration-samples.ts";
import { HttpMetrics } from "../observe/http-metrics.ts";
import type { Log } from "../observe/log.ts";
import { Registry } from "../observe/registry.ts";
import { openServerCounts, type ServerCounts } from "../server-counts.ts";
import { measureThread } from "../server-metrics.ts";
import { readThread } from "../server-statsd.ts";
import { answer, ask } from "./asking.ts";
import {
  type FromServing,
  type MainFacts,
  type ReadingsAnswer,
  type ServingOrder,
  type StatsdAnswer,
  type ToServing,
  toErrorMessage,
} from "./messages.ts";
import { RemoteBackup } from "./remote-backup.ts";
import { makeRemoteLog } from "./remote-log.ts";

declare const self: Worker;

/** What the main thread may ask of a thread that serves. */
interface Serving {
  readings(): ReadingsAnswer;
  statsd(): StatsdAnswer;
  reload(adminSecret: string | null): void;
  /** Ends the use of the store: what waits for it is answered that its outcome is not known. */
  fail(reason: string): void;
  /** Resolves when everything is answered and released, with whether nothing that was read has shown damage. */
  stop(): Promise<boolean>;
}

let serving: Serving | null = null;

self.onmessage = ({ data }: MessageEvent<ToServing>) => {
  switch (data.kind) {
    case "start":
      start(data.order).then(
        () => post({ kind: "ready" }),
        (error: unknown) => post({ kind: "refused", error: toErrorMessage(error) }),
      );
      break;
    case "readings":
      answer(data.reply, serving?.readings() ?? new Map());
      break;
    case "statsd":
      answer(data.reply, serving?.statsd() ?? null);
      break;
    case "reload":
      serving?.reload(data.adminSecret);
      break;
    case "store-failed":
      serving?.fail(data.reason);
      break;
    case "stop":
      void stop();
      break;
    default:
      data satisfies never;
  }
};

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

function post(message: FromServing, moved: readonly MessagePort[] = []): void {
  self.postMessage(message, [...moved]);
}

/** The state of the thread is unknown then, and with it that of the process. */
function fail(error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  post({ kind: "fatal", reason: `Nobody caught an error on a serving thread: ${reason}` });
}

async function stop(): Promise<void> {
  const isSound = serving === null || (await serving.stop());
  post({ kind: "stopped", isSound });
  // Ends this thread alone, after the message has left.
  setImmediate(() => process.exit(0));
}

async function start({ config, store: share, counts: memory, port, ...order }: ServingOrder): Promise<void> {
  const log = makeRemoteLog(post);
  const counts = openServerCounts(memory);
  let unreadyReason: string | null = null;
  const open = joinStore(config, share, {
    backup: new RemoteBackup(post),
    queue: counts.queue,
    onFatal(reason) {
      unreadyReason = reason;
      post({ kind: "fatal", reason });
    },
  });
  const facts = {
    startedAt: order.startedAt,
    unreadyReason: () => unreadyReason ?? open.refusal(),
    integrity: async () => (await askFacts()).integrity,
    backups: async () => (await askFacts()).backups,
  };
  const parts = { order: { ...order, config, port }, log, counts, open, facts };
  serving = await serve(parts, () => {
    unreadyReason ??= "The server is stopping";
  });
}

interface Parts {
  readonly order: Pick<ServingOrder, "config" | "port" | "adminSecret" | "rates">;
  readonly log: Log;
  readonly counts: ServerCounts;
  readonly open: OpenStore & { readonly shared: SharedStore };
  readonly facts: Pick<ServerFacts, "startedAt" | "unreadyReason" | "integrity" | "backups">;
}

async function serve({ order, log, counts, open, facts }: Parts, onStop: () => void): Promise<Serving> {
  const { config, port, adminSecret } = order;
  const { store } = open;
  const tracing = await openTracing(config, { version: VERSION, log, timers: TIMERS });
  const hub = makeWatchHub({ store, log, timers: TIMERS }, config, counts.watchers);
  const tokens = await openBook(open, { adminSecret, timers: TIMERS, changes: counts.tokenChanges });
  const registry = new Registry();
  const samples = config.statsd === null ? null : new DurationSamples();
  const http = new HttpMetrics(samples);
  const server = await startServing({
    ...{ log, store, hub, tokens, http, tracing, counts, facts, rates: order.rates },
    config: { ...config, port, unixSocket: null },
    metrics: { render: () => ask<string>((reply) => post({ kind: "metrics", reply }, [reply])) },
    port: { port: "joined", servers: Number(config.workers) },
  });
  tokens.follow((error) => noteUnreadTokens(error, log));
  const clock = { steadyMs: () => performance.now(), after: TIMERS.after };
  const endMeasuring = measureThread(registry, { store, hub, http, transport: server, clock });
  return {
    readings: () => registry.read(),
    statsd: () => (samples === null ? null : readThread(http, samples)),
    reload(secret) {
      tokens.setAdminSecret(secret);
      tryAgain(() => server.renewTls(), log);
    },
    fail: (reason) => open.shared.fail(reason),
    async stop() {
      onStop();
      endMeasuring();
      tokens.stop();
      hub.stop();
      await server.stop(config.stopTimeoutMs);
      await tracing?.stop();
      await open.close();
      log.close();
      return open.shared.isSound();
    },
  };
}

function askFacts(): Promise<MainFacts> {
  return ask<MainFacts>((reply) => post({ kind: "facts", reply }, [reply]));
}
