// An answer that is no success, as an error: by the problem document (RFC 9457) where it is one, else by its status.
import { FIELD } from "../wire/headers.ts";
import { KeyholdError } from "./errors.ts";
import { isJsonObject, type JsonObject, textAt } from "./json-shape.ts";

/** Members that every problem has; the others are its data. */
const COMMON = ["type", "title", "status", "detail", "code", "instance"];
const SHOWN_CHARACTERS = 200;
/** What the client makes of answers of HEAD, which have no body. */
const CODES_BY_STATUS: Readonly<Record<number, string>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  412: "precondition-failed",
  429: "too-many-requests",
};

export function problemOf(status: number, headers: Headers, text: string): KeyholdError {
  const problem = parseProblem(text);
  const code = problem === null ? null : textAt(problem, "code");
  const failure = { status, requestId: headers.get("X-Request-Id"), retryAfterMs: readRetryAfterMs(headers) };
  if (problem !== null && code !== null) {
    const data = Object.fromEntries(Object.entries(problem).filter(([name]) => !COMMON.includes(name)));
    return new KeyholdError(code, textAt(problem, "detail") ?? `The server answered ${status}`, { ...failure, data });
  }
  const guessed = text === "" && failure.requestId !== null ? CODES_BY_STATUS[status] : undefined;
  const said = text.trim().slice(0, SHOWN_CHARACTERS);
  const detail = `The server answered ${status}${said === "" ? "" : `: ${said}`}`;
  return new KeyholdError(guessed ?? "unexpected-answer", detail, failure);
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from the date of the answer. */
function readRetryAfterMs(headers: Headers): number | null {
  const text = headers.get(FIELD.retryAfter)?.trim();
  if (text === undefined || text === "") return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const ms = Date.parse(text) - Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

function parseProblem(text: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
