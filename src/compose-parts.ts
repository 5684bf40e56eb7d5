// The parts of a server, each made as the configuration says. How they go together, and in which order they start and stop,
// stands in compose.ts.
import { totalmem } from "node:os";
import { readAdminToken } from "./auth/admin-token-file.ts";
import { TokenBook, type TokenBookOptions } from "./auth/token-book.ts";
import type { Config } from "./config/options.ts";
import { type Count, makeCount } from "./core/count.ts";
import { KeyholdError } from "./core/errors.ts";
import type { OpenStore } from "./engines/open.ts";
import { KnownAnswers } from "./http/answers/known-answers.ts";
import { ClientAddresses } from "./http/client-address.ts";
import { Guard } from "./http/guard.ts";
import { HostNames, isLoopback } from "./http/host-names.ts";
import { type RateOptions, Rates } from "./http/rates.ts";
import { SharedRates } from "./http/shared-rates.ts";
import { WebPages } from "./http/web-pages.ts";
import type { Log } from "./observe/log.ts";
import type { Tracing } from "./observe/tracing.ts";
import type { Timers } from "./service/timers.ts";
import { BackupSchedule } from "./service/transfer-schedule.ts";
import { WatchHub } from "./service/watch/hub.ts";
import type { Store } from "./store/store.ts";
import type { WriteMarks } from "./store/write-marks.ts";
import { valueToJson } from "./wire/entry-json.ts";

/** Of the machine's memory, for answers that are kept; bytes at the most, and the fewest that are worth the trouble. */
const ANSWERS_SHARE = 1 / 8;
const ANSWERS_BYTES_MAX = 1024 * 1024 * 1024;
const ANSWERS_BYTES_MIN = 64 * 1024;

/** What a change is shown as, who may watch, and what they are told, as the configuration says. */
export function makeWatchHub(
  { store, log, timers }: { readonly store: Store; readonly log: Log; readonly timers: Timers },
  config: Config,
  watchers: Count = makeCount(),
): WatchHub {
  return new WatchHub(
    {
      store,
      timers,
      steadyMs: () => performance.now(),
      onDamage: ({ code, detail }) =>
        log.error("watch-incomplete", `${detail}; watchers are told of it without its value`, { code }),
      toText: (entry) => valueToJson(entry, true),
      membersMax: config.watchers,
      backlogChanges: config.watchBacklog,
      heartbeatMs: config.heartbeatMs,
    },
    watchers,
  );
}

/** Memory in which several threads count what clients use; null where that has no bound. */
export interface RateMemory {
  readonly address: SharedArrayBuffer | null;
  readonly token: SharedArrayBuffer | null;
}

export const NOT_SHARED: RateMemory = { address: null, token: null };

/** Who is let in, as the configuration says. */
export function makeGuard(config: Config, steadyMs: () => number, memory: RateMemory = NOT_SHARED): Guard {
  const rates = (options: Omit<RateOptions, "steadyMs">) => {
    const shared = memory[options.of];
    if (shared === null) return new Rates({ ...options, steadyMs });
    // The clocks of threads begin when these do.
    return new SharedRates({ ...options, steadyMs: () => performance.timeOrigin + performance.now() }, shared);
  };
  const { host, allowedHosts, corsOrigins, trustedProxies } = config;
  return new Guard({
    hosts: new HostNames([host, ...allowedHosts]),
    pages: new WebPages(corsOrigins),
    addresses: new ClientAddresses(trustedProxies),
    addressRates: rates({ of: "address", requests: config.addressRequests, bytes: config.addressBytes }),
    tokenRates: rates({ of: "token", requests: config.tokenRequests, bytes: config.tokenBytes }),
  });
}

/**
 * Null where nothing is to be kept, nothing tells whether it stands, or whatever is asked is to be logged, traced, counted by
 * address or opened to web pages, so that none would be sent again.
 *
 * @param servers - that share the memory, each with its part
 */
