// A place in the change log of a partitioned store: where one is in the log of each partition. A stored format, as clients
// keep cursors (docs/formats.md): the least instant in six bytes, then of each partition how much later its place is and
// its number within that millisecond, as variable-length integers; Base64url; a dot; the incarnation.
import { KeyholdError } from "../../core/errors.ts";
import { quote } from "../../core/quote.ts";
import { toCursor } from "../../store/cursor.ts";
import type { Cursor } from "../../store/store.ts";

/** A place in the log of one partition: the id of the change before it; both 0 at the beginning. */
export interface LogPlace {
  readonly ms: number;
  readonly sequence: number;
}

export const LOG_START: LogPlace = { ms: 0, sequence: 0 };

const PLACE_ID = /^(\d{1,15})-(\d{1,15})$/;
const TEXT = /^([A-Za-z0-9_-]{8,16384})\.([a-z0-9]+)$/;

export function formatPlace({ ms, sequence }: LogPlace): string {
  return `${ms}-${sequence}`;
}

/** Requires: an id as the server writes it. */
export function parsePlace(text: string): LogPlace {
  const [, ms, sequence] = PLACE_ID.exec(text) ?? [];
  return { ms: Number(ms), sequence: Number(sequence) };
}

/** Below, above or equal to 0 as `a` comes before, after or is `b`. */
export function comparePlaces(a: LogPlace, b: LogPlace): number {
  return a.ms - b.ms || a.sequence - b.sequence;
}

export function formatVectorCursor(places: readonly LogPlace[], incarnation: string): Cursor {
  const known = places.filter(({ ms }) => ms > 0);
  const least = known.reduce((least, { ms }) => Math.min(least, ms), known[0]?.ms ?? 0);
  const bytes: number[] = [];
  for (let shift = 5; shift >= 0; shift--) bytes.push(Math.floor(least / 256 ** shift) % 256);
  for (const { ms, sequence } of places) {
    pushInteger(bytes, ms === 0 ? 0 : ms - least + 1);
    pushInteger(bytes, sequence);
  }
  return toCursor(`${Buffer.from(bytes).toString("base64url")}.${incarnation}`);
}

/**
 * The places that a cursor stands for; null for one of another life of the store.
 *
 * @throws "invalid-request" on a text that is no cursor
 */
export function parseVectorCursor(cursor: Cursor, incarnation: string, partitions: number): readonly LogPlace[] | null {
  const [, text, life] = TEXT.exec(cursor) ?? [];
  const places = text === undefined ? null : readPlaces(Buffer.from(text, "base64url"));
  // Only one text stands for each place, so that equal cursors are equal texts.
  if (life === undefined || places === null || formatVectorCursor(places, life) !== cursor) {
    throw new KeyholdError(
      "invalid-request",
      `Cannot resume from ${quote(cursor)}: it is no cursor; take one unchanged from a Cursor field or from an event's id`,
    );
  }
  return life === incarnation && places.length === partitions ? places : null;
}

function readPlaces(bytes: Uint8Array): readonly LogPlace[] | null {
  if (bytes.length < 6) return null;
  const least = bytes.subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  const numbers: number[] = [];
  for (let at = 6; at < bytes.length; ) {
    let number = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 49) return null;
      number += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) break;
    }
    if (!Number.isSafeInteger(number)) return null;
    numbers.push(number);
  }
  if (numbers.length % 2 !== 0) return null;
  return Array.from({ length: numbers.length / 2 }, (_, index) => {
    const ms = numbers[index * 2] ?? 0;
    return { ms: ms === 0 ? 0 : least + ms - 1, sequence: numbers[index * 2 + 1] ?? 0 };
  });
}

/** Seven bits a byte, the least first; the highest bit says that there is more. */
function pushInteger(bytes: number[], number: number): void {
  let rest = number;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
