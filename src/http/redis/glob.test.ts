// Redis' patterns: what they match, and by what the store is narrowed. Compared with a real Valkey in test/dialects.
import { expect, test } from "bun:test";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY, isInSet } from "../../core/range.ts";
import { parseGlob } from "./glob.ts";
import { Refusal } from "./refusal.ts";

/** Pattern, a key, whether it matches. */
const ROWS: readonly [string, string, boolean][] = [
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["h?llo", "hello", true],
  ["h?llo", "hllo", false],
  ["h*llo", "hllo", true],
  ["h*llo", "heeeello", true],
  ["h[ae]llo", "hallo", true],
  ["h[ae]llo", "hillo", false],
  ["h[^e]llo", "hallo", true],
  ["h[^e]llo", "hello", false],
  ["h[a-b]llo", "hbllo", true],
  ["h[b-a]llo", "hallo", true],
  ["h[a-b]llo", "hcllo", false],
  ["h\\*llo", "h*llo", true],
  ["h\\*llo", "hello", false],
  ["h[\\]]llo", "h]llo", true],
  ["h[a", "ha", true],
  ["h[a", "hb", false],
  ["a\\", "a\\", true],
  ["[]a", "a", false],
  ["[^]", "a", true],
  ["[z-xa-cb-dm]", "d", true],
  ["[z-xa-cb-dm]", "e", false],
  ["[z-xa-cb-dm]", "y", true],
  ["[^z-xa-cb-dm]", "m", false],
  ["h?llo", "h😀llo", true],
  ["[😀-😂]", "😁", true],
  ["$?\\$", "$x$", true],
  ["$", "x", false],
  ["*a*b*c*", "xxaxxbxxcxx", true],
  ["*a*b*c*", "xxaxxcxxbxx", false],
  ["user:*:[0-9]", "user:alice:7", true],
  ["user:*:[0-9]", "user:alice:x", false],
];

test.each(ROWS)("%j and %j: %p", (pattern, key, expected) => {
  const glob = parseGlob(pattern);
  const isListed = glob.pattern === null || isInSet({ ...EVERY_KEY, pattern: glob.pattern }, key);
  expect(isListed && glob.matches(key)).toBe(expected);
});

test("what a pattern begins with bounds what is read, a class included", () => {
  expect(parseGlob("user:*").pattern?.prefix).toBe("user:");
  expect(parseGlob("user:[ab]*").pattern?.prefix).toBe("user:");
  expect(parseGlob("\\*x?").pattern?.prefix).toBe("*x");
  expect([parseGlob("*").pattern, parseGlob("***").pattern]).toEqual([null, null]);
});

test("a pattern longer than the store takes is compared here alone", () => {
  const { pattern, matches } = parseGlob(`${"a".repeat(600)}*`);
  expect([pattern, matches("a".repeat(600)), matches("a".repeat(599))]).toEqual([null, true, false]);
});

test("runs upon runs cost no more than the product of both lengths", () => {
  const { matches } = parseGlob(`[a]${"*a".repeat(120)}*b`);
  expect(matches("a".repeat(255))).toBe(false);
});

test("a class costs no more for having many characters", () => {
  const { matches } = parseGlob(`*${"[acegikmoqsuwy]".repeat(100)}[${"k".repeat(2000)}]z`);
  const key = "k".repeat(255);
  for (let keys = 0; keys < LIMITS.pageMatchedKeys; keys++) expect(matches(key)).toBe(false);
});

test("a pattern is as long as it may be, and no longer", () => {
  const { matches } = parseGlob(`[${"a".repeat(LIMITS.redisPatternBytes - 2)}]`);
  expect(matches("a")).toBe(true);
  expect(() => parseGlob("a".repeat(LIMITS.redisPatternBytes + 1))).toThrow(Refusal);
});
