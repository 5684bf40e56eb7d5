// Who is cut off when too much waits to be taken.
import { expect, test } from "bun:test";
import { StreamBudget } from "./stream-budget.ts";

function makeBudget() {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly run: () => void } | null = null;
  const cut: string[] = [];
  const budget = new StreamBudget({
    limitBytes: 100,
    graceMs: 10,
    steadyMs: () => nowMs,
    after: (delayMs, run) => {
      due = { atMs: nowMs + delayMs, run };
    },
  });
  const streamOf = (name: string) => ({ cut: () => cut.push(name) });
  const pass = (ms: number) => {
    nowMs += ms;
    const current = due;
    if (current === null || current.atMs > nowMs) return;
    due = null;
    current.run();
  };
  return { budget, cut, streamOf, pass, isLooking: () => due !== null };
}

test("nobody is cut off while no more waits than may", () => {
  const { budget, cut, streamOf, pass, isLooking } = makeBudget();
  budget.sent(streamOf("a"), 60);
  budget.sent(streamOf("b"), 40);
  pass(1000);
  expect([cut, isLooking()]).toEqual([[], false]);
});

test("beyond that those go that have waited longest, and no more of them than must", () => {
  const { budget, cut, streamOf, pass, isLooking } = makeBudget();
  for (const name of ["a", "b", "c", "d"]) budget.sent(streamOf(name), 40);
  expect([budget.bytes, budget.cuts]).toEqual([160, 0]);
  pass(10);
  expect([cut, isLooking()]).toEqual([["a", "b"], false]);
  expect([budget.bytes, budget.cuts]).toEqual([80, 2]);
});

test("who takes parts in time is not cut off, however much waits", () => {
  const { budget, cut, streamOf, pass } = makeBudget();
  const reading = streamOf("reading");
  for (const name of ["a", "b", "c"]) budget.sent(streamOf(name), 40);
  for (let round = 0; round < 10; round++) {
    budget.sent(reading, 500);
    pass(5);
    budget.taken(reading);
  }
  expect(cut).not.toContain("reading");
  expect(cut).toContain("a");
});

test("one that is slow by itself is left to the idle time-out", () => {
  const { budget, cut, streamOf, pass, isLooking } = makeBudget();
  const [a, b] = [streamOf("a"), streamOf("b")];
  budget.sent(a, 60);
  budget.sent(b, 60);
  budget.taken(b);
  pass(1000);
  expect([cut, isLooking()]).toEqual([[], false]);
});

test("what is taken twice counts once", () => {
  const { budget, cut, streamOf, pass } = makeBudget();
  const a = streamOf("a");
  budget.sent(a, 90);
  budget.taken(a);
  budget.taken(a);
  budget.sent(a, 90);
  budget.sent(streamOf("b"), 10);
  pass(1000);
  expect(cut).toEqual([]);
});
