import { describe, expect, test } from "bun:test";
import { countOf, Histogram, histogramCells } from "./histogram.ts";

describe("a histogram", () => {
  test("is empty at first", () => {
    expect(new Histogram([1, 2]).read()).toEqual({ bounds: [1, 2], counts: [0, 0, 0], sum: 0 });
  });

  test.each([
    [0.5, [1, 0, 0]],
    [1, [1, 0, 0]],
    [1.000001, [0, 1, 0]],
    [2, [0, 1, 0]],
    [2.000001, [0, 0, 1]],
    [1e9, [0, 0, 1]],
  ])("counts %d up to and with its bound", (value, counts) => {
    const histogram = new Histogram([1, 2]);
    histogram.observe(value);
    expect(histogram.read()).toEqual({ bounds: [1, 2], counts, sum: value });
  });

  test("is seen by another that reads the same memory, and touches nothing beside it", () => {
    const bounds = [1, 2];
    const cells = new Float64Array(new SharedArrayBuffer((histogramCells(bounds) + 1) * 8));
    const own = cells.subarray(0, histogramCells(bounds));
    const [writer, reader] = [new Histogram(bounds, own), new Histogram(bounds, own)];
    for (const value of [1, 2, 3]) writer.observe(value);
    expect(reader.read()).toEqual({ bounds, counts: [1, 1, 1], sum: 6 });
    expect(countOf(reader.read())).toBe(3);
    expect(cells.at(-1)).toBe(0);
  });
});
