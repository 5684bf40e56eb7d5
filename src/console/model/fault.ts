// What went wrong, in words for whoever sits in front of the page: the server's own sentence, and what it means here.
import { KeyholdError } from "../../client/errors.ts";
import { KeyholdError as CoreError } from "../../core/errors.ts";

export interface Fault {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

const TITLES: Readonly<Record<string, string>> = {
  unauthenticated: "The server asks for a token",
  forbidden: "This token does not allow that",
  unreachable: "The server cannot be reached",
  timeout: "The server did not answer in time",
  "precondition-failed": "Somebody else has changed the entry",
  "value-too-large": "The value is too large",
  "already-exists": "There is an entry under this key already",
  busy: "The server has too much to do",
  unavailable: "The store cannot be reached",
  "no-room": "The store has no room left",
  "outcome-unknown": "Nobody can say whether this was written",
  "invalid-json": "This is not the JSON expected",
  "invalid-key": "This cannot be a key",
  "invalid-expiry": "An entry cannot end then",
};

export function toFault(error: unknown): Fault {
  if (error instanceof KeyholdError || error instanceof CoreError) {
    return { code: error.code, title: TITLES[error.code] ?? "The server refused this", detail: error.detail };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { code: "console", title: "The console could not do this", detail };
}

export function isFault(error: unknown, code: string): boolean {
  return error instanceof KeyholdError && error.code === code;
}

/** Whether a request was given up because nobody waits for it any more. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof Error && error.name === "AbortError");
}
