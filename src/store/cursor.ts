// How the engines with one order for the whole store write a cursor: the incarnation, so that a cursor of another life of
// the store is refused, and the sequence number of the last change seen. A stored format: docs/formats.md.
import { KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import type { Cursor } from "./store.ts";

export function formatCursor(incarnation: string, sequence: number): Cursor {
  return `${sequence}.${incarnation}` as Cursor;
}

/** A text that a client gave as a cursor. Whether it is one is seen by the store that reads it. */
export function toCursor(text: string): Cursor {
  return text as Cursor;
}

/**
 * The sequence number of the last change seen; null for a cursor of another life of the store, or beyond `latest`, which a
 * store that lost its last commits has given: nothing can be read on from there.
 *
 * @throws "invalid-request" on a text that is no cursor
 */
export function parseCursor(cursor: Cursor, incarnation: string, latest: number): number | null {
  const match = /^(0|[1-9]\d{0,15})\.([a-z0-9]+)$/.exec(cursor);
  if (match === null) {
    throw new KeyholdError(
      "invalid-request",
      `Cannot resume from ${quote(cursor)}: it is no cursor; take one unchanged from a Cursor field or from an event's id`,
    );
  }
  const sequence = Number(match[1]);
  return match[2] === incarnation && Number.isSafeInteger(sequence) && sequence <= latest ? sequence : null;
}
