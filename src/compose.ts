// The composition root: configuration → store → services → app → server, and the order in which they start and stop. The
// only file that sees both an engine and HTTP, but for the further threads that serve (workers/).
import { availableParallelism } from "node:os";
import type { TokenBook } from "./auth/token-book.ts";
import {
  makeBackupSchedule,
  makeWatchHub,
  NOT_SHARED,
  noteUnreadTokens,
  openBook,
  openTracing,
  type RateMemory,
  readAdminSecret,
  requireSafeAddress,
  tryAgain,
} from "./compose-parts.ts";
import { type ServingParts, startServing, TIMERS, VERSION } from "./compose-serving.ts";
import type { Config } from "./config/options.ts";
import type { Clock } from "./core/expiry.ts";
import { LIMITS } from "./core/limits.ts";
import {
  type Integrity,
  type Missing,
  makeQueueCounts,
  type OpenStore,
  type OpenTerms,
  openStore,
} from "./engines/open.ts";
import type { HttpServer } from "./http/server.ts";
import { makeSharedRatesMemory } from "./http/shared-rates.ts";
import { DurationSamples } from "./observe/duration-samples.ts";
import { HttpMetrics } from "./observe/http-metrics.ts";
import type { Log } from "./observe/log.ts";
import { tallyLog } from "./observe/log-tally.ts";
import { Registry } from "./observe/registry.ts";
import { makeServerCountMemory, makeServerCounts, openServerCounts } from "./server-counts.ts";
import { type Outcome, ServerEnd } from "./server-end.ts";
import { type MeasuredServer, measureServer } from "./server-metrics.ts";
import { startStatsd } from "./server-statsd.ts";
import { Entries } from "./service/entries.ts";
import type { BackupSchedule } from "./service/transfer-schedule.ts";
import type { WatchHub } from "./service/watch/hub.ts";
import type { Store } from "./store/store.ts";
import type { ServingOrder } from "./workers/messages.ts";
import { ServingPool } from "./workers/serving-pool.ts";

export interface RunningServer {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** Resolves when the server has ended: as it was asked to, or because its store failed under it. */
  readonly ended: Promise<Outcome>;
  /** Reads again what is kept in files of its own: certificate and key, and that of --admin-token-file. */
  reload(): void;
  /** Starts an orderly stop: no new requests, running ones finished, store closed. Idempotent. */
  stop(): void;
}

/** @throws KeyholdError with a sentence for the operator when the store or the address cannot be had */
export async function startServer(asked: Config, processLog: Log): Promise<RunningServer> {
  const config = { ...asked, workers: threadsOf(asked) };
  const { log, counts: logged } = tallyLog(processLog);
  const end = new ServerEnd(log, TIMERS);
  const tracing = await openTracing(config, { version: VERSION, log, timers: TIMERS });
  const adminSecret = readAdminSecret(config);
  const memory = makeServerCountMemory();
  const counts = config.workers === 1 ? makeServerCounts() : openServerCounts(memory);
  const open = await openStore(config, {
    ...{ log, missing: "created", queue: counts.queue },
    onFatal: (reason) => end.fail(reason),
  });
  const { store } = open;
  const hub = makeWatchHub({ store, log, timers: TIMERS }, config, counts.watchers);
  const tokens = await openBook(open, { adminSecret, timers: TIMERS, changes: counts.tokenChanges });
  const schedule = makeBackupSchedule({ store, log, timers: TIMERS }, config);
  const registry = new Registry();
  const samples = config.statsd === null ? null : new DurationSamples();
  const http = new HttpMetrics(samples);
  const facts = makeFacts({ open, schedule, end });
  const pool = new ServingPool({
    ...{ log, backup: store.backup, timers: TIMERS },
    metrics: async () => registry.renderWith(await pool.readings()),
    facts: () => ({ integrity: facts.integrity(), backups: facts.backups() }),
    onFatal: (reason) => end.fail(reason),
  });
  end.onFailure((reason) => pool.failStore(reason));
  const rates = config.workers === 1 ? NOT_SHARED : makeRateMemory(config);
  const serving = { rates, config, log, store, hub, tokens, http, tracing, facts, counts };
  const metrics = config.workers === 1 ? registry : { render: async () => registry.renderWith(await pool.readings()) };
  const server = await serve({ ...serving, metrics }, open, (port) =>
    pool.start(ordersOf(open, { config, counts: memory, rates, port, adminSecret, startedAt: facts.startedAt })),
  );
  schedule?.start();
  tokens.follow((error) => noteUnreadTokens(error, log));
  const measured: MeasuredServer = {
    ...surroundings(config),
    ...{ store, hub, http, logged, transport: server, backups: schedule },
    refusal: open.refusal,
    unreadyReason: facts.unreadyReason,
  };
  const endMeasuring = measureServer(registry, measured);
  const statsd = startStatsd(config, measured, { log, samples, others: () => pool.statsd() });
  return {
    url: server.url,
    ended: end.ended,
    reload() {
      if (end.isStopping) return;
      tryAgain(() => renewAdminSecret(readAdminSecret(config), tokens, pool), log);
      tryAgain(() => server.renewTls(), log);
    },
    stop() {
      end.stop(() => {
        endMeasuring();
        tokens.stop();
        return shutDown({ server, hub, pool, open, schedule, telemetry: [statsd, tracing] }, config.stopTimeoutMs);
      });
    },
  };
}

