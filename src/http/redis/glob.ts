// Redis' patterns of KEYS and SCAN: `*`, `?`, `[a-z]`, `[^a]` and `\`. What of one Keyhold's own patterns can say narrows what is
// read (pattern.ts); the rest is compared here. A character is a code point, as everywhere in Keyhold; to Redis it is a byte.
import { keyBytes } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { type KeyPattern, parsePattern } from "../../core/pattern.ts";
import { Refusal } from "./refusal.ts";

type Token =
  | { readonly is: "literal"; readonly character: string }
  | { readonly is: "one" }
  | { readonly is: "run" }
  | {
      readonly is: "class";
      readonly isNegated: boolean;
      readonly ranges: readonly Span[];
    };

/** Code points, both included. */
type Span = readonly [first: number, last: number];

export interface Glob {
  /** What the store can narrow by; null for every key. Every key that matches the glob is within. */
  readonly pattern: KeyPattern | null;
  /** Whether a key within the pattern matches the glob too. */
  readonly matches: (key: string) => boolean;
}

const ALWAYS_MATCHES = () => true;

/** @throws Refusal where it is longer than LIMITS.redisPatternBytes */
export function parseGlob(text: string): Glob {
  if (keyBytes(text) > LIMITS.redisPatternBytes) {
    throw new Refusal(`ERR the pattern has more than ${LIMITS.redisPatternBytes} bytes, the limit here`);
  }
  const tokens = tokenize(Array.from(text));
  if (tokens.every(({ is }) => is === "run") && tokens.length > 0) return { pattern: null, matches: ALWAYS_MATCHES };
  const translated = tokens.map(translate).join("");
  const fits = translated !== "" && keyBytes(translated) <= LIMITS.patternBytes;
  const isExact = fits && !tokens.some(({ is }) => is === "class");
  return {
    pattern: fits ? parsePattern(translated) : null,
    matches: isExact ? ALWAYS_MATCHES : (key) => matchesTokens(tokens, Array.from(key)),
  };
}

/** As Redis reads them: a class without its end ends with the pattern, a lone `\` at the end is itself. */
function tokenize(characters: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at++] ?? "";
    if (character === "*") {
      if (tokens.at(-1)?.is !== "run") tokens.push({ is: "run" });
    } else if (character === "?") {
      tokens.push({ is: "one" });
    } else if (character === "[") {
      const { token, end } = readClass(characters, at);
      tokens.push(token);
      at = end;
    } else if (character === "\\" && at < characters.length) {
      tokens.push({ is: "literal", character: characters[at++] ?? "" });
    } else {
      tokens.push({ is: "literal", character });
    }
  }
  return tokens;
}

/** @param start - behind the bracket */
function readClass(characters: readonly string[], start: number): { readonly token: Token; readonly end: number } {
  const isNegated = characters[start] === "^";
  const ranges: Span[] = [];
  let at = isNegated ? start + 1 : start;
  while (at < characters.length && characters[at] !== "]") {
    if (characters[at] === "\\" && at + 1 < characters.length) {
      const escaped = characters[at + 1] ?? "";
      ranges.push(spanOf(escaped, escaped));
      at += 2;
      continue;
    }
    const low = characters[at] ?? "";
    const high = characters[at + 1] === "-" ? characters[at + 2] : undefined;
    ranges.push(spanOf(low, high ?? low));
    at += high === undefined ? 1 : 3;
  }
  return { token: { is: "class", isNegated, ranges: merged(ranges) }, end: at + 1 };
}

/** Either may be the higher. */
function spanOf(one: string, other: string): Span {
  const [a, b] = [pointOf(one), pointOf(other)];
  return [Math.min(a, b), Math.max(a, b)];
}

/** In their order and apart, so that a character is compared with few of them, however many were written. */
function merged(spans: readonly Span[]): readonly Span[] {
  const apart: Span[] = [];
  for (const [first, last] of spans.toSorted(([a], [b]) => a - b)) {
    const before = apart.at(-1);
    if (before === undefined || first > before[1]) apart.push([first, last]);
    else apart[apart.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return apart;
}

function translate(token: Token): string {
  switch (token.is) {
    case "literal":
      return /[\\$?*]/.test(token.character) ? `\\${token.character}` : token.character;
    case "run":
      return "*";
    case "one":
    case "class":
      return "?";
    default:
      return token satisfies never;
  }
}

/**
 * Each run is first taken to be empty, and made longer by one where what follows does not fit; only the last run seen is ever
 * made longer, as what lies before it has matched with as little as can be. So the cost is at most the product of both lengths.
 */
function matchesTokens(tokens: readonly Token[], key: readonly string[]): boolean {
  let at = 0;
  let token = 0;
  let run: { readonly token: number; at: number } | null = null;
  while (at < key.length) {
    const current = tokens[token];
    if (current?.is === "run") {
      run = { token, at };
      token++;
    } else if (current !== undefined && matchesOne(current, key[at] ?? "")) {
      token++;
      at++;
    } else if (run !== null) {
      run.at++;
      at = run.at;
      token = run.token + 1;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every(({ is }) => is === "run");
}

function matchesOne(token: Token, character: string): boolean {
  switch (token.is) {
    case "literal":
      return token.character === character;
    case "one":
      return true;
    case "run":
      return false;
    case "class":
      return isWithin(token.ranges, pointOf(character)) !== token.isNegated;
    default:
      return token satisfies never;
  }
}

/** Requires: spans in their order and apart. */
function isWithin(spans: readonly Span[], point: number): boolean {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.[1] ?? point) < point) low = middle + 1;
    else high = middle;
  }
  const found = spans[low];
  return found !== undefined && found[0] <= point;
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
