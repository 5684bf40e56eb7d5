import { expect, test } from "bun:test";
import { mustCommit, put } from "../../../test/support/requests.ts";
import { withHub } from "../../../test/support/watch-harness.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { waitForChange } from "./change-wait.ts";
import { LASTING } from "./member.ts";

test("what was written before the request is found at once, also where the log is followed for others and not yet read", async () => {
  await withHub(async ({ store, hub, open, next, settle }) => {
    await next(await open("now"));
    await mustCommit(store, put("other"));
    await settle();
    const cursor = await store.latestCursor();
    await mustCommit(store, put("a"));
    const waitFor = (prefix: string) => {
      const selection = { set: { ...EVERY_KEY, prefix } };
      return waitForChange(
        hub,
        { selection, since: { cursor }, waitMs: 0, lease: LASTING },
        new AbortController().signal,
      );
    };
    expect(hub.tail.cursor).toBe(cursor);
    const waiting = Promise.all([waitFor("a"), waitFor("b")]);
    // As far as it gets while the hub does not read on.
    await new Promise(setImmediate);
    await settle();
    expect(await waiting).toEqual([null, await store.latestCursor()]);
  });
});
