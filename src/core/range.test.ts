// The bounds that engines walk between.
import { describe, expect, test } from "bun:test";
import { keyOf, keySet, rangeOf } from "../../test/support/requests.ts";
import { boundsOf, boundsOfRange, EVERY_KEY, isEveryKey, isInSet } from "./range.ts";

describe("the bounds of a set", () => {
  test("of every key are open", () => expect(boundsOf(EVERY_KEY)).toEqual({ low: "", high: null }));

  test("are its start and its end", () => {
    expect(boundsOf(keySet({ start: "b", end: "d" }))).toEqual({ low: "b", high: "d" });
  });

  test("are those of its prefix", () => {
    expect(boundsOf(keySet({ prefix: "ab" }))).toEqual({ low: "ab", high: "ac" });
    expect(boundsOf(keySet({ prefix: "\u{10ffff}" }))).toEqual({ low: "\u{10ffff}", high: null });
  });

  test("are those of what its pattern begins with", () => {
    expect(boundsOf(keySet({ filter: "ab*" }))).toEqual({ low: "ab", high: "ac" });
    expect(boundsOf(keySet({ filter: "*ab" }))).toEqual({ low: "", high: null });
  });

  test("are the tightest of all narrowings, whichever is the tighter", () => {
    expect(boundsOf(keySet({ prefix: "a", filter: "ab*", start: "abc", end: "z" }))).toEqual({
      low: "abc",
      high: "ac",
    });
    expect(boundsOf(keySet({ prefix: "ab", filter: "a*", start: "a", end: "abb" }))).toEqual({
      low: "ab",
      high: "abb",
    });
    expect(boundsOf(keySet({ start: "\uffff", prefix: "\u{10000}" })).low).toBe("\u{10000}");
  });

  test("exclude each other where the narrowings do", () => {
    expect(boundsOf(keySet({ prefix: "a", start: "b" }))).toEqual({ low: "b", high: "b" });
  });
});

describe("the bounds of a range", () => {
  test("begin directly after its key", () => {
    expect(boundsOfRange(rangeOf({ after: keyOf("b"), end: "d" }))).toEqual({ low: "b\0", high: "d" });
  });

  test("end before its key when it goes backwards", () => {
    expect(boundsOfRange(rangeOf({ after: keyOf("b"), start: "a", reverse: true }))).toEqual({ low: "a", high: "b" });
  });

  test("are not widened by a key outside the set", () => {
    expect(boundsOfRange(rangeOf({ after: keyOf("a"), prefix: "b" }))).toEqual({ low: "b", high: "c" });
    expect(boundsOfRange(rangeOf({ after: keyOf("z"), prefix: "b", reverse: true }))).toEqual({ low: "b", high: "c" });
  });
});

test("a set is every key only without any narrowing", () => {
  expect(isEveryKey(EVERY_KEY)).toBe(true);
  for (const set of [{ prefix: "a" }, { filter: "*" }, { start: "" }, { end: "z" }]) {
    expect(isEveryKey(keySet(set))).toBe(false);
  }
});

test("a key within the bounds is in the set where the pattern finds it", () => {
  expect(isInSet(keySet({ filter: "a$" }), "ab")).toBe(true);
  expect(isInSet(keySet({ filter: "a$" }), "abc")).toBe(false);
  expect(isInSet(EVERY_KEY, "anything")).toBe(true);
});
