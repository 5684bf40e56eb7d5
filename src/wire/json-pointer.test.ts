// Pointers, with the examples of RFC 6901 §5.
import { describe, expect, test } from "bun:test";
import { leadsInto, parseIndex, parseJsonPointer } from "./json-pointer.ts";

describe("parseJsonPointer", () => {
  test.each([
    ["", []],
    ["/foo", ["foo"]],
    ["/foo/0", ["foo", "0"]],
    ["/", [""]],
    ["//", ["", ""]],
    ["/a~1b", ["a/b"]],
    ["/c%d", ["c%d"]],
    ['/i\\j/k"l/ ', ["i\\j", 'k"l', " "]],
    ["/m~0n", ["m~n"]],
    ["/~01", ["~1"]],
    ["/~10~00", ["/0~0"]],
    ["/\n/\ud800/😀", ["\n", "\ud800", "😀"]],
  ])("of %j is %j", (text, tokens) => {
    expect(parseJsonPointer(text)).toEqual({ text, tokens });
  });

  test.each(["a", "a/b", " /a", "~0", "/~", "/~2", "/a~", "/~/0", "#/a"])("of %j is none", (text) => {
    expect(parseJsonPointer(text)).toBeNull();
  });
});

describe("parseIndex", () => {
  test.each([
    ["0", 0],
    ["10", 10],
    ["00", null],
    ["01", null],
    ["-1", null],
    ["+1", null],
    ["1.0", null],
    ["1e0", null],
    ["-", null],
    ["", null],
    [" 1", null],
    ["1\n", null],
    ["٣", null],
  ])("of %j is %p", (token, index) => {
    expect(parseIndex(token)).toBe(index);
  });
});

describe("leadsInto", () => {
  test.each([
    ["/a", "/a/b", true],
    ["", "/a", true],
    ["/a", "/a", false],
    ["/a", "/ab", false],
    ["/a/b", "/a", false],
  ])("from %j to %j is %p", (outer, inner, expected) => {
    const [first, second] = [parseJsonPointer(outer), parseJsonPointer(inner)];
    expect(first !== null && second !== null && leadsInto({ outer: first, inner: second })).toBe(expected);
  });
});
