// The keys of a token with prefixes: narrowing a set to them is meeting them, key by key.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { keyOf, keySet } from "../../test/support/requests.ts";
import { seedsToTry, withSeed } from "../../test/support/seeded-random.ts";
import { compareKeys } from "./key.ts";
import { narrowSet, narrowToOne, requireWithin } from "./key-scope.ts";
import { boundsOf, EVERY_KEY, isInSet, type KeySet } from "./range.ts";
import { makeGrant } from "./token.ts";

const LETTERS = ["a", "b", "/", "\u{1f600}", "\uffff"];

function contains(set: KeySet, key: string): boolean {
  const { low, high } = boundsOf(set);
  return compareKeys(key, low) >= 0 && (high === null || compareKeys(key, high) < 0) && isInSet(set, key);
}

describe("narrowing", () => {
  test("to random prefixes leaves exactly the keys that begin with one, in key order, each in one set", async () => {
    for (const seed of seedsToTry(1, 300)) {
      await withSeed(seed, (random) => {
        const text = (length: number) => Array.from({ length }, () => random.pick(LETTERS)).join("");
        const asked = Array.from({ length: 1 + random.below(4) }, () => text(1 + random.below(3)));
        const { prefixes } = makeGrant({ name: "t", scopes: ["read"], prefixes: asked, expiresAt: null });
        const set = keySet({
          prefix: random.oneIn(2) ? text(random.below(3)) : "",
          start: random.oneIn(3) ? text(1) : null,
          end: random.oneIn(3) ? text(2) : null,
          ...(random.oneIn(2) && { filter: `${text(random.below(2))}*${text(random.below(2))}` }),
        });
        const parts = narrowSet(set, prefixes);
        for (let probe = 0; probe < 50; probe++) {
          const key = text(1 + random.below(5));
          const isMeant = contains(set, key) && prefixes.some((prefix) => key.startsWith(prefix));
          expect({ key, sets: parts.filter((part) => contains(part, key)).length }).toEqual({ key, sets: +isMeant });
        }
        const ends = parts.map((part) => boundsOf(part));
        for (const [index, { low }] of ends.slice(1).entries()) {
          expect(compareKeys(ends[index]?.high ?? "", low)).toBeLessThanOrEqual(0);
        }
      });
    }
  });

  test("to one set is refused only where several may hold keys", async () => {
    const prefixes = ["ci/", "cd/"].toSorted();
    expect(narrowToOne(keySet({ prefix: "ci/x" }), prefixes)).toEqual(keySet({ prefix: "ci/x" }));
    expect(narrowToOne(keySet({ filter: "cd/*" }), prefixes)).toMatchObject({ prefix: "cd/" });
    expect(narrowToOne(keySet({ start: "ce" }), prefixes)).toMatchObject({ prefix: "ci/" });
    expect(narrowToOne(keySet({ prefix: "x" }), prefixes)).toBeNull();
    const refused = await rejectionOf(() => narrowToOne(EVERY_KEY, prefixes));
    expect(refused).toMatchObject({ code: "forbidden", data: { prefixes } });
    expect(refused?.detail).toContain('"cd/" or "ci/" with prefix=');
  });
});

describe("a key", () => {
  test("within is let through, a key outside is refused with the prefixes", async () => {
    expect(() => requireWithin(["a", "b/"], [keyOf("a"), keyOf("ab"), keyOf("b/")])).not.toThrow();
    for (const key of ["b", "A", "ca", "\u0430"]) {
      const refused = await rejectionOf(() => requireWithin(["a", "b/"], [keyOf("a"), keyOf(key)]));
      expect(refused).toMatchObject({ code: "forbidden", data: { key, prefixes: ["a", "b/"] } });
    }
  });
});
