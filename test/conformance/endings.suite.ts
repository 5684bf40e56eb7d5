// How entries end: at their instant whatever the sweeper does, and what it logs when it comes.
import { describe, expect, test } from "bun:test";
import type { Condition } from "../../src/core/condition.ts";
import { type EpochMs, type Expiry, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import { listedKeys } from "../support/listed-pages.ts";
import { changesAfter, loggedKinds } from "../support/logged-changes.ts";
import {
  check,
  commit,
  ENDED,
  endsAt,
  endsIn,
  keyOf,
  mustCommit,
  near,
  prepare,
  put,
  rangeOf,
  remove,
  touch,
} from "../support/requests.ts";
import { type MakeStore, until, untilCome, withStore } from "../support/store-harness.ts";

const DAY_MS = 86_400_000;
/** What is to be done before an entry ends is tried with longer and longer lives, until there was time for it. */
const LIVES_MS = [50, 500, 5000];

export function endingsSuite(make: MakeStore): void {
  const endOf = async (store: Store, name: string): Promise<EpochMs | null> =>
    (await store.get(keyOf(name)))?.expiresAt ?? null;

  describe("an entry that ends", () => {
    test("is there before its instant, and gone at it and after", async () => {
      await withStore(make, (harness) =>
        untilInTime(async (lifeMs) => {
          const { store, clockErrorMs } = harness;
          const { outcomes } = await mustCommit(store, put("a", "", { expiry: endsIn(lifeMs) }));
          const end = outcomes[0]?.after?.expiresAt ?? store.now();
          let wasSeen = false;
          for (let isThere = true; isThere; ) {
            const before = store.now();
            isThere = (await store.get(keyOf("a"))) !== null;
            const after = store.now();
            // What was seen was read at some instant between the two.
            if (isThere) expect(before).toBeLessThan(end + clockErrorMs);
            else expect(after).toBeGreaterThanOrEqual(end - clockErrorMs);
            wasSeen ||= isThere;
            await harness.step();
          }
          return wasSeen;
        }),
      );
    });

    test("is gone for every read from its instant on, though it stands still", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        const end = toEpochMs(store.now() + 5);
        await mustCommit(store, put("a", "", { expiry: { kind: "at", at: end } }));
        await untilCome(harness, end);
        expect(await store.get(keyOf("a"))).toBeNull();
        expect(await store.getMany([keyOf("a")])).toEqual([null]);
        expect(await listedKeys(store, "list", rangeOf())).toEqual([]);
        expect(await listedKeys(store, "scan", rangeOf())).toEqual([]);
        expect(await store.count(EVERY_KEY)).toBe(0);
        expect((await mustCommit(store, check("a", [{ is: "absent" }]))).outcomes[0]?.before).toBeNull();
        expect(store.stats().entries).toBe(1);
      });
    });

    test("is never visible where its instant is past", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "", { expiry: ENDED }));
        expect(await store.get(keyOf("a"))).toBeNull();
      });
    });

    test("cannot be deleted or touched", async () => {
      await withStore(make, async ({ store }) => {
        const first = await mustCommit(store, put("a", "", { expiry: ENDED }));
        const { outcomes, revision } = await mustCommit(store, remove("a"));
        expect(outcomes).toEqual([{ before: null, after: null }]);
        expect((await mustCommit(store, touch("a", NEVER))).outcomes).toEqual([{ before: null, after: null }]);
        expect(revision).toBe(first.revision);
        expect(await store.get(keyOf("a"))).toBeNull();
        expect(await loggedKinds(store)).toEqual(["put a"]);
      });
    });

    test("is replaced as if the key were free, its end logged first, created anew", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        const first = await mustCommit(store, put("a", "old", { expiry: ENDED }));
        const created = first.outcomes[0]?.after?.createdAt ?? store.now();
        await untilCome(harness, created + 1);
        const { outcomes } = await mustCommit(store, put("a", "new", { want: "before", when: [{ is: "absent" }] }));
        expect(outcomes[0]?.before).toBeNull();
        expect((await store.get(keyOf("a")))?.createdAt).toBeGreaterThan(created);
        expect(await loggedKinds(store)).toEqual(["put a", "expire a", "put a"]);
        expect(store.stats().entries).toBe(1);
      });
    });

    test("is in none of the states that a condition names, its last one included", async () => {
      await withStore(make, (harness) =>
        untilInTime(async (lifeMs) => {
          const { store } = harness;
          const end = toEpochMs(store.now() + lifeMs);
          const { outcomes } = await mustCommit(store, put("a", "", { expiry: endsAt(end) }));
          const entry = outcomes[0]?.after ?? null;
          if (entry === null) throw new Error("The put answered no entry");
          const { tag, revision, modifiedAt } = entry;
          const holds = async (when: Condition) => (await commit(store, check("a", [when]))).committed;
          const wasAt = await holds({ is: "at", tags: [tag] });
          if (!wasAt && store.now() >= end - harness.clockErrorMs) return false;
          expect(wasAt).toBe(true);
          await untilCome(harness, end);
          expect(await holds({ is: "at", tags: [tag] })).toBe(false);
          expect(await holds({ is: "atRevision", revision })).toBe(false);
          expect(await holds({ is: "present" })).toBe(false);
          expect(await holds({ is: "notAt", tags: [tag] })).toBe(true);
          expect(await holds({ is: "unmodifiedSince", at: toEpochMs(modifiedAt - DAY_MS) })).toBe(true);
          expect(await commit(store, put("a", "", { when: [{ is: "at", tags: [tag] }] }))).toMatchObject({
            committed: false,
          });
          return true;
        }),
      );
    });

    test("leaves nothing to be kept by the put that replaces it", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "", { expiry: ENDED }));
        await mustCommit(store, put("a", "", { expiry: { kind: "keep" } }));
        expect(await endOf(store, "a")).toBeNull();
        expect(await store.get(keyOf("a"))).not.toBeNull();
      });
    });
  });

  describe("an expiry", () => {
    const kept = LIMITS.latestInstantMs - 5;
    const cases: readonly [string, Expiry, number | null, number | null][] = [
      ["never, on a free key", NEVER, null, null],
      ["never, on an entry that ends", NEVER, kept, null],
      ["keep, on a free key", { kind: "keep" }, null, null],
      ["keep, on an entry that ends", { kind: "keep" }, kept, kept],
      ["at an instant", endsAt(kept + 1), kept, kept + 1],
      ["at the latest instant", endsAt(LIMITS.latestInstantMs), null, LIMITS.latestInstantMs],
      ["beyond the latest instant", endsIn(LIMITS.latestInstantMs), null, LIMITS.latestInstantMs],
    ];
    for (const [name, expiry, before, after] of cases) {
      test(`of a put: ${name}`, async () => {
        await withStore(make, async ({ store }) => {
          if (before !== null) await mustCommit(store, put("a", "", { expiry: endsAt(before) }));
          await mustCommit(store, put("a", "", { expiry }));
          expect<unknown>(await endOf(store, "a")).toBe(after);
        });
      });

      test(`of a touch: ${name}`, async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a", "", { expiry: before === null ? NEVER : endsAt(before) }));
          await mustCommit(store, touch("a", expiry));
          expect<unknown>(await endOf(store, "a")).toBe(after);
        });
      });
    }

    test("in a time is counted from when the write is applied", async () => {
      await withStore(make, async ({ store, clockErrorMs }) => {
        const before = store.now();
        await mustCommit(store, put("a", "", { expiry: endsIn(DAY_MS) }));
        const end = await endOf(store, "a");
        expect(end).toBeGreaterThanOrEqual(before + DAY_MS - clockErrorMs);
        expect(end).toBeLessThanOrEqual(store.now() + DAY_MS + clockErrorMs);
        expect<unknown>(end).toBe(((await store.get(keyOf("a")))?.modifiedAt ?? 0) + DAY_MS);
      });
    });

    test("in no time lies a millisecond ahead", async () => {
      await withStore(make, async ({ store }) => {
        const { outcomes } = await mustCommit(store, put("a", "", { expiry: endsIn(0) }));
        const after = outcomes[0]?.after;
        expect<unknown>(after?.expiresAt).toBe((after?.modifiedAt ?? 0) + 1);
      });
    });
  });

  describe("commit of a touch", () => {
    test("changes when the entry ends, and nothing else", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        const first = await mustCommit(store, put("a", "value", { contentType: "x/y", form: "json" }));
        const before = await store.get(keyOf("a"));
        await untilCome(harness, (before?.modifiedAt ?? 0) + 1);
        const { outcomes, revision } = await mustCommit(store, touch("a", endsAt(LIMITS.latestInstantMs)));
        const after = await store.get(keyOf("a"));
        expect(after).toEqual({ ...before, expiresAt: toEpochMs(LIMITS.latestInstantMs) } as typeof after);
        expect(after).toMatchObject({ ...outcomes[0]?.after });
        expect(revision).toBe(first.revision);
        expect(store.stats().revision).toBe(first.revision);
      });
    });

    test("of a free key changes nothing and is not logged", async () => {
      await withStore(make, async ({ store }) => {
        expect((await mustCommit(store, touch("a", NEVER))).outcomes).toEqual([{ before: null, after: null }]);
        expect(await loggedKinds(store)).toEqual([]);
      });
    });

    test("to a past instant ends the entry at once", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        await mustCommit(store, touch("a", ENDED));
        expect(await store.get(keyOf("a"))).toBeNull();
      });
    });
  });

  describe("the sweeper", () => {
    test("removes what has ended, and logs each end once under a new revision", async () => {
      await withStore(
        make,
        async (harness) => {
          const { store } = harness;
          const first = await mustCommit(
            store,
            ...[put(near("a"), "", { expiry: endsIn(5) }), put(near("b")), put(near("c"), "", { expiry: endsIn(5) })],
          );
          await until(harness, () => store.stats().entries === 1);
          expect(await listedKeys(store, "list", rangeOf())).toEqual([near("b")]);
          const { changes } = await changesAfter(store, null);
          const ends = changes.filter(({ kind }) => kind === "expire");
          expect(ends.map(({ key }): string => key).toSorted()).toEqual([near("a"), near("c")]);
          expect(Math.min(...ends.map(({ revision }) => revision))).toBeGreaterThan(first.revision);
          expect<unknown>(store.stats().revision).toBe(ends.at(-1)?.revision ?? 0);
          expect(store.stats().expired).toBe(2);
        },
        { upkeep: "on" },
      );
    });

    test("leaves an entry whose end was put off, taken away, or belongs to an earlier entry of the key", async () => {
      await withStore(
        make,
        (harness) =>
          untilInTime(async (lifeMs) => {
            const { store } = harness;
            const names = ["later", "never", "again", "ends"];
            await prepare(store, ...names.map((name) => put(name, "", { expiry: endsIn(lifeMs) })));
            const { outcomes } = await mustCommit(store, touch("later", endsIn(DAY_MS)));
            if (outcomes[0]?.after === null) return false;
            await prepare(store, put("never"), remove("again"));
            await mustCommit(store, put("again", "", { expiry: endsIn(DAY_MS) }));
            await until(harness, () => store.stats().entries === 3);
            expect(await listedKeys(store, "list", rangeOf())).toEqual(["again", "later", "never"]);
            return true;
          }),
        { upkeep: "on" },
      );
    });

    test("removes more than it takes in one go", async () => {
      await withStore(
        make,
        async (harness) => {
          const { store } = harness;
          for (const part of [0, 1, 2]) {
            const names = Array.from({ length: 1000 }, (_, index) => `k${part}.${index}`);
            await prepare(store, ...names.map((name) => put(name, "", { expiry: ENDED })));
          }
          await until(harness, () => store.stats().entries === 0);
          const { changes } = await changesAfter(store, null);
          expect(changes.filter(({ kind }) => kind === "expire")).toHaveLength(3000);
        },
        { upkeep: "on" },
      );
    });
  });
}

/** @param body - given how long its entries live; says whether there was time for what it does before they end */
async function untilInTime(body: (lifeMs: number) => Promise<boolean>): Promise<void> {
  for (const lifeMs of LIVES_MS) if (await body(lifeMs)) return;
  throw new Error(`There was no time for it within ${LIVES_MS.at(-1)} ms`);
}
