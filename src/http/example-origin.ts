// Where the curl lines that people are shown point: the server as they reached it, or the default address.
import type { Incoming } from "./exchange.ts";

export const EXAMPLE_ORIGIN = "http://127.0.0.1:3000";

export function exampleOrigin(incoming: Incoming): string {
  return incoming.origin ?? EXAMPLE_ORIGIN;
}
