// "host:port", as servers write addresses and as people read them.
import type { ServerAddress } from "./connection.ts";

export function nameOf({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}

/** "host:port" as servers write it, where a host may have colons of its own; null for other texts. */
export function parseAddress(text: string): ServerAddress | null {
  const [, host, port] = /^(.*):(\d{1,5})(?:@\d+)?$/.exec(text) ?? [];
  return host === undefined || port === undefined ? null : { host, port: Number(port) };
}
