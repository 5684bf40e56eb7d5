// What no request can bring about in a test's time: a feed that is not pulled, a log that is trimmed under the hub, and the
// quiet when nobody is there.

import { describe, expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { mustCommit, put } from "../../../test/support/requests.ts";
import { ROOMY } from "../../../test/support/store-harness.ts";
import { makeTurnableTimers, type TurnableTimers } from "../../../test/support/turnable-timers.ts";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { toCursor } from "../../store/cursor.ts";
import type { Store } from "../../store/store.ts";
import type { Interest } from "./channels.ts";
import { type FeedPart, openFeed, type Since } from "./feed.ts";
import { WatchHub } from "./hub.ts";

const EVERYTHING: Interest = { selection: { set: EVERY_KEY }, hasTouches: false, hasValues: true };
const BACKLOG = 10;
const HISTORY = 100;
const TURNS_MAX = 1000;

interface Watching {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly timers: TurnableTimers;
  /** Lets a millisecond pass, and whatever it brings about. */
  step(): Promise<void>;
  open(since: Since, signal?: AbortSignal): Promise<AsyncGenerator<FeedPart>>;
  /** The next part, for which time passes. */
  next(feed: AsyncGenerator<FeedPart>): Promise<FeedPart | null>;
  /** Until the tail has come to the end of the log. */
  settle(): Promise<void>;
}

async function withHub(body: (watching: Watching) => Promise<void>): Promise<void> {
  const harness = await makeMemoryHarness({ ...ROOMY, upkeep: "on", historyChanges: HISTORY });
  const { store } = harness;
  const timers = makeTurnableTimers(store.now);
  const hub = new WatchHub({
    store,
    timers,
    toText: ({ size }) => "v".repeat(size),
    membersMax: 3,
    backlogChanges: BACKLOG,
    heartbeatMs: 60_000,
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
      step,
      async open(since, signal = new AbortController().signal) {
        return (await openFeed(hub, { interest: EVERYTHING, since }, signal)).parts();
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

async function putMany(store: Store, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await mustCommit(store, put(`k${number}`));
}

function keysOf(part: FeedPart | null): readonly string[] {
  return part?.is === "changes" ? part.batch.events.map(({ change }) => change.key) : [];
}

describe("a feed that has been live", () => {
  test.each([
    [BACKLOG, "changes"],
    [BACKLOG + 1, "bye"],
  ])("and is not pulled for %i changes, with a backlog of 10, is told %s", async (count, told) => {
    await withHub(async ({ store, open, next, settle, hub }) => {
      const feed = await open("now");
      await next(feed);
      await mustCommit(store, put("first"));
      expect(keysOf(await next(feed))).toEqual(["first"]);
      await putMany(store, count);
      await settle();
      const part = await next(feed);
      expect(part?.is).toBe(told as FeedPart["is"]);
      if (part?.is !== "bye") return expect(keysOf(part)).toHaveLength(count);
      expect(part.reason).toBe("too-slow");
      expect(await next(feed)).toBe(null);
      expect(hub.members).toBe(0);
    });
  });

  test("is reset, and shown everything, where the log has been trimmed under the hub", async () => {
    await withHub(async ({ store, open, next, step }) => {
      const feed = await open("now");
      await next(feed);
      const waiting = feed.next();
      await step();
      // All at once, so that the hub has no turn in between.
      for (let number = 0; number < 3 * HISTORY; number++) void mustCommit(store, put(`k${number % 5}`));
      for (let turn = 0; turn < 10; turn++) await step();
      // The first of them was read before the others were there.
      expect(keysOf((await waiting).value)).toEqual(["k0"]);
      expect(await next(feed)).toEqual({ is: "reset" });
      expect(await next(feed)).toMatchObject({ is: "entries", entries: { length: 5 } });
      expect((await next(feed))?.is).toBe("ready");
      await mustCommit(store, put("new"));
      expect(keysOf(await next(feed))).toEqual(["new"]);
    });
  });
});

describe("a feed that is catching up", () => {
  test("may lie behind by more than the backlog", async () => {
    await withHub(async ({ store, open, next, settle }) => {
      const cursor = await store.latestCursor();
      const other = await open("now");
      await next(other);
      await putMany(store, 5 * BACKLOG);
      await settle();
      const feed = await open({ cursor });
      expect(keysOf(await next(feed))).toHaveLength(5 * BACKLOG);
      expect((await next(feed))?.is).toBe("ready");
    });
  });
});

describe("between two parts that are pulled", () => {
  test("a change that is logged after ready was told is not missed", async () => {
    await withHub(async ({ store, open, next, settle }) => {
      const feed = await open({ cursor: await store.latestCursor() });
      expect((await next(feed))?.is).toBe("ready");
      await mustCommit(store, put("a"));
      await settle();
      expect(keysOf(await next(feed))).toEqual(["a"]);
    });
  });

  test("a feed that is not ready yet and falls behind goes on where it stood", async () => {
    await withHub(async ({ store, open, next, settle }) => {
      const cursor = await store.latestCursor();
      await next(await open("now"));
      await putMany(store, 5);
      await settle();
      const feed = await open({ cursor });
      expect(keysOf(await next(feed))).toEqual(["k0", "k1", "k2", "k3", "k4"]);
      for (let number = 5; number < 5 + 2 * BACKLOG; number++) await mustCommit(store, put(`k${number}`));
      await settle();
      const keys: string[] = [];
      for (let part = await next(feed); part?.is === "changes"; part = await next(feed)) keys.push(...keysOf(part));
      expect(keys).toEqual(Array.from({ length: 2 * BACKLOG }, (_, index) => `k${5 + index}`));
    });
  });
});

describe("a feed that ends while it catches up", () => {
  test("says bye where it stands, and takes nothing for told that was not", async () => {
    await withHub(async ({ store, hub }) => {
      const cursor = await store.latestCursor();
      const large = "v".repeat(LIMITS.watchPartLength);
      for (const name of ["a", "b", "c"]) await mustCommit(store, put(name, large));
      const feed = await openFeed(hub, { interest: EVERYTHING, since: { cursor } }, new AbortController().signal);
      const parts = feed.parts();
      const { value: part } = await parts.next();
      expect(keysOf(part)).toEqual(["a"]);
      hub.stop();
      expect((await parts.next()).value).toEqual({ is: "bye", reason: "stopping" });
      expect(feed.cursor).toBe((await store.changes(toCursor(cursor), 1)).cursor);
    });
  });
});

describe("the hub", () => {
  test("sets no timer and follows no log while nobody is a member", async () => {
    await withHub(async ({ store, hub, timers, open, next, step }) => {
      const controller = new AbortController();
      const feed = await open("now", controller.signal);
      await next(feed);
      expect([hub.members, timers.pending > 0]).toEqual([1, true]);
      controller.abort();
      expect(hub.members).toBe(0);
      for (let turn = 0; turn < 5; turn++) await step();
      expect(timers.pending).toBe(0);
      await mustCommit(store, put("a"));
      await step();
      expect(timers.pending).toBe(0);
      expect(await next(feed)).toBe(null);
    });
  });

  test("forgets a member that aborts while its part is waited for, and one whose feed was never pulled", async () => {
    await withHub(async ({ hub, open, step }) => {
      const [one, two] = [new AbortController(), new AbortController()];
      const feed = await open("now", one.signal);
      await open("snapshot", two.signal);
      await feed.next();
      const waiting = feed.next();
      await step();
      one.abort();
      two.abort();
      expect(hub.members).toBe(0);
      expect(await waiting).toMatchObject({ done: true });
    });
  });

  test("makes a part once for all in the same place, also for those who ask before it is made", async () => {
    await withHub(async ({ store, hub, settle }) => {
      const signal = new AbortController().signal;
      const [one, two] = [await hub.join(EVERYTHING, signal), await hub.join(EVERYTHING, signal)];
      await mustCommit(store, put("a"));
      await settle();
      const [first, second] = await Promise.all([hub.take(one), hub.take(two)]);
      expect(first).toBe(second);
      expect(first.batch.events[0]?.entry?.text).toBe("v");
    });
  });

  test("that cannot read the log ends its feeds with the reason, and follows it anew for the next", async () => {
    await withHub(async ({ store, hub, open, next }) => {
      const feed = await open("now");
      await next(feed);
      const { changes } = store;
      store.changes = () => Promise.reject(new Error("disk"));
      await mustCommit(store, put("a"));
      await expect(next(feed)).rejects.toThrow("disk");
      expect(hub.members).toBe(0);
      store.changes = changes;
      const later = await open("now");
      await next(later);
      await mustCommit(store, put("b"));
      expect(keysOf(await next(later))).toEqual(["b"]);
    });
  });

  test("refuses one more than may be, and every one after the stop", async () => {
    await withHub(async ({ hub, open }) => {
      for (let count = 0; count < 3; count++) await open("now");
      await expect(open("now")).rejects.toMatchObject({ code: "busy" });
      hub.stop();
      await expect(open("now")).rejects.toMatchObject({ code: "unavailable" });
    });
  });
});
