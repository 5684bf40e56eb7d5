// Who is woken, what is shared, and the quiet when nobody is there.
import { describe, expect, test } from "bun:test";
import { keyOf, mustCommit, put } from "../../../test/support/requests.ts";
import { EVERYTHING, HEARTBEAT_MS, keysOf, withHub } from "../../../test/support/watch-harness.ts";
import { LIMITS } from "../../core/limits.ts";
import { parsePattern } from "../../core/pattern.ts";
import { EVERY_KEY } from "../../core/range.ts";
import type { Cursor } from "../../store/store.ts";
import { LASTING } from "./member.ts";

describe("the hub", () => {
  test("sets no timer and follows no log while nobody is a member", async () => {
    await withHub(async ({ store, hub, timers, open, next, step }) => {
      const controller = new AbortController();
      const feed = await open("now", { signal: controller.signal });
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
      const feed = await open("now", { signal: one.signal });
      await open("snapshot", { signal: two.signal });
      await feed.next();
      const waiting = feed.next();
      await step();
      one.abort();
      two.abort();
      expect(hub.members).toBe(0);
      expect(await waiting).toMatchObject({ done: true });
    });
  });

  test("follows the log for who comes after a member that has gone before it was there", async () => {
    await withHub(async ({ store, hub, open, next }) => {
      await hub.join({ interest: EVERYTHING, hearsBeats: true, lease: LASTING }, AbortSignal.abort());
      expect(hub.members).toBe(0);
      const feed = await open("now");
      await next(feed);
      await mustCommit(store, put("a"));
      expect(keysOf(await next(feed))).toEqual(["a"]);
    });
  });

  test("makes a part once for all in the same place, also for those who ask before it is made", async () => {
    await withHub(async ({ store, hub, settle }) => {
      const signal = new AbortController().signal;
      const asked = { interest: EVERYTHING, hearsBeats: true, lease: LASTING };
      const [one, two] = [await hub.join(asked, signal), await hub.join(asked, signal)];
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

  test("ends nobody for a failure that comes when all whom it concerned have left", async () => {
    await withHub(async ({ store, hub, open, next, step }) => {
      const controller = new AbortController();
      await next(await open("now", { signal: controller.signal }));
      const { changes } = store;
      const reading = Promise.withResolvers<never>();
      store.changes = () => reading.promise;
      await mustCommit(store, put("a"));
      for (let turn = 0; turn < 5; turn++) await step();
      controller.abort();
      store.changes = changes;
      const later = await open("now");
      await next(later);
      reading.reject(new Error("disk"));
      await step();
      expect(hub.members).toBe(1);
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

describe("a member", () => {
  test("hears a heartbeat when it has been sent nothing for a while, unless it is to hear none", async () => {
    await withHub(async ({ hub, step, timers }) => {
      const signal = new AbortController().signal;
      const joined = await Promise.all(
        [true, false].map((hearsBeats) => hub.join({ interest: EVERYTHING, hearsBeats, lease: LASTING }, signal)),
      );
      for (let turn = 0; turn < HEARTBEAT_MS; turn++) await step();
      expect(timers.pending).toBe(1);
      expect(joined.map((member) => hub.isDue(member))).toEqual([true, false]);
      for (const member of joined) hub.noteSent(member, 0);
      expect(joined.map((member) => hub.isDue(member))).toEqual([false, false]);
      for (let turn = 0; turn < HEARTBEAT_MS; turn++) await step();
      expect(joined.map((member) => hub.isDue(member))).toEqual([true, false]);
    });
  });

  test("of several keys is told of all of them, in whatever order they are found", async () => {
    await withHub(async ({ store, open, next, settle, step }) => {
      const feed = await open("now", { interest: { ...EVERYTHING, selection: { keys: ["a", "b"].map(keyOf) } } });
      await next(feed);
      const waiting = feed.next();
      await step();
      const large = "v".repeat(LIMITS.watchPartLength);
      await mustCommit(store, put("c"));
      for (const name of ["a", "b", "a", "c"]) await mustCommit(store, put(name, large));
      await settle();
      expect(keysOf((await waiting).value)).toEqual(["a"]);
      expect([keysOf(await next(feed)), keysOf(await next(feed))]).toEqual([["b"], ["a"]]);
    });
  });
});

describe("watchers by a pattern", () => {
  const COUNT = 500;

  function byPattern(pattern: string) {
    return { ...EVERYTHING, selection: { set: { ...EVERY_KEY, pattern: parsePattern(pattern) } } };
  }

  test("do not hold up others, however long their patterns take to match", async () => {
    await withHub(
      async ({ store, open, next, step }) => {
        const feeds = [
          await open("now", { interest: byPattern("*z") }),
          await open("now", { interest: byPattern("k4*") }),
        ];
        const plain = await open("now");
        for (const feed of [...feeds, plain]) await next(feed);
        const waiting = feeds.map((feed) => feed.next());
        const told = { isOfPattern: false };
        void waiting[1]?.then(() => {
          told.isOfPattern = true;
        });
        await step();
        const pairs = Array.from({ length: COUNT }, (_, index) => put(`k${index}`));
        await mustCommit(store, ...pairs);
        // The first changes, in as many turns as its own share allows.
        const keys: string[] = [];
        while (keys.length < 4) keys.push(...keysOf(await next(plain)));
        expect(told.isOfPattern).toBe(false);
        for (let turn = 0; turn < COUNT; turn++) await step();
        expect(keysOf((await waiting[1])?.value ?? null)).toContain("k499");
        await mustCommit(store, put("z"));
        for (let turn = 0; turn < COUNT; turn++) await step();
        expect(keysOf((await waiting[0])?.value ?? null)).toEqual(["z"]);
      },
      { stepMs: 1, backlogChanges: 2 * COUNT, historyChanges: 2 * COUNT },
    );
  });

  test("are told of their place only as far as it is known what concerns them", async () => {
    await withHub(
      async ({ store, open, next, step }) => {
        const feed = await open("now", { interest: byPattern("*z") });
        await next(feed);
        const waiting = next(feed);
        await step();
        for (let name = 0; name < COUNT; name++) await mustCommit(store, put(`k${name}`));
        await mustCommit(store, put("z"));
        const places: Cursor[] = [];
        let part = await waiting;
        for (; part !== null && part.is !== "changes"; part = await next(feed)) {
          if (part.is === "bookmark") places.push(part.cursor);
        }
        expect(keysOf(part)).toEqual(["z"]);
        expect(places).not.toEqual([]);
        for (const place of places) {
          expect((await store.changes(place, 2 * COUNT)).changes.at(-1)?.key).toBe(keyOf("z"));
        }
      },
      { stepMs: 1, backlogChanges: 2 * COUNT, historyChanges: 2 * COUNT, heartbeatMs: 8 },
    );
  });

  test("are told nothing twice that they have found for themselves before it was found for all", async () => {
    await withHub(
      async ({ store, open, next, settle, step }) => {
        const other = await open("now", { interest: byPattern("*y") });
        const [ahead, late] = [
          await open("now", { interest: byPattern("*z") }),
          await open("now", { interest: byPattern("*z") }),
        ];
        for (const feed of [other, ahead, late]) await next(feed);
        await mustCommit(store, put("z"));
        await settle();
        expect(keysOf(await next(ahead))).toEqual(["z"]);
        // The two that wait are looked for one after the other; the third looks for itself meanwhile.
        const waiting = [other.next(), ahead.next()];
        await step();
        await mustCommit(store, ...Array.from({ length: COUNT / 5 }, (_, index) => put(`k${index}`)), put("yz"));
        await settle();
        expect(keysOf(await next(late))).toEqual(["z", "yz"]);
        const again = next(late);
        expect(keysOf((await waiting[1])?.value ?? null)).toEqual(["yz"]);
        await mustCommit(store, put("xz"));
        expect(keysOf(await again)).toEqual(["xz"]);
      },
      { stepMs: 1, backlogChanges: COUNT, historyChanges: COUNT },
    );
  });

  test("are not woken by changes of other keys", async () => {
    await withHub(async ({ store, hub, open, next, settle, step }) => {
      let taken = 0;
      const { take } = hub;
      hub.take = (member) => {
        taken++;
        return take.call(hub, member);
      };
      const feed = await open("now", { interest: byPattern("*z") });
      await next(feed);
      const waiting = feed.next();
      await step();
      for (let round = 0; round < 3; round++) {
        for (let number = 0; number < 5; number++) await mustCommit(store, put(`k${number}`));
        await settle();
        await step();
      }
      expect(taken).toBe(0);
      await mustCommit(store, put("z"));
      await settle();
      await step();
      expect(keysOf((await waiting).value)).toEqual(["z"]);
    });
  });
});
