// What all connections of a server share: who answers, what they may hold together, how long they may take, and what is counted.
import { LIMITS } from "../../core/limits.ts";
import type { BodyBudget } from "../body-budget.ts";
import { isStreamed, type Reply, type RequestHandler } from "../exchange.ts";
import type { StreamBudget } from "../stream-budget.ts";
import { tooManyAnswers } from "../too-many.ts";
import type { BulkCollector } from "./bulk-memory.ts";
import type { DateField } from "./date-field.ts";
import type { PaceLimits } from "./pace.ts";
import type { RequestBody } from "./request-body.ts";
import type { Exchange } from "./request-exchange.ts";

export interface ConnectionContext {
  readonly handler: RequestHandler;
  /** Of request bodies in memory. */
  readonly bodies: BodyBudget;
  /** That of all requests that have none. */
  readonly noBody: RequestBody;
  /** Of answers that wait for their clients. */
  readonly answers: StreamBudget;
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
  /** Requests that are handled or answered. */
  inFlight = 0;
  /** Whether the server ends: each answer is then the last of its connection. */
  isStopping = false;
}

/** Methods that have written nothing and have a body to answer. */
const READS: readonly string[] = ["GET", "QUERY"];
/** Smaller answers always find room: their number is bounded, and the kernel takes most of them. */
const LARGE_BYTES = 128 * 1024;

/**
 * Of reads alone: what a write answers is sent however long it takes, as it has been done by then. What is kept open makes
 * little at a time, and shares it.
 *
 * @throws "busy" where too much waits for room for one more large answer
 */
export function requireRoom(
  { answers, collector }: Pick<ConnectionContext, "answers" | "collector">,
  { body }: Reply,
  exchange: Pick<Exchange, "incoming" | "isLarge">,
): void {
  const { method, isKeptOpen } = exchange.incoming;
  if (body === null || isKeptOpen || !READS.includes(method)) return;
  // The first part of a stream is there already.
  const bytes = isStreamed(body) ? LIMITS.stepBytes : body.length;
  if (bytes < LARGE_BYTES) return;
  exchange.isLarge = true;
  collector.passed(bytes);
  const waiting = answers.waitingBytes;
  if (waiting === 0 || waiting + bytes <= LIMITS.unsentBytes) return;
  throw tooManyAnswers(bytes, waiting);
}
