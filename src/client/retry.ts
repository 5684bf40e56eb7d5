// Whether and when a failed request is sent again.
//
// 1. Only what may go better next time is: no answer, no time, and what says itself that it passes (408, 429, 502, 503, 504);
//    never a body that is a stream, as it is gone.
// 2. Where it is not known whether the request was done, only what does no harm twice is: reads; writes that are the same done
//    twice (a plain put or delete); and writes that carry an Idempotency-Key, which the server makes once however often they come.
// 3. Where a Keyhold says that it has done nothing, whatever it was is sent again.
// 4. Pauses double up to a cap, and are drawn at random, so that clients that failed together do not come back together. Where
//    the server names a time (Retry-After), none is shorter; where that is beyond the cap, the caller is told instead.
import { hasCode, KeyholdError } from "./errors.ts";
import type { RetryOptions } from "./options.ts";
import { randomFraction } from "./randomness.ts";

export interface RetryPolicy {
  readonly tries: number;
  readonly baseMs: number;
  readonly capMs: number;
}

interface RetriedCall {
  readonly tries: number;
  readonly isRepeatable: boolean;
  readonly mayBePartial?: boolean;
}

const DEFAULTS: RetryPolicy = { tries: 4, baseMs: 100, capMs: 5000 };
const PASSING_STATUSES = [408, 429, 502, 503, 504];
/** What a server refuses for now, before anything of it is done; the words are a Keyhold's and no proxy's. */
const NOTHING_DONE_CODES = ["busy", "too-many-requests", "unavailable"];

export function readRetryPolicy(given: RetryOptions | false | undefined): RetryPolicy {
  if (given === false) return { ...DEFAULTS, tries: 1 };
  return {
    tries: given?.tries ?? DEFAULTS.tries,
    baseMs: given?.baseMs ?? DEFAULTS.baseMs,
    capMs: given?.capMs ?? DEFAULTS.capMs,
  };
}

/** Whether the same request may go better later. */
export function isPassing(error: unknown): error is KeyholdError {
  if (hasCode(error, "unreachable", "timeout")) return true;
  return error instanceof KeyholdError && error.status !== null && PASSING_STATUSES.includes(error.status);
}

/**
 * How long to wait before the next try, in milliseconds; null where there is to be none.
 *
 * @param tries - that have been made
 * @param call - whether it does no harm twice; whether it may be done in part
 */
export function pauseBeforeNext(
  error: unknown,
  { tries, isRepeatable, mayBePartial = false }: RetriedCall,
  policy: RetryPolicy,
): number | null {
  if (tries >= policy.tries || !isPassing(error)) return null;
  if (!isRepeatable && (mayBePartial || !NOTHING_DONE_CODES.includes(error.code))) return null;
  const retryAfterMs = error.retryAfterMs ?? 0;
  if (retryAfterMs > policy.capMs) return null;
  return Math.max(retryAfterMs, jitteredPauseMs(tries, policy));
}

/** Grows with the number of failed tries in a row, from 1. */
export function jitteredPauseMs(failures: number, { baseMs, capMs }: Pick<RetryPolicy, "baseMs" | "capMs">): number {
  const longest = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return longest / 2 + (longest / 2) * randomFraction();
}
