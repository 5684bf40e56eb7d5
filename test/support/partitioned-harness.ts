// The partitioned store under a clock that the test turns.
import { PartitionedMemoryStore } from "./partitioned-memory-store.ts";
import { makeSeededRandom, type SeededRandom } from "./seeded-random.ts";
import type { MakeStore } from "./store-harness.ts";
import { makeTurnableClock } from "./turnable-clock.ts";

const SWEEP_LIMIT = 1000;

export function partitionedHarness(partitions: number, random: SeededRandom = makeSeededRandom(1)): MakeStore {
  return async ({ upkeep, historyChanges, idempotencyAgeMs, idempotencyBytes }) => {
    const clock = makeTurnableClock();
    const store = new PartitionedMemoryStore({
      now: clock.now,
      incarnation: "partitioned1",
      historyChanges,
      idempotencyAgeMs,
      idempotencyBytes,
      storeBytes: 0,
      partitions,
      random,
    });
    return {
      store,
      async step() {
        clock.turn(1);
        if (upkeep === "on") store.sweep(SWEEP_LIMIT);
      },
      close: () => store.close(),
    };
  };
}
