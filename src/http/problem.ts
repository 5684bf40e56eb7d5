// A fault as HTTP tells it (RFC 9457), and the one place where a code meets a status.
import { ERRORS, type ErrorCode, type KeyholdError } from "../core/errors.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { stringifyMembers } from "../wire/json-text.ts";
import { negotiate } from "./accept.ts";
import type { Reply } from "./exchange.ts";

export const STATUS = {
  "invalid-request": 400,
  "invalid-key": 400,
  "invalid-parameter": 400,
  "invalid-header": 400,
  "invalid-json": 400,
  "invalid-expiry": 400,
  "key-mismatch": 400,
  unauthenticated: 401,
  forbidden: 403,
  "foreign-origin": 403,
  "not-found": 404,
  "no-such-resource": 404,
  "method-not-allowed": 405,
  "not-acceptable": 406,
  "already-exists": 409,
  "not-an-integer": 409,
  "out-of-range": 409,
  "not-json": 409,
  "patch-failed": 409,
  "check-failed": 409,
  "idempotency-key-reused": 422,
  "cross-partition": 422,
  "request-timeout": 408,
  "length-required": 411,
  "precondition-failed": 412,
  "value-too-large": 413,
  "body-too-large": 413,
  "target-too-long": 414,
  "head-too-large": 431,
  "unsupported-media-type": 415,
  "range-not-satisfiable": 416,
  "expectation-failed": 417,
  "host-not-served": 421,
  "too-many-requests": 429,
  "damaged-entry": 500,
  "not-supported": 501,
  "version-not-supported": 505,
  busy: 503,
  unavailable: 503,
  "no-room": 507,
  "outcome-unknown": 504,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which a request that was refused for now may come again. */
const RETRY_AFTER_SECONDS = "1";

export function problemPath(code: ErrorCode): string {
  return `/-/problems/${code}`;
}

/** The problem document of a fault, or its detail alone where the client would rather read a line of text. */
export function problemReply(error: KeyholdError, requestId: string, accept: string | null): Reply {
  const { code, detail, data } = error;
  const { title, retry } = ERRORS[code];
  const status = STATUS[code];
  const headers: Record<string, string> = { [FIELD.cacheControl]: "no-store", [FIELD.requestId]: requestId };
  if (retry === "soon") headers[FIELD.retryAfter] = String(data["retry_after"] ?? RETRY_AFTER_SECONDS);
  if (code === "outcome-unknown") addApplied(headers, data);
  if (code === "range-not-satisfiable") headers[FIELD.contentRange] = `bytes */${String(data["size"])}`;
  if (negotiate(accept, [MEDIA.problem, MEDIA.json, MEDIA.plain]) === MEDIA.plain) {
    return { status, headers: { ...headers, [FIELD.contentType]: MEDIA.plain }, body: `${detail}\n` };
  }
  const problem = { type: problemPath(code), title, status, detail, code, instance: requestId, ...data };
  return { status, headers: { ...headers, [FIELD.contentType]: MEDIA.problem }, body: stringifyMembers(problem) };
}

/** Where the write has been applied, and only its being kept is unknown: what a read shows, if it is still there. */
function addApplied(headers: Record<string, string>, { etag, revision }: KeyholdError["data"]): void {
  if (typeof etag === "string") headers[FIELD.etag] = etag;
  if (typeof revision === "number") headers[FIELD.revision] = String(revision);
}
