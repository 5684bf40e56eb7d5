// The memory engine keeps the contract.
import { expect, test } from "bun:test";
import { EVERY_KEY } from "../../src/core/range.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { keyOf, mustCommit, put, remove } from "../support/requests.ts";
import { withStore } from "../support/store-harness.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory", makeMemoryHarness);

test("memory numbers its commits from 1 on, and its changes apart from them", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const revisions: number[] = [(await mustCommit(store, put("a"), put("b"))).revision];
    revisions.push((await mustCommit(store, remove("a"))).revision, (await mustCommit(store, put("a"))).revision);
    expect<string | undefined>((await store.get(keyOf("a")))?.tag).toBe(`3.${store.incarnation}`);
    revisions.push((await store.deleteAll(EVERY_KEY)).revision, store.stats().revision);
    expect(revisions).toEqual([1, 2, 3, 4, 4]);
    expect<string>(await store.latestCursor()).toBe(`6.${store.incarnation}`);
  });
});
