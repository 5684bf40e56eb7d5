// What a client is answered instead, where its request found a fault: the problem, or what is told in its place where it asked, and
// the fields by which HTTP says what would have been taken.
import type { KeyholdError } from "../core/errors.ts";
import { FIELD } from "../wire/headers.ts";
import { challengeOf } from "./access.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { problemReply } from "./problem.ts";
import { acceptedPatches, allowedMethods, sharedOf } from "./routes.ts";

export interface FaultPlace {
  readonly incoming: Incoming;
  readonly requestId: string;
  /** Of the row that the path led to; null where it led nowhere. */
  readonly pattern: string | null;
}

export function faultReply(fault: KeyholdError, { incoming, requestId, pattern }: FaultPlace): Reply {
  const toldAs = pattern === null ? undefined : sharedOf(pattern)?.toldAs;
  const reply = toldAs?.(fault, requestId) ?? problemReply(fault, requestId, incoming.header(FIELD.accept));
  const added: Record<string, string> = {};
  if (fault.code === "method-not-allowed" && pattern !== null) added[FIELD.allow] = allowedMethods(pattern);
  if (fault.code === "unauthenticated" || fault.code === "forbidden") {
    added[FIELD.wwwAuthenticate] = challengeOf(fault, incoming);
  }
  const patches = pattern === null ? null : acceptedPatches(pattern);
  if (fault.code === "unsupported-media-type" && incoming.method === "PATCH" && patches !== null) {
    added[FIELD.acceptPatch] = patches;
  }
  return { ...reply, headers: { ...reply.headers, ...added } };
}
