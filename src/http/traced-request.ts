// What of a request a trace tells.
import type { RequestTrace, TracedRequest } from "../observe/tracing.ts";
import type { Around } from "../service/entries.ts";
import type { Incoming } from "./exchange.ts";
import type { Services } from "./services.ts";

/** The same services, with commits as steps of the trace. */
export function traced(services: Services, trace: RequestTrace): Services {
  const system = services.store.engine;
  const around: Around = (operation, run) => trace.step({ operation, system }, run);
  return { ...services, entries: services.entries.within(around) };
}

/** What a trace says of a request. */
export function tracedOf(incoming: Incoming, route: string): TracedRequest {
  const { method, target, origin, remoteAddress } = incoming;
  return { method, route, target, origin, remoteAddress, header: (name) => incoming.header(name) };
}
