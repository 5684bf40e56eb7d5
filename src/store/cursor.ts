// How the engines with one order for the whole store write a cursor: the incarnation, so that a cursor of another life of
// the store is refused, and the sequence number of the last change seen. A stored format: docs/formats.md.
import { KeyholdError } from "../core/errors.ts";
import type { Cursor } from "./store.ts";

export function formatCursor(incarnation: string, sequence: number): Cursor {
  return `${sequence}.${incarnation}` as Cursor;
}

/** @throws "invalid-request" on a cursor that this life of the store did not give, or that lies beyond `latest` */
export function parseCursor(cursor: Cursor, incarnation: string, latest: number): number {
  const match = /^(0|[1-9]\d{0,15})\.([a-z0-9]+)$/.exec(cursor);
  const sequence = Number(match?.[1]);
  if (match?.[2] !== incarnation || !Number.isSafeInteger(sequence) || sequence > latest) {
    throw new KeyholdError(
      "invalid-request",
      `Cannot resume from ${JSON.stringify(cursor)}: this store did not give it`,
    );
  }
  return sequence;
}
