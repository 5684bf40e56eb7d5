// The heap of ends against a plain sorted array, by seeded random histories.
import { expect, test } from "bun:test";
import { keyOf } from "../../../test/support/requests.ts";
import { seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { ExpiryQueue } from "./expiry-queue.ts";

for (const seed of seedsToTry(1, 10)) {
  test(`gives the ends that are due, earliest first, in history ${seed}`, async () => {
    await withSeed(seed, (random) => {
      const queue = new ExpiryQueue();
      const model: { at: number; key: string }[] = [];
      for (let step = 0; step < 3000; step++) {
        if (random.below(3) > 0) {
          const end = { at: toEpochMs(random.below(50)), key: keyOf(`k${step}`) };
          queue.add(end.key, end.at);
          model.push(end);
          continue;
        }
        const now = toEpochMs(random.below(50));
        const taken = queue.takeDue(now);
        const earliest = Math.min(...model.map(({ at }) => at));
        expect<number | null>(taken?.at ?? null).toBe(earliest <= now ? earliest : null);
        // Which of several with the same end comes first is left open; it must be one of them, and only once.
        const index = model.findIndex(({ at, key }) => at === taken?.at && key === taken?.key);
        if (taken === null) continue;
        expect(index).toBeGreaterThanOrEqual(0);
        model.splice(index, 1);
      }
      while (model.length > 0) {
        const taken = queue.takeDue(toEpochMs(50));
        const index = model.findIndex(({ at, key }) => at === taken?.at && key === taken?.key);
        expect(index).toBeGreaterThanOrEqual(0);
        model.splice(index, 1);
      }
      expect(queue.takeDue(toEpochMs(50))).toBeNull();
    });
  });
}

test("an end is due at its very instant, and not before", () => {
  const queue = new ExpiryQueue();
  queue.add(keyOf("a"), toEpochMs(10));
  expect(queue.takeDue(toEpochMs(9))).toBeNull();
  expect(queue.takeDue(toEpochMs(10))).toEqual({ at: toEpochMs(10), key: keyOf("a") });
  expect(queue.takeDue(toEpochMs(10))).toBeNull();
});
