// What the commands are told of the process around them.
import { expect, test } from "bun:test";
import { columnsOf } from "./host.ts";

test("a terminal that does not know its size has no columns, rather than none that anything would fit in", () => {
  expect(columnsOf({ isTTY: true, columns: 80 })).toBe(80);
  expect(columnsOf({ isTTY: true, columns: 0 })).toBeNull();
  expect(columnsOf({ isTTY: false, columns: 80 })).toBeNull();
});
