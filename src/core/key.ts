// Keys: what a valid one is, and their order. Keys sort by their UTF-8 bytes, which for well-formed text is the order of
// code points; JavaScript's own string order differs from it beyond the Basic Multilingual Plane, so never compare keys
// with `<`.
import type { Brand } from "./brand.ts";
import { KeyholdError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { quote } from "./quote.ts";

/** 1 to LIMITS.keyBytes bytes of well-formed UTF-8 without control characters or dot segments. Made by parseKey() alone. */
export type Key = Brand<string, "Key">;

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;
const SHORT_KEY = /^[A-Za-z0-9]{1,255}$/;
const encoder = new TextEncoder();

/** @throws "invalid-key" naming the rule that is broken */
export function parseKey(text: string): Key {
  if (isShortKey(text)) return text;
  if (text === "") throw invalidKey(text, "a key has at least 1 byte");
  if (!text.isWellFormed()) throw invalidKey(text, "a key is well-formed Unicode");
  if (CONTROL.test(text)) throw invalidKey(text, "a key holds no control characters");
  if (DOT_SEGMENT.test(text))
    throw invalidKey(text, 'a key has no "." or ".." between slashes, as URL parsers remove them');
  const bytes = keyBytes(text);
  if (bytes > LIMITS.keyBytes)
    throw invalidKey(text, `a key has at most ${LIMITS.keyBytes} bytes, this one has ${bytes}`);
  return brandKey(text);
}

/** Whether a key can be named at the short path without `--wide`. */
export function isShortKey(text: string): text is Key {
  return SHORT_KEY.test(text);
}

/** Below, above or equal to 0 as `a` sorts before, after or like `b`, by code points. */
export function compareKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** The least text that sorts after every text beginning with `prefix`; null where there is none. */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === 0x10ffff) continue;
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    return points.join("") + String.fromCodePoint(next);
  }
  return null;
}

/** UTF-8 length of a text in bytes. */
export function keyBytes(text: string): number {
  return encoder.encode(text).length;
}

/** Surrogates stand for the highest code points, yet as UTF-16 units they sort below U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function brandKey(text: string): Key {
  return text as Key;
}

function invalidKey(text: string, rule: string): KeyholdError {
  return new KeyholdError("invalid-key", `Cannot use ${quote(text)} as a key: ${rule}`, {
    limit: LIMITS.keyBytes,
  });
}
