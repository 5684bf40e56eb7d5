// commit(): each operation, each condition, all or nothing. And deleteAll().
import { describe, expect, test } from "bun:test";
import type { Mutation } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type Tag, toRevision, toTag } from "../../src/core/entry.ts";
import { NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import { listedKeys } from "../support/listed-pages.ts";
import {
  type Asked,
  check,
  commit,
  ENDED,
  endsIn,
  keyOf,
  keySet,
  mustCommit,
  put,
  rangeOf,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { type MakeStore, until, withStore } from "../support/store-harness.ts";

export function commitsSuite(make: MakeStore): void {
  const valueAt = async (store: Store, name: string) => {
    const entry = await store.get(keyOf(name));
    return entry === null ? null : textOf(entry.value);
  };
  const tagOf = async (store: Store, name: string): Promise<Tag> =>
    (await store.get(keyOf(name)))?.tag ?? toTag("missing");

  describe("commit of a put", () => {
    test("creates an entry, and says that there was none", async () => {
      await withStore(make, async ({ store }) => {
        const { outcomes, revision } = await mustCommit(store, put("a", "one"));
        expect(outcomes).toHaveLength(1);
        expect(outcomes[0]).toMatchObject({ before: null, after: { key: "a", size: 3, revision } });
        expect(await valueAt(store, "a")).toBe("one");
      });
    });

    test("replaces an entry whole, keeps when it was created, and says what was", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        const first = await mustCommit(store, put("a", "one", { contentType: "x/one", form: "bytes" }));
        const created = first.outcomes[0]?.after?.createdAt ?? store.now();
        await until(harness, () => store.now() > created);
        const { outcomes } = await mustCommit(store, put("a", "three", { contentType: "x/two", form: "json" }));
        expect(outcomes[0]?.before).toMatchObject({ size: 3, contentType: "x/one", form: "bytes", revision: 1 });
        const entry = await store.get(keyOf("a"));
        expect(entry).toMatchObject({ size: 5, contentType: "x/two", form: "json", revision: 2, createdAt: created });
        expect(entry?.modifiedAt).toBeGreaterThan(created);
      });
    });

    test("answers the entry as get then tells it", async () => {
      await withStore(make, async ({ store }) => {
        const { outcomes } = await mustCommit(store, put("a", "one", { expiry: endsIn(86_400_000) }));
        expect(await store.get(keyOf("a"))).toMatchObject({ ...outcomes[0]?.after });
      });
    });

    test("gives every state of an entry a tag of its own", async () => {
      await withStore(make, async ({ store }) => {
        const tags = new Set<Tag>();
        for (let round = 0; round < 3; round++) {
          await mustCommit(store, put("a", "same"));
          tags.add(await tagOf(store, "a"));
          await mustCommit(store, remove("a"));
        }
        expect(tags.size).toBe(3);
      });
    });

    test("gives greater revisions, also over a delete", async () => {
      await withStore(make, async ({ store }) => {
        const revisions: number[] = [];
        for (let round = 0; round < 3; round++) {
          revisions.push((await mustCommit(store, put("a"))).revision);
          revisions.push((await mustCommit(store, remove("a"))).revision);
        }
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        expect(new Set(revisions).size).toBe(revisions.length);
      });
    });
  });

  describe("commit of a delete", () => {
    test("removes the entry, and says what was", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "one"), put("b"));
        const { outcomes, revision } = await mustCommit(store, remove("a"));
        expect(outcomes[0]).toMatchObject({ before: { key: "a", size: 3 }, after: null });
        expect(revision).toBe(toRevision(2));
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["b"]);
      });
    });

    test("of a free key changes nothing and takes no revision", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const { outcomes, revision } = await mustCommit(store, remove("b"));
        expect(outcomes).toEqual([{ before: null, after: null }]);
        expect(revision).toBe(toRevision(1));
        expect((await store.changes(null, 10)).changes).toHaveLength(1);
      });
    });
  });

  describe("commit of a check", () => {
    test("changes nothing, takes no revision, and tells what stands", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "one"));
        const { outcomes, revision } = await mustCommit(store, check("a"), check("b"));
        expect(outcomes[0]).toMatchObject({ before: { key: "a" }, after: { key: "a" } });
        expect(outcomes[1]).toEqual({ before: null, after: null });
        expect(revision).toBe(toRevision(1));
        expect((await store.changes(null, 10)).changes).toHaveLength(1);
      });
    });

    test("may name a key that the batch writes, and sees it as it was before", async () => {
      await withStore(make, async ({ store }) => {
        const result = await mustCommit(store, put("a", "one"), check("a", [{ is: "absent" }]));
        expect(result.outcomes[1]?.before).toBeNull();
      });
    });
  });

  describe("commit of a batch", () => {
    test("applies all of it under one revision, its outcomes in its order", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("b"), put("c"));
        const batch = [put("a"), remove("b"), touch("c", endsIn(86_400_000)), check("d"), put("e")];
        const { revision, outcomes } = await mustCommit(store, ...batch);
        expect<(string | null)[]>(outcomes.map(({ after }) => after?.key ?? null)).toEqual(["a", null, "c", null, "e"]);
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["a", "c", "e"]);
        expect((await store.get(keyOf("a")))?.revision).toBe(revision);
        expect((await store.get(keyOf("e")))?.revision).toBe(revision);
      });
    });

    test("whose condition fails changes nothing and takes no revision", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "one"), put("b", "two"));
        const log = await store.changes(null, 100);
        const batch = [put("a", "changed"), remove("b"), put("c"), check("x", [{ is: "present" }])];
        expect(await commit(store, ...batch)).toEqual({
          committed: false,
          conflicts: [{ index: 3, current: null }],
          otherwise: [],
        });
        expect(await valueAt(store, "a")).toBe("one");
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["a", "b"]);
        expect(await store.changes(null, 100)).toEqual(log);
        expect(store.stats()).toMatchObject({ entries: 2, revision: 1 });
        expect((await mustCommit(store, put("d"))).revision).toBe(toRevision(2));
      });
    });

    test("answers a conflict for each mutation that did not hold, with what stood in its way", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "one"));
        const absent: Asked = { when: [{ is: "absent" }] };
        const result = await commit(
          store,
          put("a", "x", absent),
          put("b", "y", absent),
          check("c", [{ is: "present" }]),
        );
        expect(result).toMatchObject({
          committed: false,
          conflicts: [
            { index: 0, current: { key: "a", size: 3, revision: 1 } },
            { index: 2, current: null },
          ],
        });
      });
    });

    test("is judged against what stood before the batch, not within it", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const swap = [remove("a", { when: [{ is: "present" }] }), put("b", "b", { when: [{ is: "absent" }] })];
        expect((await commit(store, ...swap)).committed).toBe(true);
        expect((await commit(store, ...swap)).committed).toBe(false);
      });
    });

    test("of a thousand mutations is applied whole", async () => {
      await withStore(make, async ({ store }) => {
        const batch = Array.from({ length: 1000 }, (_, index) => put(`k${index}`));
        expect((await mustCommit(store, ...batch)).outcomes).toHaveLength(1000);
        expect(await store.count(EVERY_KEY)).toBe(1000);
      });
    });

    test("sees the commits before it, however many are under way at once", async () => {
      await withStore(make, async ({ store }) => {
        const claims = Array.from({ length: 50 }, (_, index) =>
          commit(store, put("lock", `${index}`, { when: [{ is: "absent" }] })),
        );
        const won = (await Promise.all(claims)).filter(({ committed }) => committed);
        expect(won).toHaveLength(1);
        expect(await valueAt(store, "lock")).toBe("0");
      });
    });
  });

  describe("commit that wants what was before", () => {
    const wanting: Record<string, (asked: Asked) => Mutation> = {
      put: (asked) => put("a", "new", asked),
      delete: (asked) => remove("a", asked),
      touch: (asked) => touch("a", NEVER, asked),
      check: (asked) => check("a", asked.when, asked.want),
    };
    for (const [op, mutation] of Object.entries(wanting)) {
      test(`gets the value from a ${op}`, async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a", "old", { contentType: "x/old" }));
          const { outcomes } = await mustCommit(store, mutation({ want: "before" }));
          const before = outcomes[0]?.before ?? null;
          expect(before).toMatchObject({ contentType: "x/old", revision: 1, size: 3 });
          expect(
            before !== null && "value" in before && before.value instanceof Uint8Array ? textOf(before.value) : null,
          ).toBe("old");
        });
      });

      test(`gets null from a ${op} of a free key`, async () => {
        await withStore(make, async ({ store }) => {
          const { outcomes } = await mustCommit(store, mutation({ want: "before" }));
          expect(outcomes[0]?.before).toBeNull();
        });
      });
    }
  });

  describe("commit under a condition", () => {
    /** Whether a condition holds on a live entry, on an ended one that stands still, and on a free key. */
    const rows: readonly [string, (tag: Tag, modifiedAt: number) => Condition, boolean, boolean][] = [
      ["absent", () => ({ is: "absent" }), false, true],
      ["present", () => ({ is: "present" }), true, false],
      ["at its tag", (tag) => ({ is: "at", tags: [tag] }), true, false],
      ["at one of two tags", (tag) => ({ is: "at", tags: [toTag("other"), tag] }), true, false],
      ["at another tag", () => ({ is: "at", tags: [toTag("other")] }), false, false],
      ["at no tag", () => ({ is: "at", tags: [] }), false, false],
      ["not at its tag", (tag) => ({ is: "notAt", tags: [tag] }), false, true],
      ["not at another tag", () => ({ is: "notAt", tags: [toTag("other")] }), true, true],
      ["unmodified since then", (_, at) => ({ is: "unmodifiedSince", at: toEpochMs(at) }), true, true],
      ["unmodified since that second", (_, at) => ({ is: "unmodifiedSince", at: toEpochMs(at - 999) }), true, true],
      [
        "unmodified since a second before",
        (_, at) => ({ is: "unmodifiedSince", at: toEpochMs(at - 1000) }),
        false,
        true,
      ],
    ];
    for (const [name, condition, holdsWhenLive, holdsWhenFree] of rows) {
      test(`"${name}" ${holdsWhenLive ? "holds" : "fails"} on a live entry, for every operation`, async () => {
        await withStore(make, async ({ store }) => {
          for (const [index, mutation] of [put, remove, touch, check].entries()) {
            const key = `a${index}`;
            await mustCommit(store, put(key));
            const entry = await store.get(keyOf(key));
            const when = [condition(entry?.tag ?? toTag("missing"), entry?.modifiedAt ?? 0)];
            const asked =
              mutation === put ? put(key, "x", { when }) : mutation === remove ? remove(key, { when }) : null;
            const other = mutation === touch ? touch(key, NEVER, { when }) : check(key, when);
            expect((await commit(store, asked ?? other)).committed).toBe(holdsWhenLive);
          }
        });
      });

      test(`"${name}" ${holdsWhenFree ? "holds" : "fails"} on a free key and on an ended entry`, async () => {
        await withStore(make, async ({ store }) => {
          const { outcomes } = await mustCommit(store, put("ended", "", { expiry: ENDED }));
          const after = outcomes[0]?.after;
          const when = [condition(after?.tag ?? toTag("missing"), after?.modifiedAt ?? 0)];
          expect((await commit(store, check("free", when))).committed).toBe(holdsWhenFree);
          expect((await commit(store, check("ended", when))).committed).toBe(holdsWhenFree);
        });
      });
    }

    test("holds only if every condition of the mutation holds", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const present: Condition = { is: "present" };
        const current: Condition = { is: "at", tags: [await tagOf(store, "a")] };
        const stale: Condition = { is: "at", tags: [toTag("stale")] };
        expect((await commit(store, check("a", [present, current]))).committed).toBe(true);
        expect((await commit(store, check("a", [present, stale]))).committed).toBe(false);
        expect((await commit(store, check("a", [stale, present]))).committed).toBe(false);
      });
    });

    test("no longer holds at a tag once the entry has been put again, and not after a delete", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const when: readonly Condition[] = [{ is: "at", tags: [await tagOf(store, "a")] }];
        expect((await commit(store, check("a", when))).committed).toBe(true);
        await mustCommit(store, put("a"));
        expect((await commit(store, check("a", when))).committed).toBe(false);
        await mustCommit(store, remove("a"));
        await mustCommit(store, put("a"));
        expect((await commit(store, check("a", when))).committed).toBe(false);
      });
    });
  });

  describe("deleteAll", () => {
    const withNames = (names: readonly string[], body: (store: Store) => Promise<void>) =>
      withStore(make, async ({ store }) => {
        await mustCommit(store, ...names.map((name) => put(name)));
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

    test("takes one revision for all", async () => {
      await withNames(["a", "b", "c"], async (store) => {
        const { revision } = await store.deleteAll(EVERY_KEY);
        const { changes } = await store.changes(null, 100);
        const deletes = changes.filter(({ kind }) => kind === "delete");
        expect(deletes.map(({ key }): string => key)).toEqual(["a", "b", "c"]);
        if (store.capabilities.order === "store")
          expect(deletes.every((change) => change.revision === revision)).toBe(true);
        expect(revision).toBe(toRevision(2));
      });
    });

    test("of nothing takes no revision", async () => {
      await withNames(["a"], async (store) => {
        expect(await store.deleteAll(keySet({ prefix: "x" }))).toMatchObject({ deleted: 0, revision: 1 });
      });
    });

    test("does not count entries that have ended", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"), put("b", "", { expiry: ENDED }), put("c"));
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(2);
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(0);
      });
    });

    test("deletes more entries than are looked at in one go", async () => {
      await withStore(make, async ({ store }) => {
        const total = 10_005;
        for (let from = 0; from < total; from += 1000) {
          const count = Math.min(1000, total - from);
          await mustCommit(store, ...Array.from({ length: count }, (_, index) => put(`k${from + index}`, "")));
        }
        expect((await store.deleteAll(keySet({ filter: "k*5" }))).deleted).toBe(1000);
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(total - 1000);
        expect(await store.count(EVERY_KEY)).toBe(0);
      });
    });
  });
}