export function makeKnownAnswers(
  marks: WriteMarks | null,
  collect: () => void,
  { servers, ...config }: KnownAnswersConfig,
): KnownAnswers | null {
  const { entryCacheBytes, transport, accessLog, traces, addressRequests, addressBytes, corsOrigins } = config;
  const limitBytes = Math.floor((entryCacheBytes === "auto" ? sharedMemoryBytes() : entryCacheBytes) / servers);
  if (marks === null || limitBytes < ANSWERS_BYTES_MIN || transport !== "keyhold") return null;
  if (accessLog || traces !== null || addressRequests + addressBytes > 0 || corsOrigins.length > 0) return null;
  return new KnownAnswers({ marks, limitBytes, collect });
}

type KnownAnswersConfig = { readonly servers: number } & Pick<
  Config,
  "entryCacheBytes" | "transport" | "accessLog" | "traces" | "addressRequests" | "addressBytes" | "corsOrigins"
>;

/** An eighth of what the process may take. */
function sharedMemoryBytes(): number {
  const mostBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.min(ANSWERS_BYTES_MAX, Math.floor(mostBytes * ANSWERS_SHARE));
}

/** @throws "invalid-parameter" where everybody who can reach the machine could read and write */
export function requireSafeAddress({ host, insecurePublic }: Config, hasTokens: boolean): void {
  if (hasTokens || insecurePublic || isLoopback(host)) return;
  throw new KeyholdError(
    "invalid-parameter",
    `Will not listen on ${host}, which others can reach, without a token: make one by "keyhold token create", or give --admin-token-file; --insecure-public lets everybody read, write and delete`,
  );
}

/** Null where no directory is named. A store without backups says so at the first try. */
export function makeBackupSchedule(
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
    onNotRemoved: (error) =>
      log.warn("backup-not-removed", `Cannot remove a backup that is older than --backup-keep asks for: ${error}`, {
        directory,
      }),
    onAhead: (names) =>
      log.warn(
        "backup-dated-ahead",
        `Backups in ${directory} are dated ahead of the clock; they count for nothing and are removed before others`,
        { directory, count: names.length, first: names[0] ?? "" },
      ),
  });
}

/** The library is loaded where traces are on, and nowhere else. */
export async function openTracing(
  { traces: url, tracePercent: percent }: Config,
  { version, log, timers }: { readonly version: string; readonly log: Log; readonly timers: Timers },
): Promise<Tracing | null> {
  if (url === null) return null;
  const library = await import("./observe/otel-tracing.ts");
  const steadyMs = () => performance.now();
  return library.openTracing({ url, percent, version, log, steadyMs, after: timers.after });
}

/** @throws "invalid-parameter" where the file holds no token */
export function readAdminSecret({ adminTokenFile }: Config): string | null {
  return adminTokenFile === null ? null : readAdminToken(adminTokenFile);
}

export function noteUnreadTokens(error: unknown, log: Log): void {
  const reason = error instanceof KeyholdError ? error.detail : String(error);
  log.error(
    "tokens-unread",
    `Cannot read the tokens of the store: ${reason}; those read before stay in force, and what other servers change is not seen until it succeeds`,
  );
}

/** What cannot be read again stays as it is: a server that runs is not ended by a file that is just being exchanged. */
export function tryAgain(read: () => void, log: Log): void {
  try {
    read();
  } catch (error) {
    const reason = error instanceof KeyholdError ? error.detail : String(error);
    log.error("reload-failed", `${reason}; what was read before stays in force`);
  }
}

/** A token that is not what was written keeps the server from starting: nobody is let in, or kept out, by guessing. */
export async function openBook(
  open: OpenStore,
  { adminSecret, timers, changes }: Pick<TokenBookOptions, "adminSecret" | "timers" | "changes">,
): Promise<TokenBook> {
  const { store } = open;
  try {
    return new TokenBook({ store, timers, adminSecret, changes }, await store.tokens());
  } catch (error) {
    await open.close();
    throw error;
  }
}
