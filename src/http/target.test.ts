// Targets, decoded strictly and once.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodePath, encodePath, parsePairs, splitTarget } from "./target.ts";

describe("splitTarget", () => {
  test.each([
    ["/a", "/a", ""],
    ["/a?", "/a", ""],
    ["/a?b?c", "/a", "b?c"],
    ["?a", "", "a"],
  ])("of %s is %j and %j", (target, path, query) => {
    expect(splitTarget(target)).toEqual({ path, query });
  });
});

describe("parsePairs", () => {
  test.each([
    ["", []],
    ["&&", []],
    ["a", [["a", ""]]],
    ["a=", [["a", ""]]],
    ["=a", [["", "a"]]],
    ["a=b=c", [["a", "b=c"]]],
    [
      "a+b=c%2Bd&a+b=%26",
      [
        ["a b", "c+d"],
        ["a b", "&"],
      ],
    ],
    [
      "__proto__=x&constructor=y",
      [
        ["__proto__", "x"],
        ["constructor", "y"],
      ],
    ],
  ])("of %j is %j", (text, pairs) => {
    expect(parsePairs(text)).toEqual(pairs.map(([name = "", value = ""]) => [name, value] as const));
  });
});

describe("encodePath", () => {
  test("is undone by decodePath, for every key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        fc.pre(key.isWellFormed());
        expect(decodePath(encodePath(key))).toBe(key);
      }),
    );
  });

  test("behind a slash never names a host", () => {
    expect(encodePath("/host/a")).toBe("%2Fhost/a");
    expect(encodePath("a//b")).toBe("a//b");
  });
});
