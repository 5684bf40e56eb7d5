// Any engine with revisions that leap (leaping-store.ts).
import { coveredCursors, LeapingStore } from "./leaping-store.ts";
import type { MakeStore } from "./store-harness.ts";

export function leapingHarness(make: MakeStore): MakeStore {
  return async (options) => {
    const inner = await make(options);
    return { ...inner, store: new LeapingStore(inner.store), cursors: coveredCursors(inner.cursors) };
  };
}
