// What no request can bring about in a test's time: a feed that is not pulled, a log that is trimmed under it, and values
// that cannot be read.
import { describe, expect, test } from "bun:test";
import { endsAt, keyOf, mustCommit, put, touch } from "../../../test/support/requests.ts";
import { BACKLOG, EVERYTHING, HISTORY, keysOf, withHub } from "../../../test/support/watch-harness.ts";
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { toCursor } from "../../store/cursor.ts";
import type { Store } from "../../store/store.ts";
import { type FeedPart, openFeed } from "./feed.ts";
import { LASTING } from "./member.ts";

async function putMany(store: Store, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await mustCommit(store, put(`k${number}`));
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
      expect(hub.told).toEqual({ events: part?.is === "bye" ? 1 : 1 + count, tooSlow: part?.is === "bye" ? 1 : 0 });
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
      const feed = await openFeed(
        hub,
        { interest: EVERYTHING, since: { cursor }, lease: LASTING },
        new AbortController().signal,
      );
      const parts = feed.parts();
      const { value: part } = await parts.next();
      expect(keysOf(part)).toEqual(["a"]);
      hub.stop();
      expect((await parts.next()).value).toEqual({ is: "bye", reason: "stopping" });
      expect(feed.cursor).toBe((await store.changes(toCursor(cursor), 1)).cursor);
    });
  });
});

describe("a value that takes time to read", () => {
  test("may be overtaken by more changes than the backlog: what was read is told, then bye", async () => {
    await withHub(async ({ store, open, next, settle }) => {
      const feed = await open("now");
      await next(feed);
      await putMany(store, 3);
      await settle();
      const { get } = store;
      store.get = async (key) => {
        store.get = get;
        await putMany(store, 3 * BACKLOG);
        await settle();
        return get.call(store, key);
      };
      expect(keysOf(await next(feed))).toEqual(["k0"]);
      expect(await next(feed)).toEqual({ is: "bye", reason: "too-slow" });
    });
  });
});

describe("a damaged entry", () => {
  const NAMED = { ...EVERYTHING, selection: { keys: ["bad", "good"].map(keyOf) } };

  test.each([
    ["now", EVERYTHING],
    ["snapshot", EVERYTHING],
    ["snapshot", NAMED],
    ["cursor", EVERYTHING],
  ] as const)("is told of without its value, and the feed goes on: %s, %j", async (since, interest) => {
    await withHub(async ({ store, hub, open, next, damages }) => {
      const cursor = await store.latestCursor();
      const live = since === "now" ? await open("now", { interest }) : null;
      if (live !== null) await next(live);
      await mustCommit(store, put("bad"), put("good"));
      const { get, scan } = store;
      const damage = new KeyholdError("damaged-entry", "The value is not what was written");
      store.get = (key) => (key === "bad" ? Promise.reject(damage) : get.call(store, key));
      store.scan = () => Promise.reject(damage);
      const feed = live ?? (await open(since === "cursor" ? { cursor } : "snapshot", { interest }));
      expect(shownBy(await next(feed))).toEqual([
        ["bad", null],
        ["good", "vvvv"],
      ]);
      expect(damages).not.toEqual([]);
      store.scan = scan;
      await mustCommit(store, put("good"));
      const later = await next(feed);
      expect(shownBy(later?.is === "ready" ? await next(feed) : later)).toEqual([["good", "vvvv"]]);
      expect(hub.members).toBe(1);
    });
  });
});

describe("a feed without values", () => {
  test("reads none, of a snapshot of named keys and of a touch", async () => {
    await withHub(async ({ store, open, next }) => {
      await mustCommit(store, put("a"), put("b"));
      store.get = () => Promise.reject(new Error("A value is read"));
      const selection = { keys: ["a", "b", "c"].map(keyOf) };
      const feed = await open("snapshot", { interest: { selection, hasTouches: true, hasValues: false } });
      expect(shownBy(await next(feed))).toEqual([
        ["a", null],
        ["b", null],
      ]);
      expect((await next(feed))?.is).toBe("ready");
      const at = store.now() + 100_000;
      await mustCommit(store, touch("a", endsAt(at)));
      const part = await next(feed);
      expect(part?.is === "changes" && part.batch.events[0]?.entry).toMatchObject({ expiresAt: at, text: null });
    });
  });
});

/** Keys and values of what a part shows. */
function shownBy(part: FeedPart | null): readonly (readonly [string, string | null])[] {
  if (part?.is === "entries") return part.entries.map(({ key, text }) => [key, text]);
  if (part?.is !== "changes") return [];
  return part.batch.events.map(({ change, entry }) => [change.key, entry?.text ?? null]);
}
