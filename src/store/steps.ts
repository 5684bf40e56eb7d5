// Long walks in steps: an engine that answers without waiting for anything would otherwise hold the event loop from the
// first step of a listing to the last, as a promise that is already kept lets nobody else in between.
import type { Range } from "../core/range.ts";

/** Lets others have a turn before every step of a listing but the first. */
export async function betweenSteps({ after }: Range): Promise<void> {
  if (after !== null) await new Promise(setImmediate);
}
