// What the client throws. One class: decide by `code`, show `detail`. The codes of the server stand in core/errors.ts; those
// that only a client can meet, here.
import type { ErrorCode } from "../core/errors.ts";

/**
 * What went wrong before the server could say it: nobody answered or the connection was cut ("unreachable"); a time limit of
 * the caller is over ("timeout"); the answer is none of a Keyhold, such as that of a proxy ("unexpected-answer"); the call
 * itself makes no sense ("invalid-call"); a value is not the JSON that it was read as ("not-json" is the server's as well).
 */
export type ClientCode = "unreachable" | "timeout" | "unexpected-answer" | "invalid-call";

/** A code of the server, of the client, or one that a later server has added. */
export type KeyholdErrorCode = ErrorCode | ClientCode | (string & {});

/** What is known of a failure besides its code and its sentence. */
export interface Failure {
  /** HTTP status of the answer; null where there was none. */
  readonly status?: number | null;
  /** Id of the request in the logs of the server; null where there was no answer. */
  readonly requestId?: string | null;
  /** Milliseconds after which the server wants to be asked again; null where it has not said. */
  readonly retryAfterMs?: number | null;
  /** Further members of the problem, such as `key`, `limit`, `revision`. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** What the runtime threw, where the failure came from there. */
  readonly cause?: unknown;
}

/**
 * A request that did not succeed.
 *
 * @example
 * try {
 *   await db.put("config", "…", { ifMatch: etag });
 * } catch (error) {
 *   if (error instanceof KeyholdError && error.code === "precondition-failed") return reload();
 *   throw error;
 * }
 */
export class KeyholdError extends Error {
  override readonly name = "KeyholdError";
  /** In kebab-case, never renamed; docs/protocol.md §13 lists those of the server. */
  readonly code: KeyholdErrorCode;
  /** One sentence about this occurrence, without a full stop, that can be shown to people. */
  readonly detail: string;
  /** HTTP status of the answer; null where there was none. */
  readonly status: number | null;
  /** Id of the request in the logs of the server; null where there was no answer. */
  readonly requestId: string | null;
  /** Milliseconds after which the server wants to be asked again; null where it has not said. */
  readonly retryAfterMs: number | null;
  /** Further members of the problem, such as `key`, `limit`, `revision`; empty where there are none. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: KeyholdErrorCode, detail: string, failure: Failure = {}) {
    super(`${code}: ${detail}`, failure.cause === undefined ? {} : { cause: failure.cause });
    this.code = code;
    this.detail = detail;
    this.status = failure.status ?? null;
    this.requestId = failure.requestId ?? null;
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.data = failure.data ?? {};
  }
}

/** Whether a call failed with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly KeyholdErrorCode[]): error is KeyholdError {
  return error instanceof KeyholdError && codes.includes(error.code);
}

/** Null in place of a failure with this code, which is an answer there. */
export async function nullIf<T>(code: KeyholdErrorCode, asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (hasCode(error, code)) return null;
    throw error;
  }
}
