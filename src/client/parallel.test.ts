import { describe, expect, test } from "bun:test";
import { inParallel } from "./parallel.ts";

describe("in parallel", () => {
  test("as many are under way as the bound says, and all are run", async () => {
    let underWay = 0;
    let most = 0;
    const run: number[] = [];
    await inParallel([1, 2, 3, 4, 5], { max: 2 }, async (item) => {
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      run.push(item);
      underWay--;
    });
    expect(run).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  test("none is begun after one has failed, and those under way are waited for", async () => {
    const begun: number[] = [];
    const { promise: first, resolve: endFirst } = Promise.withResolvers<void>();
    let isFirstDone = false;
    const whole = inParallel([1, 2, 3, 4], { max: 2 }, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error("So much for 2");
      await first;
      isFirstDone = true;
    });
    queueMicrotask(endFirst);
    await expect(whole).rejects.toThrow("So much for 2");
    expect([begun, isFirstDone]).toEqual([[1, 2], true]);
  });
});
