import { expect, test } from "bun:test";
import { Deadlines, type Expiring } from "./deadlines.ts";

class Mark implements Expiring {
  readonly deadlineAt: number;
  before: Expiring | null = null;
  behind: Expiring | null = null;
  readonly #onExpire: (mark: Mark) => void;

  constructor(deadlineAt: number, onExpire: (mark: Mark) => void) {
    this.deadlineAt = deadlineAt;
    this.#onExpire = onExpire;
  }

  expire(): void {
    this.#onExpire(this);
  }
}

test("those who are left expire in their order and not too early; those forgotten do not", async () => {
  const deadlines = new Deadlines();
  const expired: number[] = [];
  const over = Promise.withResolvers<void>();
  const base = performance.now();
  const marks = Array.from({ length: 50 }, (_, index) => {
    return new Mark(base + 40 + index, (mark) => {
      expect(performance.now()).toBeGreaterThanOrEqual(mark.deadlineAt);
      deadlines.forget(mark);
      expired.push(index);
      if (index === 48) over.resolve();
    });
  });
  for (const mark of marks) deadlines.watch(mark);
  // First, last, and some in a row between.
  for (const index of [0, 49, 20, 21, 22]) {
    const mark = marks[index];
    if (mark !== undefined) deadlines.forget(mark);
  }
  await over.promise;
  expect(expired).toEqual(marks.map((_, index) => index).filter((index) => ![0, 20, 21, 22, 49].includes(index)));
});

test("who is watched when all others are over expires too", async () => {
  const deadlines = new Deadlines();
  for (let round = 0; round < 3; round++) {
    const over = Promise.withResolvers<void>();
    deadlines.watch(
      new Mark(performance.now() + 1, (mark) => {
        deadlines.forget(mark);
        over.resolve();
      }),
    );
    await over.promise;
  }
});
