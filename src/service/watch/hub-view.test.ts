// Watching and waiting by a token: no further than its prefixes, and no longer than it counts.
import { describe, expect, test } from "bun:test";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { keyOf, keySet, mustCommit, put } from "../../../test/support/requests.ts";
import { keysOf, withHub } from "../../../test/support/watch-harness.ts";
import { EVERY_KEY } from "../../core/range.ts";
import type { Selection } from "../entries.ts";
import type { FeedPart, Since } from "./feed.ts";
import { HubView } from "./hub-view.ts";
import { LASTING } from "./member.ts";

const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

function feedOf(view: HubView, selection: Selection, since: Since = "now") {
  return view.openFeed({ interest: { selection, hasTouches: false, hasValues: true }, since }, NEVER);
}

/** A lease that the test ends, and whether anybody holds it. */
function makeLease() {
  const runs = new Set<() => void>();
  return {
    lease: (run: () => void) => {
      runs.add(run);
      return () => runs.delete(run);
    },
    end: () => {
      for (const run of runs) run();
    },
    holders: () => runs.size,
  };
}

describe("a view with prefixes", () => {
  test("shows nothing but what lies within, live, from a snapshot and from an old cursor", async () => {
    await withHub(async ({ store, hub, next, settle }) => {
      const view = new HubView(hub, { prefixes: ["a/"], lease: LASTING });
      const cursor = await store.latestCursor();
      await mustCommit(store, put("a/1"), put("b/1"));
      for (const since of ["now", "snapshot", { cursor }] as const) {
        const feed = (await feedOf(view, { set: EVERY_KEY }, since)).parts();
        const parts: (FeedPart | null)[] = [await next(feed)];
        while (parts.at(-1)?.is !== "ready") parts.push(await next(feed));
        await settle();
        await mustCommit(store, put("b/2"), put("a/2"));
        parts.push(await next(feed));
        const shown = parts.flatMap((part) =>
          part?.is === "entries" ? part.entries.map(({ key }) => String(key)) : keysOf(part),
        );
        expect([shown.includes("a/1"), shown.at(-1)]).toEqual([since !== "now", "a/2"]);
        expect(shown.filter((key) => !key.startsWith("a/"))).toEqual([]);
        await feed.return(undefined);
      }
    });
  });

  test("refuses keys outside, and sets that lie within several", async () => {
    await withHub(async ({ hub }) => {
      const view = new HubView(hub, { prefixes: ["a/", "b/"], lease: LASTING });
      const wait = { waitMs: 0, knowsState: false, isNews: () => true };
      expect(await rejectionCode(() => feedOf(view, { keys: [keyOf("a/1"), keyOf("c")] }))).toBe("forbidden");
      expect(await rejectionCode(() => feedOf(view, { set: EVERY_KEY }))).toBe("forbidden");
      expect(await rejectionCode(() => view.waitForEntry({ key: keyOf("c"), ...wait }, NEVER))).toBe("forbidden");
      const change = { selection: { set: EVERY_KEY }, since: "now", waitMs: 0 } as const;
      expect(await rejectionCode(() => view.waitForChange(change, NEVER))).toBe("forbidden");
      expect(hub.members).toBe(0);
    });
  });

  test("watches nothing where nothing of what is asked for lies within", async () => {
    await withHub(async ({ store, hub, next }) => {
      const view = new HubView(hub, { prefixes: ["a/"], lease: LASTING });
      await mustCommit(store, put("c"));
      const feed = (await feedOf(view, { set: keySet({ prefix: "c" }) }, "snapshot")).parts();
      expect((await next(feed))?.is).toBe("ready");
      await feed.return(undefined);
    });
  });
});

describe("a lease that ends", () => {
  test("ends a feed with bye, and nothing is held any more", async () => {
    await withHub(async ({ hub, next }) => {
      const { lease, end, holders } = makeLease();
      const feed = (await feedOf(new HubView(hub, { prefixes: [], lease }), { set: EVERY_KEY })).parts();
      expect((await next(feed))?.is).toBe("ready");
      expect(holders()).toBe(1);
      end();
      expect(await next(feed)).toEqual({ is: "bye", reason: "token-ended" });
      expect(await next(feed)).toBeNull();
      expect([holders(), hub.members]).toEqual([0, 0]);
    });
  });

  test("ends waits as unauthenticated, and shows them no more", async () => {
    await withHub(async ({ store, hub, settle }) => {
      const { lease, end, holders } = makeLease();
      const view = new HubView(hub, { prefixes: [], lease });
      const wait = { key: keyOf("a"), waitMs: LONG_MS, knowsState: false, isNews: () => true };
      const change = { selection: { set: EVERY_KEY }, since: "now", waitMs: LONG_MS } as const;
      const waits = [view.waitForEntry(wait, NEVER), view.waitForChange(change, NEVER)];
      const codes = waits.map((waiting) => rejectionCode(() => waiting));
      while (holders() < waits.length) await new Promise(setImmediate);
      await settle();
      end();
      await mustCommit(store, put("a"));
      await settle().catch(() => {});
      expect(await Promise.all(codes)).toEqual(["unauthenticated", "unauthenticated"]);
      expect([holders(), hub.members]).toEqual([0, 0]);
    });
  });

  test("is given back by who goes before", async () => {
    await withHub(async ({ hub }) => {
      const { lease, holders } = makeLease();
      const controller = new AbortController();
      const view = new HubView(hub, { prefixes: [], lease });
      const interest = { selection: { set: EVERY_KEY }, hasTouches: false, hasValues: true };
      await view.openFeed({ interest, since: "now" }, controller.signal);
      expect(holders()).toBe(1);
      controller.abort();
      expect(holders()).toBe(0);
    });
  });
});
