// The memory engine under a clock that the test turns.
import { MemoryStore } from "../../src/engines/memory/store.ts";
import { ONE_ORDER_CURSORS } from "./forged-cursors.ts";
import type { HarnessOptions, StoreHarness } from "./store-harness.ts";
import { makeTurnableClock } from "./turnable-clock.ts";

const SWEEP_LIMIT = 1000;

export async function makeMemoryHarness(options: HarnessOptions): Promise<StoreHarness> {
  const { upkeep, historyChanges, idempotencyAgeMs, idempotencyBytes } = options;
  const clock = makeTurnableClock();
  const store = new MemoryStore({
    now: clock.now,
    incarnation: "memory1",
    historyChanges,
    idempotencyAgeMs,
    idempotencyBytes,
    storeBytes: 0,
  });
  return {
    store,
    cursors: ONE_ORDER_CURSORS,
    clockErrorMs: 0,
    async step() {
      clock.turn(1);
      if (upkeep === "on") store.sweep(SWEEP_LIMIT);
    },
    close: () => store.close(),
  };
}
