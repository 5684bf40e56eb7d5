// deleteAll(): what it deletes, what it counts, and how many commits it is.
import { describe, expect, test } from "bun:test";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import { listedKeys } from "../support/listed-pages.ts";
import { changesAfter } from "../support/logged-changes.ts";
import { ENDED, keyOf, keySet, mustCommit, prepare, put, rangeOf } from "../support/requests.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";

export function deletionsSuite(make: MakeStore): void {
  describe("deleteAll", () => {
    const withNames = (names: readonly string[], body: (store: Store) => Promise<void>) =>
      withStore(make, async ({ store }) => {
        await prepare(store, ...names.map((name) => put(name)));
        await body(store);
      });

    test("deletes the entries of the set, and says how many exactly", async () => {
      await withNames(["a1", "a2", "b1", "b2", "c1"], async (store) => {
        expect((await store.deleteAll(keySet({ prefix: "a" }))).deleted).toBe(2);
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["b1", "b2", "c1"]);
        expect((await store.deleteAll(keySet({ filter: "$1" }))).deleted).toBe(2);
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["b2"]);
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(1);
        expect(store.stats().entries).toBe(0);
      });
    });

    test("keeps to bounds", async () => {
      await withNames(["a", "b", "c", "d"], async (store) => {
        expect((await store.deleteAll(keySet({ start: "b", end: "d" }))).deleted).toBe(2);
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["a", "d"]);
      });
    });

    test("takes one revision for all where it is one commit, and no more than it answers where it is many", async () => {
      await withNames(["a", "b", "c"], async (store) => {
        const before = await store.getMany(["a", "b", "c"].map(keyOf));
        const { revision } = await store.deleteAll(EVERY_KEY);
        const { changes } = await changesAfter(store, null);
        const deletes = changes.filter(({ kind }) => kind === "delete");
        const keys = deletes.map(({ key }): string => key);
        expect(store.capabilities.order === "store" ? keys : keys.toSorted()).toEqual(["a", "b", "c"]);
        const revisions = deletes.map((change): number => change.revision);
        if (store.capabilities.deletions === "one-commit") expect(new Set(revisions)).toEqual(new Set([revision]));
        expect(Math.max(...revisions)).toBe(revision);
        for (const { key, revision: deletedAt } of deletes) {
          expect(deletedAt).toBeGreaterThan(before.find((entry) => entry?.key === key)?.revision ?? deletedAt);
        }
      });
    });

    test("of nothing takes no revision, and is not logged", async () => {
      await withStore(make, async ({ store }) => {
        const { revision } = await mustCommit(store, put("a"));
        const cursor = await store.latestCursor();
        expect(await store.deleteAll(keySet({ prefix: "x" }))).toMatchObject({ deleted: 0, revision });
        expect(await store.latestCursor()).toBe(cursor);
      });
    });

    test("does not count entries that have ended", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a"), put("b", "", { expiry: ENDED }), put("c"));
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(2);
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(0);
      });
    });

    test("deletes more entries than are looked at in one go", async () => {
      await withStore(make, async ({ store }) => {
        const total = 10_005;
        for (let from = 0; from < total; from += 1000) {
          const count = Math.min(1000, total - from);
          await prepare(store, ...Array.from({ length: count }, (_, index) => put(`k${from + index}`, "")));
        }
        expect((await store.deleteAll(keySet({ filter: "k*5" }))).deleted).toBe(1000);
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(total - 1000);
        expect(await store.count(EVERY_KEY)).toBe(0);
      });
    });
  });
}
