// The header fields of one request, found by name without case. Values stay in the bytes that came until they are asked for:
// a request is asked for a dozen fields, and has three of them.
import { FIELD } from "../../wire/headers.ts";
import type { FieldNames } from "../exchange.ts";

/** What the parser notes of a field: the hash of its name, and where name and value begin and end. */
export const NUMBERS_A_FIELD = 5;
/** Letters differ by it from their capitals. */
const CASE_BIT = 0x20;
/** Those that are asked for, those of the transport among them. */
const KNOWN_NAMES: readonly string[] = [...Object.values(FIELD), "Connection", "Expect"];
const KNOWN_HASHES: ReadonlyMap<string, number> = new Map(KNOWN_NAMES.map((name) => [name, hashOfName(name)]));

/** Of lists that are asked for again and again. */
const HASHES = new WeakMap<FieldNames, ReadonlySet<number>>();

/** One step of the hash of a field's name, which letters of either case give alike. */
export function hashStep(hash: number, octet: number): number {
  return (Math.imul(hash, 31) + (octet | CASE_BIT)) | 0;
}

export class Fields {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #places: readonly number[];

  /**
   * @param from - where the request begins in `bytes`
   * @param places - five numbers a field: hash of the name; start and end of the name, start and end of the value, from there
   */
  constructor(bytes: Buffer, from: number, places: readonly number[]) {
    this.#bytes = bytes;
    this.#from = from;
    this.#places = places;
  }

  /** Its value, or null; values of fields given more than once are joined by ", " (RFC 9110 §5.3). */
  get(name: string): string | null {
    const hash = KNOWN_HASHES.get(name) ?? hashOfName(name);
    const places = this.#places;
    let found: string | null = null;
    for (let at = 0; at < places.length; at += NUMBERS_A_FIELD) {
      if (places[at] !== hash || !this.#isNamed(at, name)) continue;
      const value = this.#text(places[at + 3] ?? 0, places[at + 4] ?? 0);
      found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  /** Whether any of these may be there: by the hashes of their names alone. */
  mayHave(names: FieldNames): boolean {
    const hashes = hashesOf(names);
    const places = this.#places;
    for (let at = 0; at < places.length; at += NUMBERS_A_FIELD) {
      if (hashes.has(places[at] ?? 0)) return true;
    }
    return false;
  }

  /** How often it is given. */
  count(name: string): number {
    const hash = KNOWN_HASHES.get(name) ?? hashOfName(name);
    const places = this.#places;
    let count = 0;
    for (let at = 0; at < places.length; at += NUMBERS_A_FIELD) {
      if (places[at] === hash && this.#isNamed(at, name)) count++;
    }
    return count;
  }

  #text(start: number, end: number): string {
    return this.#bytes.toString("latin1", this.#from + start, this.#from + end);
  }

  #isNamed(at: number, name: string): boolean {
    const nameStart = this.#places[at + 1] ?? 0;
    if ((this.#places[at + 2] ?? 0) - nameStart !== name.length) return false;
    const start = this.#from + nameStart;
    for (let index = 0; index < name.length; index++) {
      if (lower(this.#bytes[start + index] ?? 0) !== lower(name.charCodeAt(index))) return false;
    }
    return true;
  }
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | CASE_BIT : octet;
}

function hashOfName(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = hashStep(hash, name.charCodeAt(index));
  return hash;
}

function hashesOf(names: FieldNames): ReadonlySet<number> {
  const known = HASHES.get(names);
  if (known !== undefined) return known;
  const made = new Set(names.map(hashOfName));
  HASHES.set(names, made);
  return made;
}
