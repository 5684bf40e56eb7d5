// The cursor of SCAN: a number that names a key, and nothing else that looks like one.
import { expect, test } from "bun:test";
import { parseKey } from "../../core/key.ts";
import { cursorAfter, keyOfCursor } from "./scan-cursor.ts";

const KEYS = ["a", "key:1", "ü€😀", "\ufeffa", "x".repeat(255), "a/b"];

test.each(KEYS)("the cursor after %j is a number, and goes on there", (name) => {
  const cursor = cursorAfter(parseKey(name));
  expect(cursor).toMatch(/^[1-9]\d*$/);
  expect(keyOfCursor(cursor)).toBe(parseKey(name));
});

test("0 is the beginning, and what comes after the last", () => {
  expect([cursorAfter(null), keyOfCursor("0")]).toEqual(["0", null]);
});

test.each(["", "-1", "00", "1", "5", "255", "1e3", "x", "9".repeat(700), String(0x01ff), String(0x0100)])(
  "%j is none",
  (text) => {
    expect(keyOfCursor(text)).toBe("invalid");
  },
);
