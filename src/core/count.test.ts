import { expect, test } from "bun:test";
import { makeCount, makeCountMemory, openByteCount, openCount } from "./count.ts";

test("a count of one thread answers the total", () => {
  const count = makeCount();
  expect([count.add(3), count.add(-1), count.total]).toEqual([3, 2, 2]);
});

test("counts of the same place are one, those of others are not", () => {
  const memory = makeCountMemory(2);
  const [first, second, other] = [openCount(memory, 0), openCount(memory, 0), openByteCount(memory, 1)];
  expect([first.add(5), second.add(2), first.add(-7), other.add(2 ** 40)]).toEqual([5, 7, 0, 2 ** 40]);
  expect([first.total, second.total, other.total]).toEqual([0, 0, 2 ** 40]);
});
