// Sums of decimal numbers, as INCRBYFLOAT answers them.
import { expect, test } from "bun:test";
import { add, formatDecimal, parseDecimal } from "./decimal.ts";

const SUMS: readonly [string, string, string][] = [
  ["10.50", "0.1", "10.6"],
  ["5.0e3", "2.0e2", "5200"],
  ["0.1", "0.2", "0.3"],
  ["3", "-3", "0"],
  ["-0.5", "0.25", "-0.25"],
  ["1", "1e-17", "1.00000000000000001"],
  ["1", "1e-18", "1"],
  ["0", "5e-18", "0.00000000000000001"],
  ["0", "-5e-18", "-0.00000000000000001"],
  ["-1e-18", "0", "0"],
  ["1e20", "1", "100000000000000000001"],
  [".5", "7.", "7.5"],
  ["+4", "-0", "4"],
];

test.each(SUMS)("%s and %s are %s", (a, b, sum) => {
  const [first, second] = [parseDecimal(a), parseDecimal(b)];
  if (first === null || second === null) throw new Error("It was not read");
  expect(formatDecimal(add(first, second))).toBe(sum);
});

const REFUSED = [
  "",
  ".",
  "-",
  "e5",
  "1e",
  "abc",
  " 1",
  "1 ",
  "0x10",
  "nan",
  "inf",
  "1e401",
  "1".repeat(401),
  "1,5",
  "--1",
];

test.each(REFUSED)("%j is none", (text) => {
  expect(parseDecimal(text)).toBeNull();
});
