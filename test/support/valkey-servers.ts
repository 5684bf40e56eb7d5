// The engine's servers under test, with scripts that are small enough to see what they do.
import { createHash } from "node:crypto";
import { parseWritePromise, type WritePromise } from "../../src/core/write-promise.ts";
import type { ServerAddress } from "../../src/engines/valkey/connection.ts";
import {
  openServers,
  type Script,
  SERVERS_DEFAULTS,
  type ServerLog,
  type Servers,
  type ServersOptions,
} from "../../src/engines/valkey/servers.ts";
import { NO_ACCESS } from "./valkey-connection.ts";

/** Counts up under its key, and answers the count. */
export const COUNT = makeScript("return redis.call('INCR', KEYS[1])");
/** Writes its argument under its keys. */
export const SET = makeScript("for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1]) end return 'written'");
export const GET = makeScript("return redis.call('GET', KEYS[1])");

export const PATIENCE_MS = 60_000;

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly message: string;
}

export class ListLog implements ServerLog {
  readonly lines: LogLine[] = [];

  info(event: string, message: string): void {
    this.lines.push({ level: "info", event, message });
  }

  warn(event: string, message: string): void {
    this.lines.push({ level: "warn", event, message });
  }

  error(event: string, message: string): void {
    this.lines.push({ level: "error", event, message });
  }

  /** Of warnings and errors. */
  get complaints(): readonly string[] {
    return this.lines.filter(({ level }) => level !== "info").map(({ message }) => message);
  }
}

export function makeScript(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

export function promiseOf(text: string): WritePromise {
  const promise = parseWritePromise(text);
  if (promise === null) throw new Error(`"${text}" is no promise`);
  return promise;
}

export function serversOptions(
  seeds: readonly ServerAddress[],
  { promise = "applied", ...changed }: Partial<Omit<ServersOptions, "promise">> & { readonly promise?: string } = {},
): ServersOptions {
  return {
    topology: "standalone",
    seeds,
    masterName: null,
    access: NO_ACCESS,
    sentinelAccess: NO_ACCESS,
    promise: promiseOf(promise),
    preload: [COUNT, SET, GET],
    log: new ListLog(),
    ...SERVERS_DEFAULTS,
    ...changed,
  };
}

/** For the length of `body`. */
export async function withServers(options: ServersOptions, body: (servers: Servers) => Promise<void>): Promise<void> {
  const servers = await openServers(options);
  try {
    await body(servers);
  } finally {
    await servers.close();
  }
}
