import { expect, test } from "bun:test";
import { SessionTouches, TOUCHED_MAX } from "./session-touches.ts";

test("a touch is due when the interval is over, and not before", () => {
  const touches = new SessionTouches(100);
  expect(touches.isDue("a", 0)).toBe(true);
  expect(touches.isDue("a", 99)).toBe(false);
  expect(touches.isDue("b", 99)).toBe(true);
  expect(touches.isDue("a", 100)).toBe(true);
  expect(touches.isDue("a", 199)).toBe(false);
});

test("what was written is not due", () => {
  const touches = new SessionTouches(100);
  touches.note("a", 0);
  expect(touches.isDue("a", 99)).toBe(false);
});

test("without an interval it is always due, with an endless one never", () => {
  const [always, never] = [new SessionTouches(0), new SessionTouches(Number.POSITIVE_INFINITY)];
  expect([always.isDue("a", 5), always.isDue("a", 5)]).toEqual([true, true]);
  expect(never.isDue("a", 5)).toBe(false);
});

test("beyond the bound the one that was touched the longest ago is forgotten", () => {
  const touches = new SessionTouches(100);
  for (let index = 0; index < TOUCHED_MAX; index++) touches.note(`s${index}`, 0);
  touches.note("s0", 1);
  expect(touches.isDue("s1", 2)).toBe(false);
  touches.note("another", 2);
  expect(touches.isDue("s0", 3)).toBe(false);
  expect(touches.isDue("s2", 3)).toBe(false);
  expect(touches.isDue("s1", 3)).toBe(true);
});
