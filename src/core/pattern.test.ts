// Listing patterns (contract §6).
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { makeSeededRandom } from "../../test/support/seeded-random.ts";
import { LIMITS } from "./limits.ts";
import { matches, parsePattern } from "./pattern.ts";

/** Pattern, keys that it finds, keys that it does not. */
const ROWS: readonly [string, readonly string[], readonly string[]][] = [
  ["wo$d", ["word", "wo-d", "wood", "wo😀d", "wo$d"], ["wod", "wooood", "words", "sword", "WORD"]],
  ["wo?d", ["word", "wo?d"], ["wod", "woord"]],
  ["wo*", ["wo", "word", "wo/any/thing"], ["w", "two", "Wo"]],
  ["*wo", ["wo", "two", "wowo"], ["wow"]],
  ["*", ["a", "", "anything/at\u{10ffff}all"], []],
  ["**", ["a", ""], []],
  ["a*b*c", ["abc", "a--b--c", "abcbc", "aabbcc"], ["ab", "acb", "abcd"]],
  ["*ab", ["ab", "aab", "abab"], ["aba"]],
  ["$*", ["a", "ab"], [""]],
  ["*$$", ["ab", "abc", "😀😀"], ["a", "😀"]],
  ["wo\\$d", ["wo$d"], ["word", "wo\\$d"]],
  ["a\\*", ["a*"], ["ab", "a"]],
  ["a\\?", ["a?"], ["ab"]],
  ["a\\\\", ["a\\"], ["a"]],
  ["a\\b", ["ab"], ["a\\b"]],
  [".[a-c](x|y)+^", [".[a-c](x|y)+^"], ["aax"]],
  ["é", ["é"], ["e\u0301", "e"]],
];

describe("a pattern", () => {
  for (const [pattern, found, missed] of ROWS) {
    test(`${pattern} finds what it should and no more`, () => {
      const parsed = parsePattern(pattern);
      for (const key of found) expect([key, matches(parsed, key)]).toEqual([key, true]);
      for (const key of missed) expect([key, matches(parsed, key)]).toEqual([key, false]);
    });
  }

  test("finds what a regular expression made of it finds", () => {
    const random = makeSeededRandom(3);
    const draw = (alphabet: readonly string[], longest: number) =>
      Array.from({ length: 1 + random.below(longest) }, () => random.pick(alphabet)).join("");
    for (let round = 0; round < 20_000; round++) {
      const pattern = draw(["a", "b", "😀", "*", "$"], 7);
      const key = draw(["a", "b", "😀"], 9);
      const expression = pattern.replaceAll("*", "[^]*").replaceAll("$", "[^]");
      expect([pattern, key, matches(parsePattern(pattern), key)]).toEqual([
        pattern,
        key,
        new RegExp(`^${expression}$`, "u").test(key),
      ]);
    }
  });

  test("tells what every key that it finds begins with", () => {
    const prefixes = ["wo$d", "*a", "abc", "a\\*b*", "\\$x?", "😀*"].map((text) => parsePattern(text).prefix);
    expect(prefixes).toEqual(["wo", "", "abc", "a*b", "$x", "😀"]);
  });

  test("of 255 runs, and of runs that nearly match again and again, is answered", () => {
    const longest = "a".repeat(255);
    expect(matches(parsePattern("*".repeat(255)), longest)).toBe(true);
    expect(matches(parsePattern("*a".repeat(255)), longest)).toBe(true);
    expect(matches(parsePattern("*a".repeat(255)), `${"a".repeat(254)}b`)).toBe(false);
    expect(matches(parsePattern(`${"a*".repeat(100)}b`), longest)).toBe(false);
    expect(matches(parsePattern(`*${"a".repeat(120)}b*`), longest)).toBe(false);
    expect(matches(parsePattern(`*${"a$".repeat(60)}b*`), longest)).toBe(false);
  });

  const bad: readonly [string, string][] = [
    ["", "it is empty"],
    ["a\\", "ends in a lone"],
    ["k".repeat(LIMITS.patternBytes + 1), "limit 512 bytes"],
    ["é".repeat(LIMITS.patternBytes / 2 + 1), "limit 512 bytes"],
  ];
  for (const [pattern, rule] of bad) {
    test(`${JSON.stringify(pattern.slice(0, 10))} of ${pattern.length} characters is refused`, async () => {
      const error = await rejectionOf(() => parsePattern(pattern));
      expect(error).toMatchObject({ code: "invalid-parameter", data: { parameter: "filter" } });
      expect(error?.detail).toContain(rule);
    });
  }

  test("of the greatest length is taken", () => {
    expect(parsePattern("k".repeat(LIMITS.patternBytes)).prefix).toHaveLength(LIMITS.patternBytes);
  });
});
