// The methods that Node's parser knows, most of those registered (RFC 9110 §16.1.1) and QUERY among them. Another one is answered
// like those that a resource does not have, and ends the connection: it is more often a mistake in framing than a method.
import { METHODS } from "node:http";

const KNOWN: ReadonlySet<string> = new Set(METHODS);

export function isKnownMethod(method: string): boolean {
  return KNOWN.has(method);
}
