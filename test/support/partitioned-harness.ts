// The partitioned store under a clock that the test turns.
import { formatCursor, toCursor } from "../../src/store/cursor.ts";
import { PartitionedMemoryStore } from "./partitioned-memory-store.ts";
import { makeSeededRandom, type SeededRandom } from "./seeded-random.ts";
import type { ForgedCursors, MakeStore } from "./store-harness.ts";
import { makeTurnableClock } from "./turnable-clock.ts";

const SWEEP_LIMIT = 1000;

const VECTOR_CURSORS: ForgedCursors = {
  foreign: () => formatCursor("otherlife", 1),
  beyond(latest) {
    const [vector = "", incarnation] = latest.split(".");
    const places = vector.split("-").map(Number);
    return [1, 1000].map((by) => toCursor(`${places.map((place) => place + by).join("-")}.${incarnation}`));
  },
  malformed: ["", "1", ".partitioned1", "1-.partitioned1", "01.partitioned1", "x.y"],
};

/** @param hasLaggingStats - as in PartitionedMemoryOptions */
export function partitionedHarness(
  partitions: number,
  random: SeededRandom = makeSeededRandom(1),
  hasLaggingStats = true,
): MakeStore {
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
      hasLaggingStats,
    });
    return {
      store,
      cursors: VECTOR_CURSORS,
      clockErrorMs: 0,
      async step() {
        clock.turn(1);
        if (upkeep === "on") store.sweep(SWEEP_LIMIT);
      },
      close: () => store.close(),
    };
  };
}

/** Whose figures do not lag, as nobody else writes to it: what the store suite expects of every engine. */
export function steadyPartitions(partitions: number): MakeStore {
  return partitionedHarness(partitions, makeSeededRandom(1), false);
}
