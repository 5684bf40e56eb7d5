// In which order what is put off is done, and how much of it at once.
import { expect, test } from "bun:test";
import { LaterTurns } from "./later-turns.ts";

function makeTurns() {
  const turns: (() => void)[] = [];
  const later = new LaterTurns((run) => turns.push(run));
  const done: number[] = [];
  return { later, done, turns, pass: () => turns.shift()?.() };
}

test("what is put off is done in order, some of it in each turn", () => {
  const { later, done, turns, pass } = makeTurns();
  for (let index = 0; index < 10; index++) later.put(() => done.push(index));
  expect(done).toEqual([]);
  const seen: number[] = [];
  while (turns.length > 0) {
    pass();
    seen.push(done.length);
  }
  expect(seen).toEqual([4, 8, 10]);
  expect(done).toEqual(Array.from({ length: 10 }, (_, index) => index));
});

test("what is put off meanwhile waits behind what was there before, for another turn", () => {
  const { later, done, turns, pass } = makeTurns();
  later.put(() => {
    done.push(1);
    later.put(() => done.push(2));
  });
  pass();
  expect([done, turns.length]).toEqual([[1], 1]);
  pass();
  expect([done, turns.length]).toEqual([[1, 2], 0]);
});
