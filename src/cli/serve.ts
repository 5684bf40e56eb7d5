// `keyhold serve`: makes the log, starts the server, answers signals, and ends with an exit code. What the server is made
// of stands in compose.ts. The line with "listening" is what scripts wait for: it appears at every log level, once the
// server takes requests, and carries the whole URL.
import { join } from "node:path";
import type { RunningServer } from "../compose.ts";
import type { Config } from "../config/options.ts";
import { toStoreText } from "../config/store-location.ts";
import { resolvePromise } from "../config/write-promise.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Log, ProcessLog } from "../observe/log.ts";
import { makeLog } from "../observe/log.ts";
import { RotatingFile } from "../observe/rotating-file.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { SIGNAL_ECHO_MS } from "./signals.ts";

export type StartServer = (config: Config, log: Log) => Promise<RunningServer>;

/** Resolves with the exit code when the server has ended. */
export async function serve(config: Config, host: Host, start: StartServer): Promise<number> {
  const log = openLog(config, host);
  host.onUncaught((error) => endAfterFault(error, log, host));
  let server: RunningServer | null = null;
  host.onSignal("SIGHUP", () => {
    log.reopen();
    log.info("log-reopened", "The error log is opened anew");
    server?.reload();
  });
  const stopper = listenForStop(log, host);
  try {
    server = await start(config, log);
  } catch (error) {
    log.close();
    host.writeError(describeFailedStart(error, config));
    return error instanceof KeyholdError && error.code === "invalid-parameter" ? EXIT.config : EXIT.failure;
  }
  announce(server, config, log);
  stopper.attach(server);
  const code = (await server.ended) === "stopped" ? EXIT.ok : EXIT.storeFailed;
  log.info("stopped", `Stopped with exit code ${code}`, { exit_code: code });
  log.close();
  return code;
}

function openLog(config: Config, host: Host): ProcessLog {
  const path = errorLogPath(config);
  const complain = (sentence: string) => host.writeError(`keyhold: ${sentence}\n`);
  return makeLog({
    format: config.logFormat === "auto" ? (host.isTerminal ? "text" : "json") : config.logFormat,
    level: config.logLevel,
    accessLog: config.accessLog,
    write: host.writeOut,
    errorFile:
      path === null
        ? null
        : new RotatingFile({ path, fileBytesMax: config.errorLogBytes, keptFiles: config.errorLogKeptFiles, complain }),
    nowMs: host.nowMs,
    schedule: host.schedule,
  });
}

/** Null for no file. */
export function errorLogPath({ errorLog, store }: Pick<Config, "errorLog" | "store">): string | null {
  if (errorLog === "none") return null;
  if (errorLog !== "in-store") return errorLog.file;
  return store.engine === "sqlite" ? join(store.directory, "error.log") : null;
}

/** Warnings come after the start, when the store's directory is there and known to be ours. */
function announce(server: RunningServer, config: Config, log: ProcessLog): void {
  const { store, durability } = config;
  const place = toStoreText(store);
  const promise = describePromise(config);
  log.announce("listening", `listening on ${server.url}`, { url: server.url, store: place, durability: promise });
  if (store.engine === "memory") {
    log.warn("not-durable", "The store is in memory: every entry ends with this process", { store: place });
  }
  if (config.insecurePublic) {
    log.warn("insecure-public", "Whoever reaches this server can read, write and delete, as --insecure-public allows");
  }
  if (store.engine !== "memory" && durability === "relaxed") {
    log.warn("not-durable", "Durability is relaxed: a power cut may take writes that were answered", { durability });
  }
}

/** What an answered write has outlived. */
function describePromise({ store, durability, promise }: Config): string {
  if (store.engine === "memory") return "none";
  return store.engine === "valkey" ? resolvePromise(promise, store).text : durability;
}

interface Stopper {
  /** Stops `server` at the next signal, or now if there has been one. */
  attach(server: RunningServer): void;
}

/** First signal: an orderly stop, also of a server that is still starting. Second: the end. */
function listenForStop(log: Log, host: Host): Stopper {
  let server: RunningServer | null = null;
  let askedAtMs: number | null = null;
  const onSignal = (signal: "SIGINT" | "SIGTERM", code: number) => {
    const nowMs = host.nowMs();
    if (askedAtMs === null) {
      askedAtMs = nowMs;
      log.info("stopping", `Stopping in order after ${signal}; a second signal ends the process at once`, { signal });
      server?.stop();
    } else if (nowMs - askedAtMs >= SIGNAL_ECHO_MS) {
      log.warn("cut-short", `Ended at once after a second ${signal}`, { signal });
      log.close();
      host.exit(code);
    }
  };
  host.onSignal("SIGINT", () => onSignal("SIGINT", EXIT.interrupted));
  host.onSignal("SIGTERM", () => onSignal("SIGTERM", EXIT.terminated));
  return {
    attach(started) {
      server = started;
      if (askedAtMs !== null) started.stop();
    },
  };
}

/** The state of the process is unknown then; what was acknowledged is in the store, and a restart is the safe way on. */
function endAfterFault(error: unknown, log: Log, host: Host): void {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  log.error("uncaught-error", `Nobody caught an error: ${message}`, { stack });
  log.close();
  host.exit(EXIT.internal);
}

function describeFailedStart(error: unknown, config: Config): string {
  const reason = error instanceof KeyholdError ? error.detail : error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && config.logLevel === "debug" ? `${error.stack ?? ""}\n` : "";
  return `keyhold: ${reason.replaceAll(/\s*\n\s*/g, " ")}\n${stack}`;
}
