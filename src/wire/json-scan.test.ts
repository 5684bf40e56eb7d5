// Counting the parts of a text that has not been parsed.
import { expect, test } from "bun:test";
import { countParts } from "./json-scan.ts";

const ROWS: readonly [string, number, number][] = [
  ["1", 1, 1],
  ['{"a": 1, "b": [1, 2, 3]}', 6, 2],
  ['{"a,b[{": "\\",[", "c": 1}', 3, 2],
  ['["\\\\", "\\\\\\"", 1]', 4, 3],
  ["[[[[]]]]", 5, 1],
  ["", 1, 1],
  // What is not valid is counted all the same, and ends.
  ['{"a', 2, 1],
  ["]]],,,", 4, 1],
];

for (const [text, all, top] of ROWS) {
  test(`${JSON.stringify(text)} has ${all} parts, ${top} of them at the top`, () => {
    expect(countParts(text)).toEqual({ all, top });
  });
}
