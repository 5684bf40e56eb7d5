// Listing patterns (contract §6): `$` or `?` is exactly one character, a Unicode code point; `*` any run, also an empty
// one; `\` takes the next character literally. The whole key must match.
//
// A pattern is kept as its segments between runs. The first must begin the key, the last must end it, and each of the others
// is taken where it is found first: if any way matches, that one does, so nothing is ever tried twice. Segments without
// single characters are found by the runtime's own text search; one with them costs at most its length for each character.
import { KeyholdError } from "./errors.ts";
import { keyBytes } from "./key.ts";
import { LIMITS } from "./limits.ts";
import { quote } from "./quote.ts";

/** Plain data, so that it can be handed to another thread. Made by parsePattern() alone. */
export interface KeyPattern {
  /** What stands between runs, one more than there are runs; "" in the place of nothing. Never empty. */
  readonly segments: readonly PatternSegment[];
  /** What every matching key begins with; lets engines look at no other keys. */
  readonly prefix: string;
}

/** Texts, each but the last followed by one character of any kind. */
export type PatternSegment = readonly string[];

/** @throws "invalid-parameter" when empty, longer than LIMITS.patternBytes, or ending in a lone `\` */
export function parsePattern(text: string): KeyPattern {
  if (text === "") throw invalidPattern(text, "it is empty; leave it out to mean every key");
  if (keyBytes(text) > LIMITS.patternBytes) throw invalidPattern(text, `limit ${LIMITS.patternBytes} bytes`);
  const segments: string[][] = [];
  let segment: string[] = [];
  let literal = "";
  const characters = Array.from(text);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (character === "\\") {
      const next = characters[++index];
      if (next === undefined) throw invalidPattern(text, 'it ends in a lone "\\"; write "\\\\" for a backslash');
      literal += next;
    } else if (character === "*" || character === "$" || character === "?") {
      segment.push(literal);
      literal = "";
      if (character !== "*") continue;
      segments.push(segment);
      segment = [];
    } else {
      literal += character;
    }
  }
  segments.push([...segment, literal]);
  return { segments, prefix: segments[0]?.[0] ?? "" };
}

export function matches({ segments }: KeyPattern, key: string): boolean {
  const last = segments.length - 1;
  let position = endOfMatch(segments[0] ?? [""], key, 0);
  if (last === 0) return position === key.length;
  for (let index = 1; index < last && position >= 0; index++) position = find(segments[index] ?? [""], key, position);
  return position >= 0 && endsWithSegment(segments[last] ?? [""], key, position);
}

/** Where the segment ends that begins at `start`; -1 where it does not stand there. */
function endOfMatch(segment: PatternSegment, key: string, start: number): number {
  let position = start;
  for (let index = 0; index < segment.length; index++) {
    if (index > 0) {
      if (position >= key.length) return -1;
      position += characterLength(key, position);
    }
    const literal = segment[index] ?? "";
    if (!key.startsWith(literal, position)) return -1;
    position += literal.length;
  }
  return position;
}

/** Where the first such segment from `start` on ends; -1 where there is none. */
function find(segment: PatternSegment, key: string, start: number): number {
  const first = segment[0] ?? "";
  for (let candidate = start; candidate <= key.length; candidate += characterLength(key, candidate)) {
    candidate = key.indexOf(first, candidate);
    if (candidate < 0) return -1;
    const end = endOfMatch(segment, key, candidate);
    if (end >= 0) return end;
  }
  return -1;
}

/** Whether the key ends in the segment, which begins no earlier than `start`: its length in characters says where. */
function endsWithSegment(segment: PatternSegment, key: string, start: number): boolean {
  let position = key.length;
  for (let index = segment.length - 1; index >= 0; index--) {
    const literal = segment[index] ?? "";
    position -= literal.length;
    if (position < start || !key.startsWith(literal, position)) return false;
    if (index === 0) return true;
    position -= isLowSurrogate(key, position - 1) ? 2 : 1;
    if (position < start) return false;
  }
  return true;
}

/** UTF-16 units of the character at a position; 1 behind the end. Requires: well-formed text. */
function characterLength(text: string, position: number): number {
  return (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
}

function isLowSurrogate(text: string, position: number): boolean {
  const unit = text.charCodeAt(position);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function invalidPattern(text: string, rule: string): KeyholdError {
  return new KeyholdError("invalid-parameter", `Cannot use filter=${quote(text)}: ${rule}`, {
    parameter: "filter",
  });
}
