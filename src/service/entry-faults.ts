// What is said of an entry that is not as an operation needs it.
import type { EntryInfo } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";

export function notFound(key: Key): KeyholdError {
  return new KeyholdError("not-found", `There is no entry ${JSON.stringify(key)}`, { key });
}

export function preconditionFailed(key: Key, current: EntryInfo | null): KeyholdError {
  const revision = current?.revision ?? null;
  const standing = revision === null ? "there is none" : `it stands at revision ${revision}`;
  return new KeyholdError("precondition-failed", `The entry ${JSON.stringify(key)} is not as required: ${standing}`, {
    key,
    revision,
  });
}

/** RFC 9110 §13.2.1: conditions do not matter where the answer without them would be 404. */
export function missingOrFailed(key: Key, current: EntryInfo | null): KeyholdError {
  return current === null ? notFound(key) : preconditionFailed(key, current);
}

export function alreadyExists(key: Key, current: EntryInfo | null): KeyholdError {
  return new KeyholdError(
    "already-exists",
    `There is an entry ${JSON.stringify(key)} already, and nothing was written; PUT replaces it`,
    { key, revision: current?.revision ?? null },
  );
}
