// Who waits, and who is cut off, when too much waits to be taken.
import { expect, test } from "bun:test";
import { StreamBudget } from "./stream-budget.ts";

const LIMIT = 100;
const GRACE_MS = 10;

function makeBudget() {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly run: () => void } | null = null;
  const cut: string[] = [];
  const admitted: string[] = [];
  const budget = new StreamBudget({
    limitBytes: LIMIT,
    graceMs: GRACE_MS,
    steadyMs: () => nowMs,
    after: (delayMs, run) => {
      due = { atMs: nowMs + delayMs, run };
    },
  });
  const streams = new Map<string, { cut(): void }>();
  const streamOf = (name: string) => {
    const known = streams.get(name) ?? { cut: () => void cut.push(name) };
    streams.set(name, known);
    return known;
  };
  const send = (name: string, bytes: number) => {
    const turn = budget.admit(streamOf(name), bytes);
    if (turn === undefined) admitted.push(name);
    else void turn.then(() => admitted.push(name));
  };
  const pass = async (ms: number) => {
    nowMs += ms;
    const current = due;
    if (current !== null && current.atMs <= nowMs) {
      due = null;
      current.run();
    }
    await settled();
  };
  const take = async (name: string) => {
    budget.taken(streamOf(name));
    await settled();
  };
  const reserve = (name: string, bytes: number) => {
    const turn = budget.reserve(streamOf(name), bytes);
    if (turn === undefined) admitted.push(name);
    else void turn.then(() => admitted.push(name));
  };
  const fill = (name: string, bytes: number) => budget.filled(streamOf(name), bytes);
  const waitedMs = (name: string) => budget.waitedMs(streamOf(name));
  return { budget, cut, admitted, send, pass, take, reserve, fill, waitedMs };
}

/** What has been resolved has been told. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what fits goes at once, and nobody is cut off for it however long it lies", async () => {
  const { budget, cut, admitted, send, pass } = makeBudget();
  send("a", 60);
  send("b", 40);
  expect([admitted, budget.heldBytes]).toEqual([["a", "b"], LIMIT]);
  await pass(1000);
  expect(cut).toEqual([]);
});

test("what does not fit waits for its turn, in order, also where a later one would fit", async () => {
  const { budget, admitted, send, take } = makeBudget();
  send("a", 60);
  send("b", 60);
  send("c", 10);
  expect(admitted).toEqual(["a"]);
  await take("a");
  expect([admitted, budget.heldBytes]).toEqual([["a", "b", "c"], 70]);
});

test("those who have held theirs longest are cut off for those who wait, and no more of them than must", async () => {
  const { cut, admitted, send, pass } = makeBudget();
  for (const name of ["a", "b", "c", "d"]) send(name, 40);
  expect(admitted).toEqual(["a", "b"]);
  await pass(GRACE_MS);
  expect([cut, admitted]).toEqual([
    ["a", "b"],
    ["a", "b", "c", "d"],
  ]);
});

test("never more is held than may be, however many come", async () => {
  const { budget, cut, send, pass } = makeBudget();
  for (let index = 0; index < 50; index++) send(`s${index}`, 30);
  for (let round = 0; round < 20; round++) {
    expect(budget.heldBytes).toBeLessThanOrEqual(LIMIT);
    await pass(GRACE_MS);
  }
  expect(cut.length).toBe(47);
});

test("one part that is larger than all goes when nobody else holds any", async () => {
  const { admitted, send, take } = makeBudget();
  send("a", 10);
  send("large", 5 * LIMIT);
  expect(admitted).toEqual(["a"]);
  await take("a");
  expect(admitted).toEqual(["a", "large"]);
});

test("who takes parts in time is not cut off, however many stall", async () => {
  const { cut, send, pass, take } = makeBudget();
  for (const name of ["a", "b", "c", "d", "e"]) send(name, 40);
  for (let round = 0; round < 10; round++) {
    send("reading", 20);
    await pass(GRACE_MS / 2);
    await take("reading");
  }
  expect(cut).not.toContain("reading");
  expect(cut).toContain("a");
});

test("one that has gone while it waited holds nothing and stands in nobody's way", async () => {
  const { budget, send, take } = makeBudget();
  send("a", LIMIT);
  send("gone", LIMIT);
  send("b", 10);
  await take("gone");
  await take("a");
  expect(budget.heldBytes).toBe(10);
});

test("what is taken twice counts once", async () => {
  const { budget, admitted, send, take } = makeBudget();
  send("a", 90);
  await take("a");
  await take("a");
  send("a", 90);
  send("b", 10);
  expect([admitted, budget.heldBytes]).toEqual([["a", "a", "b"], LIMIT]);
});

test("room for a part that is still being made is kept, and its client not taken for slow", async () => {
  const { budget, cut, admitted, reserve, send, pass, fill } = makeBudget();
  reserve("maker", 60);
  send("other", 60);
  await pass(10 * GRACE_MS);
  expect([admitted, cut]).toEqual([["maker"], []]);
  fill("maker", 70);
  expect(budget.heldBytes).toBe(70);
  await pass(GRACE_MS - 1);
  expect(cut).toEqual([]);
  await pass(GRACE_MS);
  expect([admitted, cut]).toEqual([["maker", "other"], ["maker"]]);
});

test("who has got room for more than it needs gives the rest to others", async () => {
  const { admitted, reserve, send, fill, pass } = makeBudget();
  reserve("maker", 90);
  send("other", 50);
  fill("maker", 50);
  await pass(0);
  expect(admitted).toEqual(["maker", "other"]);
});

test("how long somebody has waited is known, until it has its turn", async () => {
  const { reserve, send, take, pass, waitedMs } = makeBudget();
  send("a", LIMIT);
  reserve("b", 10);
  await pass(GRACE_MS - 1);
  expect([waitedMs("a"), waitedMs("b")]).toEqual([0, GRACE_MS - 1]);
  await take("a");
  expect(waitedMs("b")).toBe(0);
});
