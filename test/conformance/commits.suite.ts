// commit(): each operation, each condition, all or nothing. Batches are of keys that lie together on every engine; of others
// partitions.suite.ts tells.
import { describe, expect, test } from "bun:test";
import type { Mutation } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type Tag, toTag } from "../../src/core/entry.ts";
import { NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import { listedKeys } from "../support/listed-pages.ts";
import { loggedKinds } from "../support/logged-changes.ts";
import {
  type Asked,
  check,
  commit,
  ENDED,
  endsIn,
  keyOf,
  mustCommit,
  near,
  prepare,
  put,
  rangeOf,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { type MakeStore, untilCome, withStore } from "../support/store-harness.ts";

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
        await untilCome(harness, created + 1);
        const { outcomes, revision } = await mustCommit(
          store,
          put("a", "three", { contentType: "x/two", form: "json" }),
        );
        expect(outcomes[0]?.before).toMatchObject({
          size: 3,
          contentType: "x/one",
          form: "bytes",
          revision: first.revision,
        });
        const entry = await store.get(keyOf("a"));
        expect(entry).toMatchObject({ size: 5, contentType: "x/two", form: "json", revision, createdAt: created });
        expect(revision).toBeGreaterThan(first.revision);
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
        const first = await prepare(store, put("a", "one"), put("b"));
        const { outcomes, revision } = await mustCommit(store, remove("a"));
        expect(outcomes[0]).toMatchObject({ before: { key: "a", size: 3 }, after: null });
        expect(revision).toBeGreaterThan(first.outcomes[0]?.after?.revision ?? revision);
        expect(await listedKeys(store, "list", rangeOf())).toEqual(["b"]);
      });
    });

    test("of a free key changes nothing and takes no revision", async () => {
      await withStore(make, async ({ store }) => {
        const first = await mustCommit(store, put(near("a")));
        const { outcomes, revision } = await mustCommit(store, remove(near("b")));
        expect(outcomes).toEqual([{ before: null, after: null }]);
        expect(revision).toBe(first.revision);
        expect(await loggedKinds(store)).toHaveLength(1);
      });
    });
  });

  describe("commit of a check", () => {
    test("changes nothing, takes no revision, and tells what stands", async () => {
      await withStore(make, async ({ store }) => {
        const first = await mustCommit(store, put(near("a"), "one"));
        const { outcomes, revision } = await mustCommit(store, check(near("a")), check(near("b")));
        expect(outcomes[0]).toMatchObject({ before: { key: near("a") }, after: { key: near("a") } });
        expect(outcomes[1]).toEqual({ before: null, after: null });
        expect(revision).toBe(first.revision);
        expect(await loggedKinds(store)).toHaveLength(1);
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
        const [a, b, c, d, e] = [near("a"), near("b"), near("c"), near("d"), near("e")];
        await mustCommit(store, put(b), put(c));
        const batch = [put(a), remove(b), touch(c, endsIn(86_400_000)), check(d), put(e)];
        const { revision, outcomes } = await mustCommit(store, ...batch);
        expect<(string | null)[]>(outcomes.map(({ after }) => after?.key ?? null)).toEqual([a, null, c, null, e]);
        expect(await listedKeys(store, "list", rangeOf())).toEqual([a, c, e]);
        expect((await store.get(keyOf(a)))?.revision).toBe(revision);
        expect((await store.get(keyOf(e)))?.revision).toBe(revision);
      });
    });

    test("whose condition fails changes nothing and takes no revision", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b] = [near("a"), near("b")];
        const { revision } = await mustCommit(store, put(a, "one"), put(b, "two"));
        const cursor = await store.latestCursor();
        const batch = [put(a, "changed"), remove(b), put(near("c")), check(near("x"), [{ is: "present" }])];
        expect(await commit(store, ...batch)).toEqual({
          committed: false,
          conflicts: [{ index: 3, current: null }],
          otherwise: [],
        });
        expect(await valueAt(store, a)).toBe("one");
        expect(await listedKeys(store, "list", rangeOf())).toEqual([a, b]);
        expect(await store.latestCursor()).toBe(cursor);
        expect(await loggedKinds(store, cursor)).toEqual([]);
        expect(store.stats()).toMatchObject({ entries: 2, revision });
        expect((await mustCommit(store, check(a))).revision).toBe(revision);
        expect((await mustCommit(store, put(a))).revision).toBeGreaterThan(revision);
      });
    });

    test("answers a conflict for each mutation that did not hold, with what stood in its way", async () => {
      await withStore(make, async ({ store }) => {
        const { revision } = await mustCommit(store, put(near("a"), "one"));
        const absent: Asked = { when: [{ is: "absent" }] };
        const result = await commit(
          store,
          put(near("a"), "x", absent),
          put(near("b"), "y", absent),
          check(near("c"), [{ is: "present" }]),
        );
        expect(result).toMatchObject({
          committed: false,
          conflicts: [
            { index: 0, current: { key: near("a"), size: 3, revision } },
            { index: 2, current: null },
          ],
        });
      });
    });

    test("is judged against what stood before the batch, not within it", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b] = [near("a"), near("b")];
        await mustCommit(store, put(a));
        const swap = [remove(a, { when: [{ is: "present" }] }), put(b, "b", { when: [{ is: "absent" }] })];
        expect((await commit(store, ...swap)).committed).toBe(true);
        expect((await commit(store, ...swap)).committed).toBe(false);
      });
    });

    test("of a thousand mutations is applied whole", async () => {
      await withStore(make, async ({ store }) => {
        const batch = Array.from({ length: 1000 }, (_, index) => put(near(`k${index}`)));
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
          const { revision } = await mustCommit(store, put("a", "old", { contentType: "x/old" }));
          const { outcomes } = await mustCommit(store, mutation({ want: "before" }));
          const before = outcomes[0]?.before ?? null;
          expect(before).toMatchObject({ contentType: "x/old", revision, size: 3 });
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
      ["ends never", () => ({ is: "endsAt", at: null }), true, false],
      ["ends then", (_, at) => ({ is: "endsAt", at: toEpochMs(at + 86_400_000) }), false, false],
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

    test("no longer holds at an end once that has been changed, though the tag stands", async () => {
      await withStore(make, async ({ store }) => {
        const end = toEpochMs(store.now() + 86_400_000);
        await mustCommit(store, put("a", "", { expiry: { kind: "at", at: end } }));
        const sameTag: Condition = { is: "at", tags: [await tagOf(store, "a")] };
        const sameEnd: Condition = { is: "endsAt", at: end };
        expect((await commit(store, check("a", [sameTag, sameEnd]))).committed).toBe(true);
        await mustCommit(store, touch("a", NEVER));
        expect((await commit(store, check("a", [sameTag, sameEnd]))).committed).toBe(false);
        expect((await commit(store, check("a", [sameTag, { is: "endsAt", at: null }]))).committed).toBe(true);
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
}
