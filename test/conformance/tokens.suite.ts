// Access tokens as a store keeps them: durable, in order, and apart from the entries.
import { describe, expect, test } from "bun:test";
import { EVERY_KEY } from "../../src/core/range.ts";
import { mustCommit, put, rangeOf } from "../support/requests.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";
import { tokenOf } from "../support/token-records.ts";

export function tokensSuite(make: MakeStore): void {
  describe("tokens", () => {
    test("are none in a new store", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.tokens()).toEqual([]);
      });
    });

    test("come back as they were put, in the order of their making", async () => {
      await withStore(make, async ({ store }) => {
        const records = [
          tokenOf("b", { prefixes: ["ci/", "\u{1f600}"], scopes: ["read", "watch"], expiresAt: store.now() }),
          tokenOf("a", { scopes: ["admin"], revokedAt: store.now() }),
        ];
        for (const record of records) await store.putToken(record, null);
        expect(await store.tokens()).toEqual(records);
      });
    });

    test("take the place of one with the same id", async () => {
      await withStore(make, async ({ store }) => {
        const [first, second] = [tokenOf("a"), tokenOf("b")];
        await store.putToken(first, null);
        await store.putToken(second, null);
        const revoked = { ...first, revokedAt: store.now() };
        await store.putToken(revoked, null);
        expect(await store.tokens()).toEqual([revoked, second]);
      });
    });

    test("make room for another in one step", async () => {
      await withStore(make, async ({ store }) => {
        await store.putToken(tokenOf("a"), null);
        await store.putToken(tokenOf("b"), "tk_a");
        await store.putToken(tokenOf("c"), "tk_nobody");
        expect((await store.tokens()).map(({ id }) => id)).toEqual(["tk_b", "tk_c"]);
      });
    });

    test("are no entries: nothing lists, counts, logs or deletes them, and no revision is theirs", async () => {
      await withStore(make, async ({ store }) => {
        const { revision } = await mustCommit(store, put("a"));
        const { cursor } = await store.changes(null, 100);
        await store.putToken(tokenOf("a"), null);
        expect((await store.list(rangeOf())).items.map(({ key }) => String(key))).toEqual(["a"]);
        expect(await store.count(EVERY_KEY)).toBe(1);
        expect((await store.changes(cursor, 100)).changes).toEqual([]);
        expect(await store.deleteAll(EVERY_KEY)).toMatchObject({ deleted: 1 });
        expect(store.stats().revision).toBeGreaterThan(revision);
        expect(await store.tokens()).toHaveLength(1);
      });
    });

    test("that are put beside commits are all kept", async () => {
      await withStore(make, async ({ store }) => {
        const ids = Array.from({ length: 20 }, (_, number) => `t${number}`);
        await Promise.all(ids.flatMap((id) => [store.putToken(tokenOf(id), null), mustCommit(store, put(id))]));
        expect((await store.tokens()).map(({ id }) => id)).toEqual(ids.map((id) => `tk_${id}`));
        expect(await store.count(EVERY_KEY)).toBe(ids.length);
      });
    });
  });
}
