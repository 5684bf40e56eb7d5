// Whether a large answer may be sent now: while too much waits for slow clients, a read that would add to it is refused.
import { LIMITS } from "../../core/limits.ts";
import { isStreamed, type Reply } from "../exchange.ts";
import { tooManyAnswers } from "../too-many.ts";
import type { ConnectionContext } from "./context.ts";
import type { Exchange } from "./request-exchange.ts";

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
  { answers, collector, unsentBytes }: Pick<ConnectionContext, "answers" | "collector" | "unsentBytes">,
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
  if (waiting === 0 || waiting + bytes <= unsentBytes) return;
  throw tooManyAnswers(bytes, waiting);
}
