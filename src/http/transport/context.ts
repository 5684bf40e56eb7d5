// What all connections of a server share: who answers, what they may hold together, how long they may take, and what is counted.
import { type Count, makeCount } from "../../core/count.ts";
import type { BodyBudget } from "../body-budget.ts";
import type { RequestHandler } from "../exchange.ts";
import type { StreamBudget } from "../stream-budget.ts";
import type { BulkCollector } from "./bulk-memory.ts";
import type { DateField } from "./date-field.ts";
import type { PaceLimits } from "./pace.ts";
import type { RequestBody } from "./request-body.ts";

export interface ConnectionContext {
  readonly handler: RequestHandler;
  /** Of request bodies in memory. */
  readonly bodies: BodyBudget;
  /** That of all requests that have none. */
  readonly noBody: RequestBody;
  /** Of answers that wait for their clients. */
  readonly answers: StreamBudget;
  /** Bytes of answers that may wait for room before large reads are refused. */
  readonly unsentBytes: number;
  readonly collector: BulkCollector;
  readonly tally: Tally;
  readonly date: DateField;
  /** Heads and small bodies are put together here, and sent before anything else is done. */
  readonly scratch: Buffer;
  /** Of bodies and of answers; `idleMs` is also how long a connection may rest between requests. */
  readonly pace: PaceLimits;
  readonly headTimeoutMs: number;
  readonly requestsInFlight: number;
  /** Calls back in a later turn of the event loop, as LaterTurns. */
  readonly nextTurn: (run: () => void) => void;
  readonly steadyMs: () => number;
}

/** Where a connection listens, and how. */
export interface ListenerFacts {
  readonly scheme: "http" | "https";
  /** Whether it is a Unix socket. */
  readonly isLocal: boolean;
}

/** Counted over all connections. */
export class Tally {
  /** Requests that have come so far. */
  arrivals = 0;
  /** Whether the server ends: each answer is then the last of its connection. */
  isStopping = false;
  /** Requests that are handled or answered, of all serving threads. */
  readonly inFlight: Count;

  constructor(inFlight: Count = makeCount()) {
    this.inFlight = inFlight;
  }
}
