// Tests of latency-histogram.ts.
import { describe, expect, test } from "bun:test";
import { LatencyHistogram } from "./latency-histogram.ts";

const PRECISION = 0.01;

function histogramOf(latenciesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of latenciesMs) histogram.record(ms);
  return histogram;
}

describe("a histogram", () => {
  test("tells latencies from 10 µs to 5 minutes to within 1 %", () => {
    const wrong: number[] = [];
    for (let ms = 0.01; ms < 300_000; ms *= 1.003) {
      // The longest is told exactly; a longer one beside it makes the quantile come from its bucket.
      const told = histogramOf([ms, 400_000]).quantileMs(0.5);
      if (Math.abs(told - ms) > ms * PRECISION) wrong.push(ms);
    }
    expect(wrong).toEqual([]);
  });

  test("has the quantiles of what was recorded", () => {
    const histogram = histogramOf(Array.from({ length: 1000 }, (_, index) => index + 1));
    for (const [share, ms] of [
      [0.5, 500],
      [0.99, 990],
      [0.999, 999],
    ] as const) {
      expect(Math.abs(histogram.quantileMs(share) - ms)).toBeLessThanOrEqual(ms * PRECISION);
    }
    expect([histogram.count, histogram.longestMs, histogram.quantileMs(1)]).toEqual([1000, 1000, 1000]);
    expect(histogram.meanMs).toBeCloseTo(500.5);
  });

  test("to which another is added counts both", () => {
    const both = histogramOf([1, 1, 1]);
    both.add(histogramOf([9]));
    expect([both.count, both.longestMs]).toEqual([4, 9]);
    expect(both.quantileMs(0.75)).toBeCloseTo(1, 1);
    expect(both.quantileMs(0.76)).toBe(9);
  });

  test("of nothing has no quantiles", () => {
    expect(new LatencyHistogram().quantileMs(0.5)).toBeNaN();
  });

  test("counts what takes longer than it can tell", () => {
    const histogram = histogramOf([1e9]);
    expect([histogram.count, histogram.longestMs]).toEqual([1, 1e9]);
  });
});
