// A store as a token with prefixes sees it, against a model: the keys within, in order, however they are paged.
import { describe, expect, test } from "bun:test";
import { makeMemoryHarness } from "../../test/support/memory-harness.ts";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { check, commit, keyOf, keySet, mustCommit, put, rangeOf, remove } from "../../test/support/requests.ts";
import { seedsToTry, withSeed } from "../../test/support/seeded-random.ts";
import { ROOMY } from "../../test/support/store-harness.ts";
import { tokenOf } from "../../test/support/token-records.ts";
import { makeBatch, UNNAMED } from "../core/batch.ts";
import type { Key } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { EVERY_KEY, type Range } from "../core/range.ts";
import type { Store } from "../store/store.ts";
import { ScopedStore } from "./scoped-store.ts";

async function withScope(
  prefixes: readonly string[],
  body: (stores: { readonly store: Store; readonly scoped: ScopedStore }) => Promise<void>,
): Promise<void> {
  const { store, close } = await makeMemoryHarness(ROOMY);
  try {
    await body({ store, scoped: new ScopedStore(store, prefixes) });
  } finally {
    await close();
  }
}

/** Every page of a range, and how many there were. */
async function walk(store: Store, range: Range, how: "list" | "scan"): Promise<{ keys: string[]; pages: number }> {
  const keys: string[] = [];
  let after: Key | null = null;
  let pages = 0;
  do {
    pages++;
    const page: Awaited<ReturnType<Store["list"]>> = await store[how]({ ...range, after });
    expect(page.items.length).toBeLessThanOrEqual(range.limit);
    keys.push(...page.items.map(({ key }) => key));
    after = page.next;
  } while (after !== null);
  return { keys, pages };
}

describe("a listing", () => {
  test("of random keys by random prefixes is what lies within, in order, page by page", async () => {
    for (const seed of seedsToTry(1, 60)) {
      await withSeed(seed, async (random) => {
        const word = () => Array.from({ length: 1 + random.below(3) }, () => random.pick(["a", "b", "c"])).join("");
        const prefixes = ["a", "ba", "bc", "cc"].filter(() => random.oneIn(2));
        if (prefixes.length === 0) return;
        await withScope(prefixes, async ({ store, scoped }) => {
          const names = [...new Set(Array.from({ length: 20 }, word))];
          await mustCommit(store, ...names.map((name) => put(name)));
          const within = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix))).toSorted();
          const reverse = random.oneIn(2);
          const range = rangeOf({ reverse, limit: 1 + random.below(5) });
          const expected = reverse ? within.toReversed() : within;
          const { keys, pages } = await walk(scoped, range, random.oneIn(2) ? "list" : "scan");
          expect(keys).toEqual(expected);
          // A full page is followed by another only where there is more.
          expect(pages).toBe(Math.max(1, Math.ceil(within.length / range.limit)));
          expect(await scoped.count(EVERY_KEY)).toBe(within.length);
        });
      });
    }
  });

  test("with values ends its page when it holds as much as one step may, whatever the prefix", async () => {
    await withScope(["a", "b", "c"], async ({ store, scoped }) => {
      const large = new Uint8Array(LIMITS.stepBytes);
      for (const name of ["a1", "b1", "c1"]) await mustCommit(store, put(name, large));
      expect(await walk(scoped, rangeOf(), "scan")).toEqual({ keys: ["a1", "b1", "c1"], pages: 3 });
      expect(await walk(scoped, rangeOf({ reverse: true }), "scan")).toEqual({ keys: ["c1", "b1", "a1"], pages: 3 });
      expect((await walk(scoped, rangeOf(), "list")).pages).toBe(1);
    });
  });
});

describe("what names a key outside", () => {
  const outside: Readonly<Record<string, (store: ScopedStore) => unknown>> = {
    "a read": async (store) => store.get(keyOf("b")),
    "a read of many": (store) => store.getMany([keyOf("a"), keyOf("b")]),
    "the partition of a key": async (store) => store.partitionOf(keyOf("b")),
    "a write": (store) => commit(store, put("a"), put("b")),
    "a deletion": (store) => commit(store, remove("b")),
    "a check": (store) => commit(store, check("b", [{ is: "absent" }]), put("a")),
    "an else-branch": (store) =>
      store.commit(makeBatch([check("a", [{ is: "absent" }])]), { ...UNNAMED, otherwise: [keyOf("b")] }),
    "the change log": (store) => store.changes(),
    "the tokens": (store) => store.tokens(),
    "a new token": (store) => store.putToken(),
  };
  for (const [what, ask] of Object.entries(outside)) {
    test(`is refused and does nothing: ${what}`, async () => {
      await withScope(["a"], async ({ store, scoped }) => {
        for (const standing of [false, true]) {
          if (standing) await mustCommit(store, put("b", "secret"));
          const before = [await store.list(rangeOf()), store.stats()];
          expect(await rejectionCode(() => ask(scoped))).toBe("forbidden");
          expect([await store.list(rangeOf()), store.stats()]).toEqual(before);
        }
      });
    });
  }
});

describe("a deletion of a set", () => {
  test("takes what lies within one prefix, nothing within none, and is refused within several", async () => {
    await withScope(["a/", "b/"], async ({ store, scoped }) => {
      await mustCommit(store, put("a/1"), put("a/2"), put("b/1"), put("c"));
      expect(await rejectionCode(() => scoped.deleteAll(EVERY_KEY))).toBe("forbidden");
      expect(await scoped.deleteAll(keySet({ prefix: "c" }))).toEqual({
        deleted: 0,
        revision: store.stats().revision,
        isReplay: false,
      });
      expect(await scoped.deleteAll(keySet({ filter: "a/*" }))).toMatchObject({ deleted: 2 });
      expect((await walk(store, rangeOf(), "list")).keys).toEqual(["b/1", "c"]);
    });
  });
});

test("a deletion with a name is remembered though there was nothing that it could delete", async () => {
  await withScope(["a/"], async ({ store, scoped }) => {
    await mustCommit(store, put("a/1"), put("c"));
    const once = (digit: string) => ({ id: "1".repeat(64), fingerprint: digit.repeat(64), at: store.now() });
    expect(await scoped.deleteAll(keySet({ prefix: "c" }), once("2"))).toMatchObject({ deleted: 0, isReplay: false });
    expect(await scoped.deleteAll(keySet({ prefix: "c" }), once("2"))).toMatchObject({ deleted: 0, isReplay: true });
    expect(await rejectionCode(() => scoped.deleteAll(keySet({ prefix: "a/" }), once("3")))).toBe(
      "idempotency-key-reused",
    );
  });
});

test("closing what a token sees closes nothing", async () => {
  await withScope(["a"], async ({ store, scoped }) => {
    await store.putToken(tokenOf("a"), null);
    await scoped.close();
    expect(await store.tokens()).toHaveLength(1);
  });
});
