// Partitions and the names of keys. A stored format: what is asserted by value here must never change.
import { describe, expect, test } from "bun:test";
import { parseKey } from "../../core/key.ts";
import { Layout } from "./layout.ts";
import { SLOTS, slotOf } from "./slots.ts";

describe("the names of keys", () => {
  test("are the stored format, name for name", () => {
    const { first, tokens } = new Layout("keyhold", 1);
    const { meta, names, ends, log, records, entryPrefix, recordPrefix } = first;
    const tag = /^keyhold:\{([0-9a-z]+)\}:m$/.exec(meta)?.[1];
    expect(slotOf(tag ?? "")).toBe(SLOTS / 2);
    expect([meta, names, ends, log, records, entryPrefix, recordPrefix, tokens]).toEqual(
      ["m", "i", "x", "s", "r", "d:", "q:", "t"].map((part) => `keyhold:{${tag}}:${part}`),
    );
  });

  test("have a tag of their partition and lie in one slot", () => {
    for (const { slot, meta, names, entryPrefix, log, recordPrefix } of new Layout("p.q:r", 64).partitions) {
      for (const key of [meta, names, log, `${entryPrefix}a{b}c`, `${recordPrefix}00`]) expect(slotOf(key)).toBe(slot);
    }
  });

  test("say where the name of an entry begins, in bytes from 1", () => {
    const { entryPrefix, nameAt } = new Layout("keyhold", 4).first;
    expect(`${entryPrefix}name`.slice(nameAt - 1)).toBe("name");
  });
});

describe("partitions", () => {
  for (const count of [1, 2, 3, 64, 1000, 1024]) {
    test(`of ${count} lie evenly in the slots`, () => {
      const slots = new Layout("keyhold", count).partitions.map(({ slot }) => slot);
      expect(slots).toEqual(Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * SLOTS) / count)));
    });
  }

  test("of a key are the stored format: they never change", () => {
    const layout = new Layout("keyhold", 64);
    const places = ["a", "key1", "é", "\u{1f600}", "{cart}1"].map((name) => layout.partitionOf(parseKey(name)).index);
    expect(places).toEqual([3, 16, 62, 4, 55]);
  });

  test("are shared by keys with one part in braces", () => {
    const layout = new Layout("keyhold", 1024);
    const indexOf = (name: string) => layout.partitionOf(parseKey(name)).index;
    expect(indexOf("{cart}1")).toBe(indexOf("{cart}2"));
    expect(indexOf("x{cart}y")).toBe(indexOf("cart"));
    expect(indexOf("{}1")).not.toBe(indexOf("{}2"));
  });

  test("take their shares of many keys", () => {
    const layout = new Layout("keyhold", 64);
    const counts = new Array(64).fill(0);
    for (let number = 0; number < 64_000; number++) counts[layout.partitionOf(parseKey(`user/${number}`)).index]++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});
