// Tests of key-order.ts.
import { describe, expect, test } from "bun:test";
import { makeKeyOrder } from "./key-order.ts";

/** How many numbers below `count` an order has, from this place on. */
function distinct(count: number, from: number, seed: number): number {
  const seen = new Uint8Array(count);
  const order = makeKeyOrder(count, seed);
  for (let place = from; place < from + count; place++) seen[order(place)] = 1;
  return seen.reduce((sum, one) => sum + one, 0);
}

describe("an order of keys", () => {
  test.each([1, 2, 3, 5, 100, 127, 128, 129, 10_000, 262_144, 300_007])(
    "of %d has each number once before one comes again",
    (count) => {
      expect(distinct(count, 0, 1)).toBe(count);
      expect(distinct(count, 17, -5)).toBe(count);
    },
  );

  test("is another by another seed, and the same by the same", () => {
    const first = (seed: number) => Array.from({ length: 50 }, (_, place) => makeKeyOrder(10_000, seed)(place));
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  test("has hardly two that are close to each other in a row", () => {
    const count = 1_000_000;
    const order = makeKeyOrder(count, 4711);
    const places = 10_000;
    let near = 0;
    for (let place = 0; place < places; place++) {
      if (Math.abs(order(place + 1) - order(place)) < count / 1000) near++;
    }
    // Of a random order, 0.2 % are.
    expect(near).toBeLessThan(places / 100);
  });

  test("spreads any stretch of places over all numbers", () => {
    const order = makeKeyOrder(1_000_000, 4711);
    const parts = new Set(Array.from({ length: 1000 }, (_, place) => Math.floor(order(500 + place) / 10_000)));
    expect(parts.size).toBeGreaterThan(95);
  });
});
