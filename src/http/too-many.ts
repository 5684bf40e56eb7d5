// What is answered beyond the bounds on what is open, under way or unsent at once.
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

export function tooManyRequests(limit: number): KeyholdError {
  return new KeyholdError(
    "busy",
    `Cannot take another request: ${limit} are under way, which is the limit; try again soon; --requests-in-flight raises it`,
    { limit, option: "--requests-in-flight" },
  );
}

/** Of a large answer to a read. */
export function tooManyAnswers(bytes: number, waitingBytes: number): KeyholdError {
  return new KeyholdError(
    "busy",
    `Cannot send ${bytes} bytes now: ${waitingBytes} bytes of answers wait for clients that are slow to take theirs; try again soon`,
    { limit: LIMITS.unsentBytes },
  );
}

/** @param isSystems - whether the limit follows from how many files the process may open */
export function tooManyConnections({
  open,
  isSystems,
}: {
  readonly open: number;
  readonly isSystems: boolean;
}): KeyholdError {
  const cure = isSystems ? "the limit of open files (ulimit -n, LimitNOFILE) raises it" : "--connections raises it";
  return new KeyholdError(
    "busy",
    `Cannot take another connection: ${open} are open, which is the limit; keep fewer open, or try again soon; ${cure}`,
    { limit: open, ...(!isSystems && { option: "--connections" }) },
  );
}
