// A hub over the memory engine, or another, for the length of one test, whose clock and timers the test turns.
import type { KeyholdError } from "../../src/core/errors.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Interest } from "../../src/service/watch/channels.ts";
import { type FeedPart, openFeed, type Since } from "../../src/service/watch/feed.ts";
import { WatchHub } from "../../src/service/watch/hub.ts";
import { LASTING } from "../../src/service/watch/member.ts";
import type { Store } from "../../src/store/store.ts";
import { makeMemoryHarness } from "./memory-harness.ts";
import { type MakeStore, ROOMY } from "./store-harness.ts";
import { makeTurnableTimers, type TurnableTimers } from "./turnable-timers.ts";

export const EVERYTHING: Interest = { selection: { set: EVERY_KEY }, hasTouches: false, hasValues: true };
/** Changes that a live watcher may lie behind. */
export const BACKLOG = 10;
/** Longer than any test that does not let it pass. */
export const HEARTBEAT_MS = 2000;
/** Changes that the log keeps. */
export const HISTORY = 100;
const TURNS_MAX = 1000;

export interface Watching {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly timers: TurnableTimers;
  /** What the hub was told of values that it could not show. */
  readonly damages: readonly KeyholdError[];
  /** Lets a millisecond pass, and whatever it brings about. */
  step(): Promise<void>;
  open(
    since: Since,
    asked?: { readonly interest?: Interest; readonly signal?: AbortSignal },
  ): Promise<AsyncGenerator<FeedPart>>;
  /** The next part, for which time passes. */
  next(feed: AsyncGenerator<FeedPart>): Promise<FeedPart | null>;
  /** Until the tail has come to the end of the log. */
  settle(): Promise<void>;
}

export interface HubTestOptions {
  readonly make?: MakeStore;
  readonly backlogChanges?: number;
  readonly historyChanges?: number;
  readonly heartbeatMs?: number;
  /** What each look at the steady clock turns it by: how long each step of work takes. */
  readonly stepMs?: number;
}

export async function withHub(
  body: (watching: Watching) => Promise<void>,
  options: HubTestOptions = {},
): Promise<void> {
  const { backlogChanges = BACKLOG, historyChanges = HISTORY, stepMs = 0, heartbeatMs = HEARTBEAT_MS } = options;
  const { make = makeMemoryHarness } = options;
  const harness = await make({ ...ROOMY, upkeep: "on", historyChanges });
  const { store } = harness;
  const timers = makeTurnableTimers(store.now);
  const damages: KeyholdError[] = [];
  let steadyMs = 0;
  const hub = new WatchHub({
    store,
    timers,
    steadyMs: () => (steadyMs += stepMs),
    toText: ({ size }) => "v".repeat(size),
    onDamage: (error) => damages.push(error),
    membersMax: 3,
    backlogChanges,
    heartbeatMs,
  });
  const step = async () => {
    await harness.step();
    timers.runDue();
    await new Promise(setImmediate);
  };
  try {
    await body({
      store,
      hub,
      timers,
      damages,
      step,
      async open(since, { interest = EVERYTHING, signal = new AbortController().signal } = {}) {
        return (await openFeed(hub, { interest, since, lease: LASTING }, signal)).parts();
      },
      async next(feed) {
        let isSettled = false;
        const pulled = feed.next().finally(() => {
          isSettled = true;
        });
        // Looked at when it is awaited; until then it is not unhandled.
        pulled.catch(() => {});
        for (let turn = 0; !isSettled; turn++) {
          if (turn > TURNS_MAX) throw new Error("No part comes");
          await step();
        }
        const { value, done } = await pulled;
        return done === true ? null : value;
      },
      async settle() {
        while (hub.tail.cursor !== (await store.latestCursor())) await step();
      },
    });
  } finally {
    hub.stop();
    await harness.close();
  }
}

export function keysOf(part: FeedPart | null): readonly string[] {
  return part?.is === "changes" ? part.batch.events.map(({ change }) => change.key) : [];
}
