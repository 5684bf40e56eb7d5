// The set of keys against a plain sorted array, by seeded random histories.
import { describe, expect, test } from "bun:test";
import { keyOf } from "../../../test/support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { compareKeys, type Key } from "../../core/key.ts";
import type { Bounds } from "../../core/range.ts";
import { SortedKeys } from "./sorted-keys.ts";

const ALPHABET = ["a", "b", "/", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];

function drawKey(random: SeededRandom): Key {
  return keyOf(Array.from({ length: 1 + random.below(4) }, () => random.pick(ALPHABET)).join(""));
}

function expectedWithin(keys: readonly Key[], { low, high }: Bounds, reverse: boolean): readonly Key[] {
  const within = keys.filter((key) => compareKeys(key, low) >= 0 && (high === null || compareKeys(key, high) < 0));
  return reverse ? within.toReversed() : within;
}

describe("a set of sorted keys", () => {
  for (const seed of seedsToTry(1, 10)) {
    test(`is what a sorted array is, in history ${seed}`, async () => {
      await withSeed(seed, (random) => {
        const set = new SortedKeys();
        const model = new Set<Key>();
        // Grows past several chunks, then shrinks to nothing: both chances of an addition have their turn.
        for (let step = 0; step < 6000; step++) {
          const key = drawKey(random);
          const isGrowing = step < 4000;
          if (random.below(10) < (isGrowing ? 9 : 1)) {
            if (!model.has(key)) set.add(key);
            model.add(key);
          } else {
            const removed = random.oneIn(2) || model.size === 0 ? key : random.pick([...model]);
            set.delete(removed);
            model.delete(removed);
          }
          if (step % 200 !== 0) continue;
          const keys = [...model].toSorted(compareKeys);
          const low = random.oneIn(3) ? "" : drawKey(random);
          const bounds = { low, high: random.oneIn(3) ? null : drawKey(random) };
          for (const reverse of [false, true]) {
            expect([...set.within(bounds, reverse)]).toEqual([...expectedWithin(keys, bounds, reverse)]);
          }
        }
        for (const key of [...model]) set.delete(key);
        expect([...set.within({ low: "", high: null }, false)]).toEqual([]);
        expect([...set.within({ low: "", high: null }, true)]).toEqual([]);
        set.add(keyOf("again"));
        expect([...set.within({ low: "", high: null }, false)]).toEqual([keyOf("again")]);
      });
    });
  }

  test("keeps its order over many chunks, whichever way it is filled", () => {
    const sorted = Array.from({ length: 5000 }, (_, index) => keyOf(`k${10_000 + index}`));
    const everything = { low: "", high: null };
    for (const order of [sorted, sorted.toReversed()]) {
      const set = new SortedKeys();
      for (const key of order) set.add(key);
      expect([...set.within(everything, false)]).toEqual(sorted);
      expect([...set.within(everything, true)]).toEqual(sorted.toReversed());
      for (let from = 0; from < sorted.length; from += 97) {
        const bounds = { low: sorted[from] ?? "", high: sorted[from + 50] ?? null };
        expect([...set.within(bounds, false)]).toEqual(sorted.slice(from, from + 50));
        expect([...set.within(bounds, true)]).toEqual(sorted.slice(from, from + 50).toReversed());
      }
    }
  });

  test("ignores the removal of a key that it does not hold", () => {
    const set = new SortedKeys();
    set.delete(keyOf("a"));
    set.add(keyOf("b"));
    for (const name of ["a", "c"]) set.delete(keyOf(name));
    expect([...set.within({ low: "", high: null }, false)]).toEqual([keyOf("b")]);
  });

  test("finds nothing between bounds that exclude each other", () => {
    const set = new SortedKeys();
    for (const name of ["a", "b", "c"]) set.add(keyOf(name));
    for (const reverse of [false, true]) {
      expect([...set.within({ low: "c", high: "a" }, reverse)]).toEqual([]);
      expect([...set.within({ low: "b", high: "b" }, reverse)]).toEqual([]);
      expect([...set.within({ low: "", high: "" }, reverse)]).toEqual([]);
    }
  });
});
