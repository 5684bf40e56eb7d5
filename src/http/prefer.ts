// The Prefer field (RFC 7240), as far as Keyhold honours it.
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";

const RETURN_REPRESENTATION = /(?:^|[,;])\s*return\s*=\s*"?representation"?\s*(?:$|[,;])/i;

/** Whether the client asks for what it deletes. */
export function wantsRepresentation(incoming: Incoming): boolean {
  const prefer = incoming.header(FIELD.prefer);
  return prefer !== null && RETURN_REPRESENTATION.test(prefer);
}
