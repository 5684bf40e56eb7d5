// The Prefer field (RFC 7240), as far as Keyhold honours it: `return` with both of its values (§4.2).
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";

const RETURN_MINIMAL = /(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?:$|[,;])/i;
const RETURN_REPRESENTATION = /(?:^|[,;])\s*return\s*=\s*"?representation"?\s*(?:$|[,;])/i;

/** Whether the client asks for what it deletes. */
export function wantsRepresentation(incoming: Incoming): boolean {
  const prefer = incoming.header(FIELD.prefer);
  return prefer !== null && RETURN_REPRESENTATION.test(prefer);
}

/** Whether the client wants no body of a write that is answered with what it wrote. */
export function wantsMinimal(incoming: Incoming): boolean {
  const prefer = incoming.header(FIELD.prefer);
  return prefer !== null && RETURN_MINIMAL.test(prefer);
}
