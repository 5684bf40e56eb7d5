// What the conformance suite asks of an engine under test: a store, and a way to let its time pass. Where the clock is
// ours a step turns it; where it is the engine's own a step waits a little. Tests never sleep: they step until a condition
// holds, and so say the same of both.
import type { Cursor, Store } from "../../src/store/store.ts";
import { tallied } from "./suite-tally.ts";

export interface HarnessOptions {
  /** Whether ended entries are swept and the log is trimmed while steps pass; "off" keeps ended entries standing. */
  readonly upkeep: "on" | "off";
  readonly historyChanges: number;
  readonly idempotencyAgeMs: number;
  readonly idempotencyBytes: number;
}

/** Bounds that no test meets unless it sets them itself. */
export const ROOMY: HarnessOptions = {
  upkeep: "off",
  historyChanges: 100_000,
  idempotencyAgeMs: 3_600_000,
  idempotencyBytes: 100_000_000,
};

export interface StoreHarness {
  readonly store: Store;
  readonly cursors: ForgedCursors;
  /**
   * By how much, in ms, the store's now() may be off the instants that its commits are stamped with and its entries end at:
   * 0 where both are one clock, more where commits are judged by another machine's.
   */
  readonly clockErrorMs: number;
  /** Lets about a millisecond pass, and upkeep go on. */
  step(): Promise<void>;
  /** Closes the store and looks at what it leaves. */
  close(): Promise<void>;
}

/** Cursors that the store never gave; only whoever knows how it writes them can make them. */
export interface ForgedCursors {
  /** Of another life of the store. */
  foreign(): Cursor;
  /** Of this life, beyond the given one in every part of the log. @param latest - the end of the log */
  beyond(latest: Cursor): readonly Cursor[];
  /** Texts that are no cursors. */
  readonly malformed: readonly string[];
}

export type MakeStore = (options: HarnessOptions) => Promise<StoreHarness>;

const PATIENCE_MS = 10_000;

/** Steps until the condition holds. @throws when it does not in PATIENCE_MS */
export async function until(harness: StoreHarness, condition: () => boolean | Promise<boolean>): Promise<void> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > givenUpAt) throw new Error(`Condition does not hold after ${PATIENCE_MS} ms`);
    await harness.step();
  }
}

/** Steps until the instant has come by whatever clock commits are judged by. */
export async function untilCome(harness: StoreHarness, instant: number): Promise<void> {
  await until(harness, () => harness.store.now() >= instant + harness.clockErrorMs);
}

/** Opens a store for the length of `body`. */
export async function withStore(
  make: MakeStore,
  body: (harness: StoreHarness) => Promise<void>,
  options: Partial<HarnessOptions> = {},
): Promise<void> {
  await tallied(async () => {
    const harness = await make({ ...ROOMY, ...options });
    try {
      await body(harness);
    } finally {
      await harness.close();
    }
  });
}
