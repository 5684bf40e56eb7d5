// The methods that Node's parser knows, most of those registered (RFC 9110 §16.1.1) among them, and QUERY. Another one is
// answered, as any that a resource does not have, and ends the connection: it is more often a mistake in framing than a method.
import { METHODS } from "node:http";

const KNOWN: ReadonlySet<string> = new Set([...METHODS, "QUERY"]);

export function isKnownMethod(method: string): boolean {
  return method === "GET" || method === "PUT" || KNOWN.has(method);
}
