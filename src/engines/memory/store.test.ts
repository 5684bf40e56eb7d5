// What of the memory engine the contract leaves open, and its own code decides.
import { expect, test } from "bun:test";
import { ENDED, endsAt, mustCommit, put } from "../../../test/support/requests.ts";
import { makeTurnableClock } from "../../../test/support/turnable-clock.ts";
import { MemoryStore } from "./store.ts";

const KEPT = { idempotencyAgeMs: 1000, idempotencyBytes: 10_000, storeBytes: 0 };

function open(historyChanges: number): MemoryStore {
  return new MemoryStore({ now: makeTurnableClock().now, incarnation: "memory1", historyChanges, ...KEPT });
}

for (const kept of [0, 1, 10]) {
  test(`a log of ${kept} changes is trimmed to them, and never holds twice as many`, async () => {
    const store = open(kept);
    for (let index = 0; index < 100; index++) {
      await mustCommit(store, put("a"));
      const { changes } = await store.changes(null, 1000);
      expect(changes.length).toBeLessThan(Math.max(1, 2 * kept));
      expect(changes.length).toBeGreaterThanOrEqual(Math.min(index, kept));
    }
  });
}

test("a sweep logs ends in their order, also of an entry that ended earlier before it was put again", async () => {
  const store = open(100);
  await mustCommit(store, put("a", "", { expiry: ENDED }));
  await mustCommit(store, put("b", "", { expiry: endsAt(1_000_000_000_001) }));
  await mustCommit(store, put("a", "", { expiry: endsAt(1_000_000_000_002) }));
  expect(store.sweep(100)).toBe(2);
  const { changes } = await store.changes(null, 100);
  expect(changes.slice(-2).map(({ kind, key }) => `${kind} ${key}`)).toEqual(["expire b", "expire a"]);
});

test("a sweep takes no more than it is asked to", async () => {
  const store = open(100);
  await mustCommit(store, ...["a", "b", "c"].map((name) => put(name, "", { expiry: ENDED })));
  expect([store.sweep(2), store.sweep(2), store.sweep(2)]).toEqual([2, 1, 0]);
  expect(store.stats()).toMatchObject({ entries: 0, revision: 3 });
});

test("the bytes that it tells are those of the values held", async () => {
  const store = open(100);
  await mustCommit(store, put("a", "12345"), put("b", "123"));
  await mustCommit(store, put("a", "1"));
  expect(store.stats().bytes).toBe(4);
});
