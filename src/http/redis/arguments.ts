// The arguments of a command, as bytes, and what is read from them: words, integers, keys, and the options by which SET, GETEX
// and EXPIRE say when an entry ends. Parsed as strictly as Redis parses them.
import { KeyholdError } from "../../core/errors.ts";
import { type Key, parseKey } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { invalidExpiry, NOT_AN_INTEGER, Refusal, SYNTAX } from "./refusal.ts";

/** One argument; a name of a command stands before them and is no argument. */
export type Argument = Uint8Array;

/** When an entry is to end: so many milliseconds from now, or at an instant, which may have passed. */
export type End = { readonly kind: "in"; readonly ms: number } | { readonly kind: "at"; readonly ms: number };

/** The options of SET and GETEX. */
export interface EndOptions {
  readonly end: EndOption | null;
  /** KEEPTTL of SET, PERSIST of GETEX. */
  readonly keeps: boolean;
  readonly persists: boolean;
  readonly when: "always" | "absent" | "present";
  readonly wantsOld: boolean;
}

/** As it was given: read once the key has been looked at, in the order in which Redis complains. */
export interface EndOption {
  readonly unit: keyof typeof END_UNITS;
  readonly value: Argument;
}

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const END_UNITS = {
  EX: { isInstant: false, factor: 1000n },
  PX: { isInstant: false, factor: 1n },
  EXAT: { isInstant: true, factor: 1000n },
  PXAT: { isInstant: true, factor: 1n },
} as const;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An option as it is compared: in upper case. */
export function wordOf(argument: Argument): string {
  return decoder.decode(argument).toUpperCase();
}

export function textOf(argument: Argument): string {
  return decoder.decode(argument);
}

/** A 64-bit integer, written as Redis writes it. */
export function integerOf(argument: Argument): bigint {
  const value = parseInteger(argument);
  if (value === null) throw new Refusal(NOT_AN_INTEGER);
  return value;
}

/** Null where the bytes are no 64-bit integer as Redis writes one. */
export function parseInteger(argument: Argument): bigint | null {
  // No integer is longer, so that a large value is not decoded to find that it is none.
  const text = argument.length > 20 ? "" : decoder.decode(argument);
  const value = INTEGER.test(text) ? BigInt(text) : null;
  return value === null || !fitsInt64(value) ? null : value;
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** @throws Refusal where Keyhold has no such key (docs/protocol.md §2) */
export function keyOf(argument: Argument | undefined): Key {
  try {
    return parseKey(strictDecoder.decode(argument));
  } catch (error) {
    if (error instanceof KeyholdError) throw new Refusal(`ERR ${error.detail}`);
    throw new Refusal("ERR Cannot use these bytes as a key: a key is valid UTF-8");
  }
}

/** @param taken - the options that the command knows besides when an entry ends */
export function readEndOptions(options: readonly Argument[], taken: readonly string[]): EndOptions {
  const seen = new Set<string>();
  let end: EndOption | null = null;
  for (let index = 0; index < options.length; index++) {
    const word = wordOf(options[index] ?? new Uint8Array());
    const value = options[index + 1];
    // The same again takes the place of the first, as in Redis.
    if (isUnit(word) && (end === null || end.unit === word) && value !== undefined) {
      end = { unit: word, value };
      index++;
    } else if (taken.includes(word)) {
      seen.add(word);
    } else {
      throw new Refusal(SYNTAX);
    }
  }
  const ends = [end !== null, seen.has("KEEPTTL"), seen.has("PERSIST")].filter(Boolean).length;
  if (ends > 1 || (seen.has("NX") && seen.has("XX"))) throw new Refusal(SYNTAX);
  return {
    end,
    keeps: seen.has("KEEPTTL"),
    persists: seen.has("PERSIST"),
    when: seen.has("NX") ? "absent" : seen.has("XX") ? "present" : "always",
    wantsOld: seen.has("GET"),
  };
}

/** As SET and its kin read it: above 0, and an instant may have passed all the same. */
export function readEnd({ unit, value }: EndOption, command: string): End {
  const { isInstant, factor } = END_UNITS[unit];
  const given = integerOf(value);
  if (given <= 0n) throw invalidExpiry(command);
  return toEnd(given * factor, isInstant, command);
}

/** As EXPIRE and its kin read it: an end that has passed is one. */
export function readExpireEnd(value: Argument, unit: keyof typeof END_UNITS, command: string): End {
  const { isInstant, factor } = END_UNITS[unit];
  return toEnd(integerOf(value) * factor, isInstant, command);
}

/** Beyond the year 9999, the last that an entry of Keyhold can end in, there is no such end. */
function toEnd(ms: bigint, isInstant: boolean, command: string): End {
  if (ms > BigInt(LIMITS.latestInstantMs)) throw invalidExpiry(command);
  const floor = -BigInt(LIMITS.latestInstantMs);
  const bounded = Number(ms < floor ? floor : ms);
  return isInstant ? { kind: "at", ms: bounded } : { kind: "in", ms: bounded };
}

function isUnit(word: string): word is keyof typeof END_UNITS {
  return Object.hasOwn(END_UNITS, word);
}
