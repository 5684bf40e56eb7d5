import { expect, test } from "bun:test";
import { withSeed } from "../../support/seeded-random.ts";
import { leastByTime, median, slopePerHour } from "./slope.ts";

const MINUTE_MS = 60_000;

test("a straight line has its slope, in an hour's units", () => {
  const samples = Array.from({ length: 60 }, (_, minute) => ({ atMs: minute * MINUTE_MS, value: 100 + minute / 20 }));
  const { perHour, least, most } = slopePerHour(samples);
  for (const slope of [perHour, least, most]) expect(slope).toBeCloseTo(3, 6);
});

test("what stands still has none, whatever a few samples say", async () => {
  await withSeed(4711, (random) => {
    const value = () => (random.oneIn(10) ? 900 : 100 + random.below(10) / 10);
    const samples = Array.from({ length: 120 }, (_, minute) => ({ atMs: minute * MINUTE_MS, value: value() }));
    const { perHour, least, most } = slopePerHour(samples);
    expect(Math.abs(perHour)).toBeLessThan(0.5);
    expect([least <= 0, most >= 0]).toEqual([true, true]);
  });
});

test("the least of each stretch is what is left between peaks", () => {
  const samples = [5, 9, 6, 7, 8, 5].map((value, second) => ({ atMs: second * 1000, value }));
  expect(leastByTime(samples, 3000)).toEqual([
    { atMs: 1500, value: 5 },
    { atMs: 4500, value: 5 },
  ]);
});

test("the median of an even number lies between the two in the middle", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});
