// Commits that are made once: the record of what one did is part of it, and answers whoever asks again.
import { describe, expect, test } from "bun:test";
import { type Mutation, makeBatch, type Once, UNNAMED } from "../../src/core/batch.ts";
import type { Store } from "../../src/store/store.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import {
  add,
  append,
  check,
  endsAt,
  keyOf,
  keySet,
  mustCommit,
  near,
  prepare,
  put,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { type MakeStore, until, withStore } from "../support/store-harness.ts";

const FAR_MS = 7_000_000_000_000;

/** Named by a digit or two; asked at the store's now. */
function named(store: Store, name: number, request = 1): Once {
  const hex = (number: number) => number.toString(16).padStart(64, "0");
  return { id: hex(name), fingerprint: hex(request), at: store.now() };
}

function commitOnce(store: Store, once: Once, ...mutations: readonly Mutation[]) {
  return store.commit(makeBatch(mutations), { ...UNNAMED, once });
}

export function onceSuite(make: MakeStore): void {
  describe("a commit made once", () => {
    test("is not made again, and answers what it did, after other writes too", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b, c, d, n] = [near("a"), near("b"), near("c"), near("d"), near("n")];
        await mustCommit(store, put(b, "two", { expiry: endsAt(FAR_MS) }), put(c, "three"), put(d, "four"));
        const once = named(store, 1);
        const batch = [
          put(a, "one", { expiry: endsAt(FAR_MS) }),
          remove(b, { want: "before" }),
          touch(c, endsAt(FAR_MS)),
          add(n, 5, { want: "after" }),
          append(near("t"), "end", "x"),
          check(d, [{ is: "present" }], "after"),
          check(near("nothing"), [], "after"),
        ];
        const first = await commitOnce(store, once, ...batch);
        expect(first).toMatchObject({ committed: true, isReplay: false });
        await mustCommit(store, put(a, "later"), put(b, "again"), add(n, 1));
        const cursor = await store.latestCursor();
        const second = await commitOnce(store, once, ...batch);
        expect(second).toEqual({ ...first, isReplay: true } as never);
        expect(await store.latestCursor()).toBe(cursor);
        expect(textOf((await store.get(keyOf(n)))?.value)).toBe("6");
        expect(await store.recall(once.id)).toEqual({
          fingerprint: once.fingerprint,
          at: once.at,
          did: { kind: "committed", result: first as never },
        });
      });
    });

    test("is made by one of many that ask at once", async () => {
      await withStore(make, async ({ store }) => {
        const once = named(store, 1);
        const results = await Promise.all(Array.from({ length: 50 }, () => commitOnce(store, once, add("a", 1))));
        expect(results.filter((result) => result.committed && !result.isReplay)).toHaveLength(1);
        expect(textOf((await store.get(keyOf("a")))?.value)).toBe("1");
      });
    });

    test("under the name of another request is refused, and changes nothing", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b] = [near("a"), near("b")];
        await commitOnce(store, named(store, 1, 1), put(a));
        for (const mutation of [put(b), check(a), check(b, [{ is: "present" }])]) {
          const code = await rejectionCode(() => commitOnce(store, named(store, 1, 2), mutation));
          expect([mutation.op, code]).toEqual([mutation.op, "idempotency-key-reused"]);
        }
        expect(await rejectionCode(() => store.deleteAll(keySet({}), named(store, 1, 2)))).toBe(
          store.capabilities.deletions === "one-commit" ? "idempotency-key-reused" : "cross-partition",
        );
        expect(await store.get(keyOf(a))).not.toBeNull();
        expect(await store.get(keyOf(b))).toBeNull();
        expect(await commitOnce(store, named(store, 2, 2), put(b))).toMatchObject({ isReplay: false });
      });
    });

    test("that fails leaves no record, and may be asked again", async () => {
      await withStore(make, async ({ store }) => {
        const once = named(store, 1);
        expect(await commitOnce(store, once, put("a", "", { when: [{ is: "present" }] }))).toMatchObject({
          committed: false,
        });
        await mustCommit(store, put("n", "x"));
        expect(await rejectionCode(() => commitOnce(store, once, add("n", 1)))).toBe("not-an-integer");
        expect(await store.recall(once.id)).toBeNull();
        expect(await commitOnce(store, once, put("a"))).toMatchObject({ committed: true, isReplay: false });
      });
    });

    test("may be a deletion of a whole set where that is one commit; else it is refused, and deletes nothing", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a"), put("b"));
        const once = named(store, 1);
        if (store.capabilities.deletions === "page-by-page") {
          expect(await rejectionCode(() => store.deleteAll(keySet({ prefix: "a" }), once))).toBe("cross-partition");
          expect(await rejectionCode(() => store.deleteAll(keySet({ prefix: "x" }), once))).toBe("cross-partition");
          expect((await store.getMany(["a", "b"].map(keyOf))).includes(null)).toBe(false);
          expect(await store.recall(once.id)).toBeNull();
          return;
        }
        const first = await store.deleteAll(keySet({ prefix: "a" }), once);
        expect(first).toMatchObject({ deleted: 1, isReplay: false });
        await mustCommit(store, put("a"));
        expect(await store.deleteAll(keySet({ prefix: "a" }), once)).toEqual({ ...first, isReplay: true });
        expect(await store.get(keyOf("a"))).not.toBeNull();
      });
    });

    test("is forgotten at its age, exactly, whether swept or not", async () => {
      for (const upkeep of ["off", "on"] as const) {
        await withStore(
          make,
          async (harness) => {
            const { store } = harness;
            const once = named(store, 1);
            await commitOnce(store, once, add("a", 1));
            await until(harness, async () => (await store.recall(once.id)) === null);
            expect(store.now()).toBeGreaterThanOrEqual(once.at + 20 - harness.clockErrorMs);
            expect(await commitOnce(store, { ...once, at: store.now() }, add("a", 1))).toMatchObject({
              isReplay: false,
            });
            expect(textOf((await store.get(keyOf("a")))?.value)).toBe("2");
          },
          { upkeep, idempotencyAgeMs: 20 },
        );
      }
    });

    test("is refused once the records that are kept take as much as they may, until old ones leave", async () => {
      await withStore(
        make,
        async (harness) => {
          const { store } = harness;
          let kept = 0;
          const next = () => commitOnce(store, named(store, kept), put(near(`k${kept}`)));
          while ((await rejectionCode(next)) === null) kept++;
          expect(kept).toBeGreaterThan(2);
          expect(await rejectionCode(next)).toBe("busy");
          expect(await store.get(keyOf(near(`k${kept}`)))).toBeNull();
          expect(store.stats()).toMatchObject({ records: kept });
          expect(store.stats().recordBytes).toBeGreaterThanOrEqual(1000);
          expect(await commitOnce(store, named(store, kept - 1), put(near("any")))).toMatchObject({ isReplay: true });
          await mustCommit(store, put(near("unnamed")));
          await until(harness, async () => (await rejectionCode(next)) === null);
          await until(harness, () => store.stats().records < kept);
          expect(store.stats().recordBytes).toBeLessThan(1000);
        },
        { upkeep: "on", idempotencyAgeMs: 500, idempotencyBytes: 1000 },
      );
    });

    test("leaves no record where it only reads, as nothing happens that could happen twice", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put(near("a"), "one"));
        const once = named(store, 1);
        const reading = () => commitOnce(store, once, check(near("a"), [{ is: "present" }], "after"));
        expect(await reading()).toMatchObject({ committed: true, isReplay: false });
        expect(await reading()).toMatchObject({ committed: true, isReplay: false });
        expect(store.stats()).toMatchObject({ records: 0, recordBytes: 0 });
        expect(await commitOnce(store, once, remove(near("missing")))).toMatchObject({ isReplay: false });
        expect(await commitOnce(store, once, remove(near("missing")))).toMatchObject({ isReplay: true });
      });
    });
  });
}
