// What one batch can hold together: any keys where capabilities.atomicity is "store", else those of one partition, and a
// batch over several is refused whole.
import { describe, expect, test } from "bun:test";
import { type Mutation, makeBatch, UNNAMED } from "../../src/core/batch.ts";
import { NEVER } from "../../src/core/expiry.ts";
import type { Key } from "../../src/core/key.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import { rejectionCode, rejectionOf } from "../support/rejection-code.ts";
import {
  add,
  apart,
  append,
  check,
  commit,
  keyOf,
  mustCommit,
  prepare,
  put,
  remove,
  touch,
} from "../support/requests.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";

/** Enough that a store in partitions has some of them apart. */
const NAMES = Array.from({ length: 50 }, (_, index) => `k${index}`);

export function partitionsSuite(make: MakeStore): void {
  const isWhole = ({ capabilities }: Store) => capabilities.atomicity === "store";
  const partitionsOf = (store: Store, names: readonly string[]) =>
    new Set(names.map((name) => store.partitionOf(keyOf(name))));

  describe("partitions", () => {
    test("are one for all keys where a batch holds any together, and several where it does not", async () => {
      await withStore(make, async ({ store }) => {
        const count = partitionsOf(store, NAMES).size;
        if (isWhole(store)) expect(count).toBe(1);
        else expect(count).toBeGreaterThan(1);
      });
    });

    test("are the same for the same key, and for keys with the same tag", async () => {
      await withStore(make, async ({ store }) => {
        for (const name of NAMES) expect(store.partitionOf(keyOf(name))).toBe(store.partitionOf(keyOf(name)));
        for (const tag of ["tag", "k0", "k1", "é"]) {
          const tagged = NAMES.flatMap((name) => [`${name}{${tag}}`, `{${tag}}${name}`, `${name}{${tag}}{${name}}`]);
          expect(partitionsOf(store, tagged).size).toBe(1);
        }
      });
    });

    test("are spread by the whole key where the braces hold nothing, or are none", async () => {
      await withStore(make, async ({ store }) => {
        if (isWhole(store)) return;
        for (const written of ["{}", "{", "}", "}{"]) {
          expect(
            partitionsOf(
              store,
              NAMES.map((name) => `${written}${name}`),
            ).size,
          ).toBeGreaterThan(1);
        }
      });
    });
  });

  describe("a batch over keys that lie apart", () => {
    /** Every kind of mutation second, beside a put of another partition. */
    const seconds: Readonly<Record<string, (name: string) => Mutation>> = {
      put: (name) => put(name, "new"),
      delete: (name) => remove(name),
      touch: (name) => touch(name, NEVER),
      add: (name) => add(name, 1),
      append: (name) => append(name, "end", "1"),
      check: (name) => check(name, [{ is: "present" }]),
    };
    for (const [op, second] of Object.entries(seconds)) {
      test(`with a ${op} is applied whole, or refused with nothing changed`, async () => {
        await withStore(make, async ({ store }) => {
          const [one = "", other = ""] = apart(store, 2);
          const before = await prepare(store, put(one, "1"), put(other, "1"));
          const cursor = await store.latestCursor();
          const code = await rejectionCode(() => commit(store, put(one, "2"), second(other)));
          expect(code).toBe(isWhole(store) ? null : "cross-partition");
          if (isWhole(store)) return;
          const stand = await store.getMany([one, other].map(keyOf));
          expect(stand.map((entry) => entry?.revision)).toEqual(before.outcomes.map(({ after }) => after?.revision));
          expect(await store.changes(cursor, 10)).toMatchObject({ changes: [], cursor });
        });
      });
    }

    test("is refused before its conditions are asked, and leaves no record", async () => {
      await withStore(make, async ({ store }) => {
        const [one = "", other = ""] = apart(store, 2);
        const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: store.now() };
        const batch = makeBatch([put(one, "", { when: [{ is: "present" }] }), put(other)]);
        const result = store.commit(batch, { ...UNNAMED, once });
        if (isWhole(store)) expect(await result).toMatchObject({ committed: false });
        else expect(await rejectionCode(() => result)).toBe("cross-partition");
        expect(await store.recall(once.id)).toBeNull();
        expect(await store.count(EVERY_KEY)).toBe(0);
      });
    });

    test("is refused for the keys that are read where a condition fails, too", async () => {
      await withStore(make, async ({ store }) => {
        const [one = "", other = ""] = apart(store, 2);
        await prepare(store, put(one), put(other));
        const ask = () => store.commit(makeBatch([put(one)]), { ...UNNAMED, otherwise: [keyOf(other)] });
        const cursor = await store.latestCursor();
        expect(await rejectionCode(ask)).toBe(isWhole(store) ? null : "cross-partition");
        if (!isWhole(store)) expect(await store.latestCursor()).toBe(cursor);
      });
    });

    test("is told by which of its keys lie together", async () => {
      await withStore(make, async ({ store }) => {
        if (isWhole(store)) {
          expect((await mustCommit(store, ...NAMES.map((name) => put(name)))).outcomes).toHaveLength(NAMES.length);
          return;
        }
        const refusal = await rejectionOf(() => commit(store, ...NAMES.map((name) => put(name))));
        const groups = groupsOf(refusal?.data["partitions"]);
        expect(groups.flat().toSorted()).toEqual(NAMES.toSorted());
        expect(refusal?.data["partition_count"]).toBe(groups.length);
        expect(groups.map((keys) => partitionsOf(store, keys).size)).toEqual(groups.map(() => 1));
        expect(groups.length).toBe(partitionsOf(store, NAMES).size);
        expect(await store.count(EVERY_KEY)).toBe(0);
      });
    });
  });

  test("a batch over keys with a common tag is applied whole or not at all, in every store", async () => {
    await withStore(make, async ({ store }) => {
      const keys = NAMES.map((name) => `{cart}${name}`);
      const failing = check(`${keys[0]}/`, [{ is: "present" }]);
      expect(await commit(store, ...keys.map((key) => put(key)), failing)).toMatchObject({ committed: false });
      expect(await store.count(EVERY_KEY)).toBe(0);
      const { revision } = await mustCommit(store, ...keys.map((key) => put(key)));
      const entries = await store.getMany(keys.map((key): Key => keyOf(key)));
      expect(entries.map((entry) => entry?.revision)).toEqual(keys.map(() => revision));
    });
  });
}

function groupsOf(partitions: unknown): readonly (readonly string[])[] {
  if (!Array.isArray(partitions)) return [];
  return partitions.map((keys: unknown) => (Array.isArray(keys) ? keys.map(String) : []));
}
