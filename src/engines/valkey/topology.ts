// Which server has which slot, as far as is known: what standalone, Sentinel and Cluster have in common.
import type { ServerAddress } from "./connection.ts";
import type { ServerNode } from "./server-node.ts";
import type { Topology } from "./servers.ts";

export interface ServerMap {
  readonly kind: Topology;
  /** How often it is looked at anew though nothing has happened. */
  readonly refreshIntervalMs: number;
  /** Null while nobody is known to have the slot. */
  primaryOf(slot: number): ServerNode | null;
  /** Each once. */
  primaries(): readonly ServerNode[];
  /** Why there is no primary, or why the last look brought nothing; null where all is well. */
  readonly trouble: string | null;
  /**
   * The server that another names in a redirection, which it is asked for from now on where the slot has moved there for good.
   * Null where there are no redirections.
   */
  redirect(slot: number, target: Redirection): ServerNode | null;
  /** Looks who has what; resolves when that has been seen, or could not be. Many at once are one look. */
  refresh(): Promise<void>;
  close(): void;
}

export interface Redirection {
  /** An empty host is that of the server that says so. */
  readonly address: ServerAddress;
  readonly by: ServerNode;
  /** MOVED, and not ASK. */
  readonly isForGood: boolean;
}

/** Servers announce themselves without a name, or as "?", where they mean the one by which they were reached. */
export function resolveHost(host: string | null, asked: ServerAddress): string {
  return host === null || host === "" || host === "?" ? asked.host : host;
}
