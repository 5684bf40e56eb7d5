// Tests of nearest.ts.
import { expect, test } from "bun:test";
import { findNearest } from "./nearest.ts";

const NAMES = ["--port", "--host", "--store", "--max-value"];

test.each([
  ["--prot", "--port"],
  ["--por", "--port"],
  ["--sport", "--port"],
  ["--max-vaule", "--max-value"],
  ["--storage", "--store"],
  ["--completely-else", null],
  ["", null],
])("nearest to %j is %j", (name, expected) => {
  expect(findNearest(name, NAMES)).toBe(expected);
});

test("a very long name is answered without much work", () => {
  expect(findNearest("x".repeat(10_000_000), NAMES)).toBeNull();
});
