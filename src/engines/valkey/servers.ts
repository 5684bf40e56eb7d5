// What the store sees of the network: reads and writes that go to the primary of a slot, whatever the servers behind it are
// and do. Everything about addresses, replicas, retries and deadlines stays below this interface.

import type { WritePromise } from "../../core/write-promise.ts";
import type { ServerAccess, ServerAddress } from "./connection.ts";
import { openRouter } from "./open-router.ts";
import type { Argument, Reply } from "./reply.ts";

export type Topology = "standalone" | "sentinel" | "cluster";

/** A Lua script. It runs as one step of the server. */
export interface Script {
  readonly text: string;
  /** Of the text, in lower-case hexadecimal: what servers know it by. */
  readonly sha1: string;
}

/** A write that has been applied. */
export interface Acknowledged {
  readonly reply: Reply;
  /** Why the promise is not known to be kept; null where it is kept. */
  readonly shortfall: string | null;
}

export interface Servers {
  readonly topology: Topology;
  readonly promise: WritePromise;
  /**
   * Server time minus ours, at the last look at a primary; 0 until it is known, and where it is less than can be told from the
   * way of a message.
   */
  readonly clockOffsetMs: number;
  /** Writes that have begun and have not been answered. */
  readonly pendingWrites: number;

  /**
   * From the primary of the slot; repeated while that may help, until the deadline.
   *
   * @throws KeyholdError "unavailable", "busy", "internal"
   */
  read(slot: number, args: readonly Argument[]): Promise<Reply>;

  /** A script that writes nothing. Repeated as read() is. @throws as read() */
  readScript(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Reply>;

  /**
   * A script that writes: repeated only while it is certain that it has not run.
   *
   * @throws KeyholdError "unavailable" when nothing has been written, "no-room" and "busy" likewise, "outcome-unknown" when it
   * may have run, "internal" when the server calls it wrong
   */
  write(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Acknowledged>;

  /** Why writes are refused for now; null while they are taken. */
  refusal(): string | null;

  /** Waits for writes that have begun, no longer than the deadline, and ends every connection. */
  close(): Promise<void>;
}

/** Where the engine says what happens. `event` is a constant in kebab-case, `message` a sentence without a full stop. */
export interface ServerLog {
  info(event: string, message: string): void;
  warn(event: string, message: string): void;
  error(event: string, message: string): void;
}

export interface ServersOptions {
  readonly topology: Topology;
  /** One server for standalone; Sentinels; any nodes of a cluster. Not empty. */
  readonly seeds: readonly ServerAddress[];
  /** What the Sentinels call their primary; null where there are none. */
  readonly masterName: string | null;
  readonly access: ServerAccess;
  /** How Sentinels are spoken to, who have passwords of their own. */
  readonly sentinelAccess: ServerAccess;
  readonly promise: WritePromise;
  /** From the call of a read or write to its answer, whatever that is. */
  readonly deadlineMs: number;
  /** Writes to one primary that have not been answered, in commands; further ones are refused with "busy". */
  readonly queuedCommits: number;
  /** The same in bytes. */
  readonly queuedBytes: number;
  /** Scripts that each server is told of when it is connected, so that it rarely has to say that it knows them not. */
  readonly preload: readonly Script[];
  readonly log: ServerLog;
}

/** What options are where nobody has chosen. */
export const SERVERS_DEFAULTS = {
  deadlineMs: 2000,
  queuedCommits: 10_000,
  queuedBytes: 64 * 1024 * 1024,
} as const;

/**
 * Servers that can keep the promise, as far as they tell.
 *
 * @throws KeyholdError "unavailable" with what is wrong and the line to change
 */
export function openServers(options: ServersOptions): Promise<Servers> {
  return openRouter(options);
}
