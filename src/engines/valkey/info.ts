// What INFO says, which every server answers, those of providers too.
import type { Reply } from "./reply.ts";

/** Its lines by name. */
export type Info = ReadonlyMap<string, string>;

/** A replica that has not been heard of for longer is not counted: it would confirm nothing. */
const LAG_MAX_SECONDS = 5;

/** Null for a reply that is no INFO. */
export function parseInfo(reply: Reply): Info | null {
  const text = textOf(reply);
  if (text === null) return null;
  const lines = text.split("\r\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon > 0 && !line.startsWith("#") ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
  });
  return new Map(lines);
}

/** Replicas that have all that the primary had when they came, and are heard of. */
export function onlineReplicas(info: Info): number {
  return [...info].filter(([name, value]) => /^slave\d+$/.test(name) && isOnline(value)).length;
}

export function numberOf(info: Info, name: string): number {
  return Number(info.get(name) ?? 0);
}

/** A line or bulk, as text; null for other replies. */
export function textOf(reply: Reply | undefined): string | null {
  if (typeof reply === "string") return reply;
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : null;
}

/** "ip=127.0.0.1,port=6380,state=online,offset=42,lag=1". */
function isOnline(replica: string): boolean {
  const lag = /(?:^|,)lag=(\d+)/.exec(replica)?.[1] ?? "0";
  return /(?:^|,)state=online(?:,|$)/.test(replica) && Number(lag) <= LAG_MAX_SECONDS;
}
