import { expect, test } from "bun:test";
import { makeSharedMemory, openHighestInstant } from "./shared-instant.ts";

test("two views of the memory know the highest instant that either was told", () => {
  const memory = makeSharedMemory();
  const [one, other] = [openHighestInstant(memory), openHighestInstant(memory)];
  expect(other.load()).toBe(0);
  one.raise(253_402_300_799_999);
  expect(other.load()).toBe(253_402_300_799_999);
  other.raise(5);
  expect(one.load()).toBe(253_402_300_799_999);
});