/** The threads that serve; no more than may be. */
function threadsOf({ workers }: Config): number {
  return workers === "auto" ? Math.min(availableParallelism(), LIMITS.workers) : workers;
}

function makeRateMemory(config: Config): RateMemory {
  const { addressRequests, addressBytes, tokenRequests, tokenBytes } = config;
  return {
    address: addressRequests + addressBytes > 0 ? makeSharedRatesMemory() : null,
    token: tokenRequests + tokenBytes > 0 ? makeSharedRatesMemory() : null,
  };
}

/** Certificates are read again by each thread for itself, at the same word. */
function renewAdminSecret(adminSecret: string | null, tokens: TokenBook, pool: ServingPool): void {
  tokens.setAdminSecret(adminSecret);
  pool.reload(adminSecret);
}

function commandTerms(log: Log, missing: Missing = "created"): OpenTerms {
  const onFatal = (reason: string) => log.error("store-failed", reason);
  return { log, onFatal, missing, queue: makeQueueCounts() };
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
  const open = await openStore(config, commandTerms(log));
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
  const open = await openStore(config, commandTerms(log, missing));
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
  const open = await openStore(config, commandTerms(log));
  const tokens = await openBook(open, { adminSecret: null, timers: TIMERS, changes: null });
  return { tokens, now: open.store.now, close: () => open.close() };
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

/** What the server tells of itself. */
function makeFacts({
  open,
  schedule,
  end,
}: {
  readonly open: OpenStore;
  readonly schedule: BackupSchedule | null;
  readonly end: ServerEnd;
}) {
  return {
    startedAt: new Date(),
    unreadyReason: () => end.reason ?? open.refusal(),
    integrity: () => describeIntegrity(open.integrity()),
    backups: () => schedule?.figures ?? null,
  };
}

/**
 * Listens, and has the further threads join.
 *
 * @param join - starts them on the port that was found; resolves when all of them serve
 */
async function serve(
  parts: Omit<ServingParts, "port">,
  open: OpenStore,
  join: (port: number) => Promise<void>,
): Promise<HttpServer> {
  const { config, tokens } = parts;
  const servers = Number(config.workers);
  let server: HttpServer | null = null;
  try {
    requireSafeAddress(config, tokens.hasTokens());
    server = await startServing({ ...parts, port: { port: servers === 1 ? "alone" : "first", servers } });
    await join(Number(new URL(server.url).port));
    return server;
  } catch (error) {
    await server?.stop(0);
    await open.close();
    throw error;
  }
}

/** What the further threads are started with. */
function ordersOf({ shared }: OpenStore, order: Omit<ServingOrder, "store">): readonly ServingOrder[] {
  if (shared === null) return [];
  return Array.from({ length: Number(order.config.workers) - 1 }, () => ({ ...order, store: shared.share() }));
}

function describeIntegrity(found: Integrity) {
  const detail = found.is === "damaged" ? found.problem : found.is === "failed" ? found.reason : null;
  return { is: found.is, detail };
}

interface Running {
  readonly server: HttpServer;
  readonly hub: WatchHub;
  readonly pool: ServingPool;
  readonly open: OpenStore;
  readonly schedule: BackupSchedule | null;
  /** What is to send what it has gathered. */
  readonly telemetry: readonly ({ stop(): Promise<void> } | null)[];
}

/**
 * Watchers first, as they would not end by themselves; requests next, on all threads at once; store last: an accepted write is
 * committed and answered before the store closes.
 */
async function shutDown({ server, hub, pool, open, schedule, telemetry }: Running, timeoutMs: number): Promise<void> {
  hub.stop();
  const poolStopped = pool.stop(timeoutMs);
  await schedule?.stop();
  await server.stop(timeoutMs);
  if (!(await poolStopped)) open.shared?.doubt();
  await Promise.all(telemetry.map((each) => each?.stop()));
  await open.close();
}
