// How often the tokens of a store are read that others write to, and what becomes of readings that fail.
import { describe, expect, test } from "bun:test";
import { makeTurnableClock } from "../../test/support/turnable-clock.ts";
import { makeTurnableTimers } from "../../test/support/turnable-timers.ts";
import { TokenReader } from "./token-reader.ts";

function makeReader() {
  const clock = makeTurnableClock();
  const timers = makeTurnableTimers(clock.now);
  const readings: PromiseWithResolvers<void>[] = [];
  const failures: unknown[] = [];
  const reader = new TokenReader({
    timers,
    read() {
      const reading = Promise.withResolvers<void>();
      readings.push(reading);
      return reading.promise;
    },
    onFailure: (error) => failures.push(error),
  });
  return {
    reader,
    readings,
    failures,
    timers,
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed++) {
        clock.turn(1);
        timers.runDue();
        await new Promise(setImmediate);
      }
    },
  };
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  return settled;
}

describe("a reader", () => {
  test("reads within a second, again and again, until it is stopped", async () => {
    const { reader, readings, timers, pass } = makeReader();
    for (let count = 1; count <= 3; count++) {
      await pass(999);
      readings.at(-1)?.resolve();
      expect(readings.length).toBeGreaterThanOrEqual(count);
    }
    reader.stop();
    const before = readings.length;
    await pass(3000);
    expect([readings.length, timers.pending]).toEqual([before, 0]);
  });

  test("reads at once for who asks, and once for all who ask meanwhile", async () => {
    const { reader, readings, pass } = makeReader();
    const first = reader.readAgain();
    expect(readings).toHaveLength(1);
    // It may have been read already what they ask for; so they are not content with that reading.
    const others = [reader.readAgain(), reader.readAgain()];
    readings[0]?.resolve();
    expect([await isSettled(first), await isSettled(others[0] ?? first)]).toEqual([true, false]);
    await pass(200);
    expect(readings).toHaveLength(2);
    readings[1]?.resolve();
    await Promise.all(others);
  });

  test("reads some times a second at most, however many ask", async () => {
    const { reader, readings, pass } = makeReader();
    let answered = 0;
    for (let ms = 0; ms < 1000; ms++) {
      void reader.readAgain().then(() => answered++);
      await pass(1);
      readings.at(-1)?.resolve();
    }
    expect(readings.length).toBeLessThanOrEqual(6);
    await pass(200);
    readings.at(-1)?.resolve();
    await pass(1);
    expect(answered).toBe(1000);
  });

  test("has one reading under way, however long that takes", async () => {
    const { reader, readings, pass } = makeReader();
    void reader.readAgain();
    await pass(5000);
    expect(readings).toHaveLength(1);
  });

  test("tells of the first failure in a row, answers all the same, and of another after a success", async () => {
    const { reader, readings, failures, pass } = makeReader();
    const outcomes = ["fail", "fail", "succeed", "fail"] as const;
    const told: number[] = [];
    for (const outcome of outcomes) {
      const answer = reader.readAgain();
      if (outcome === "fail") readings.at(-1)?.reject(new Error("away"));
      else readings.at(-1)?.resolve();
      await answer;
      told.push(failures.length);
      await pass(200);
    }
    expect(told).toEqual([1, 1, 1, 2]);
  });

  test("that is stopped keeps nobody waiting, and tells of nothing any more", async () => {
    const { reader, readings, failures } = makeReader();
    void reader.readAgain();
    const waiting = reader.readAgain();
    reader.stop();
    await waiting;
    await reader.readAgain();
    readings[0]?.reject(new Error("closed"));
    await new Promise(setImmediate);
    expect([readings.length, failures]).toEqual([1, []]);
  });
});
