// list(), scan() and count(): order, bounds, pages, patterns.
import { describe, expect, test } from "bun:test";
import type { EntryInfo } from "../../src/core/entry.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Page, Store } from "../../src/store/store.ts";
import { allPages, listedKeys } from "../support/listed-pages.ts";
import {
  check,
  ENDED,
  endsIn,
  keyOf,
  keySet,
  mustCommit,
  prepare,
  put,
  rangeOf,
  textOf,
  touch,
} from "../support/requests.ts";
import { type MakeStore, untilCome, withStore } from "../support/store-harness.ts";

const MiB = 1024 * 1024;

/** In order of UTF-8 bytes. By UTF-16 units the last two would stand before the two above them. */
const ORDERED = [
  "0",
  "A",
  "Z",
  "a",
  "a!",
  "a/b",
  "aa",
  "b",
  "é",
  "\ud7ff",
  "\ue000",
  "\ufeffa",
  "\uffff",
  "\u{10000}",
  "\u{10ffff}",
];

export function listingsSuite(make: MakeStore): void {
  const withKeys = (names: readonly string[], body: (store: Store) => Promise<void>) =>
    withStore(make, async ({ store }) => {
      for (let from = 0; from < names.length; from += LIMITS.batchMutations) {
        await prepare(store, ...names.slice(from, from + LIMITS.batchMutations).map((name) => put(name)));
      }
      await body(store);
    });
  const shuffled = ORDERED.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1));

  for (const method of ["list", "scan"] as const) {
    const listing = (store: Store, asked: Parameters<typeof rangeOf>[0]) => listedKeys(store, method, rangeOf(asked));

    describe(method, () => {
      test("of an empty store is an empty page, the last", async () => {
        await withStore(make, async ({ store }) => {
          expect(await store[method](rangeOf())).toEqual({ items: [], next: null });
        });
      });

      test("lets others have a turn between its steps, also where it finds nothing", async () => {
        const names = Array.from({ length: 3 * LIMITS.pageScannedKeys }, (_, index) => `k${index}`);
        await withKeys(names, async (store) => {
          let turns = 0;
          let isWalking = true;
          const count = () => {
            turns++;
            if (isWalking) setImmediate(count);
          };
          setImmediate(count);
          const pages = await allPages(store, method, rangeOf({ filter: "*none*" }));
          isWalking = false;
          expect(pages.length).toBeGreaterThan(3);
          expect(turns).toBeGreaterThanOrEqual(pages.length - 1);
        });
      });

      test("goes by the UTF-8 bytes of keys, also beyond the BMP", async () => {
        await withKeys(shuffled, async (store) => {
          expect(await listing(store, {})).toEqual(ORDERED);
          expect(await listing(store, { reverse: true })).toEqual(ORDERED.toReversed());
        });
      });

      test("takes keys that begin with a prefix, and no others", async () => {
        await withKeys(["a", "b", "b!", "ba", "b\u{10ffff}", "b\u{10ffff}z", "c"], async (store) => {
          expect(await listing(store, { prefix: "b" })).toEqual(["b", "b!", "ba", "b\u{10ffff}", "b\u{10ffff}z"]);
          expect(await listing(store, { prefix: "b\u{10ffff}" })).toEqual(["b\u{10ffff}", "b\u{10ffff}z"]);
        });
      });

      test("takes a prefix that ends just below the surrogates", async () => {
        await withKeys(["\ud7fe", "\ud7ff", "\ud7ffa", "\ue000", "\u{10000}"], async (store) => {
          expect(await listing(store, { prefix: "\ud7ff" })).toEqual(["\ud7ff", "\ud7ffa"]);
        });
      });

      test("starts at start itself and stops before end", async () => {
        await withKeys(["a", "b", "c", "d"], async (store) => {
          expect(await listing(store, { start: "b" })).toEqual(["b", "c", "d"]);
          expect(await listing(store, { end: "c" })).toEqual(["a", "b"]);
          expect(await listing(store, { start: "b", end: "d" })).toEqual(["b", "c"]);
          expect(await listing(store, { start: "b", end: "d", reverse: true })).toEqual(["c", "b"]);
        });
      });

      test("takes bounds that are no keys of the store", async () => {
        await withKeys(["a", "b", "c"], async (store) => {
          expect(await listing(store, { start: "aa", end: "bb" })).toEqual(["b"]);
          expect(await listing(store, { start: "", end: "" })).toEqual([]);
          expect(await listing(store, { start: "c", end: "a" })).toEqual([]);
          expect(await listing(store, { start: "b", end: "b" })).toEqual([]);
        });
      });

      test("takes a prefix, a pattern and bounds together", async () => {
        await withKeys(["ba1", "ba2", "bb1", "bb2", "bc1", "ca1"], async (store) => {
          expect(await listing(store, { prefix: "b", start: "ba2", end: "bc", filter: "*2" })).toEqual(["ba2", "bb2"]);
          expect(await listing(store, { prefix: "b", filter: "c*" })).toEqual([]);
        });
      });

      test("goes on directly after a key, whether it is there or not", async () => {
        await withKeys(["a", "b", "b!", "c"], async (store) => {
          expect(await listing(store, { after: keyOf("b") })).toEqual(["b!", "c"]);
          expect(await listing(store, { after: keyOf("aa") })).toEqual(["b", "b!", "c"]);
          expect(await listing(store, { after: keyOf("c") })).toEqual([]);
          expect(await listing(store, { after: keyOf("b!"), reverse: true })).toEqual(["b", "a"]);
          expect(await listing(store, { after: keyOf("bb"), reverse: true })).toEqual(["b!", "b", "a"]);
          expect(await listing(store, { after: keyOf("a"), reverse: true })).toEqual([]);
        });
      });

      test("gives pages of at most limit entries, each key once", async () => {
        await withKeys(["a", "b", "c", "d", "e"], async (store) => {
          for (const reverse of [false, true]) {
            for (const limit of [1, 2, 4, 5, 6]) {
              const pages = await allPages(store, method, rangeOf({ limit, reverse }));
              for (const { items } of pages) expect(items.length).toBeLessThanOrEqual(limit);
              const keys = pages.flatMap(({ items }) => items.map(({ key }): string => key));
              expect(keys).toEqual(reverse ? ["e", "d", "c", "b", "a"] : ["a", "b", "c", "d", "e"]);
            }
          }
        });
      });

      test("says that there is no more on a full page that is the last", async () => {
        await withKeys(["a", "b", "c"], async (store) => {
          expect((await store[method](rangeOf({ limit: 3 }))).next).toBeNull();
          expect((await store[method](rangeOf({ limit: 2 }))).next).toBe(keyOf("b"));
          expect((await store[method](rangeOf({ limit: 2, end: "c" }))).next).toBeNull();
        });
      });

      test("matches patterns against the whole key", async () => {
        await withKeys(["wod", "word", "wo-d", "wood", "wo😀d", "woord", "words", "xword"], async (store) => {
          expect(await listing(store, { filter: "wo$d" })).toEqual(["wo-d", "wood", "word", "wo😀d"]);
          expect(await listing(store, { filter: "*rd*", reverse: true })).toEqual(["xword", "words", "word", "woord"]);
        });
      });

      test("gives pages of bounded work where a pattern matches little, and loses nothing", async () => {
        const names = Array.from({ length: 2 * LIMITS.pageScannedKeys + 5 }, (_, index) => `k${10_000 + index}`);
        await withKeys([...names, "k0wanted", "zwanted"], async (store) => {
          for (const reverse of [false, true]) {
            const pages = await allPages(store, method, rangeOf({ filter: "*wanted", reverse }));
            const keys = pages.flatMap(({ items }) => items.map(({ key }): string => key));
            expect(keys).toEqual(reverse ? ["zwanted", "k0wanted"] : ["k0wanted", "zwanted"]);
            expect(pages.length).toBeGreaterThan(1);
            expect(await listing(store, { filter: "*nothing", reverse })).toEqual([]);
          }
        });
      });

      test("lists more keys than one page looks at", async () => {
        const names = Array.from({ length: LIMITS.pageScannedKeys + 1 }, (_, index) => `k${10_000 + index}`);
        await withKeys(names, async (store) => {
          expect(await listing(store, { limit: LIMITS.pageEntries })).toEqual(names);
          expect(await listing(store, { limit: LIMITS.pageScannedKeys })).toEqual(names);
          expect(await listing(store, { reverse: true, limit: LIMITS.pageEntries })).toEqual(names.toReversed());
        });
      });

      test("leaves out entries that have ended, and goes on past a page of them", async () => {
        await withStore(make, async ({ store }) => {
          await prepare(store, ...["b", "c", "d"].map((name) => put(name, "", { expiry: ENDED })));
          await prepare(store, put("a"), put("e"));
          for (const limit of [1, 2, 10]) {
            expect(await listing(store, { limit })).toEqual(["a", "e"]);
            expect(await listing(store, { limit, reverse: true })).toEqual(["e", "a"]);
            expect(await listing(store, { limit, filter: "$" })).toEqual(["a", "e"]);
          }
        });
      });

      test("tells of each entry what get tells of it", async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a", "one", { form: "bytes", contentType: "x/y", expiry: endsIn(86_400_000) }));
          await mustCommit(store, put("b", "two"));
          await mustCommit(store, put("b", "three"));
          const { items } = await store[method](rangeOf());
          const entries = await store.getMany([keyOf("a"), keyOf("b")]);
          expect(items.map(infoOf)).toEqual(entries.flatMap((entry) => (entry === null ? [] : [infoOf(entry)])));
        });
      });

      test("has a key that lives through the whole listing exactly once, whatever happens to others", async () => {
        await withKeys(["a", "c", "e", "g", "i"], async (store) => {
          const seen: string[] = [];
          let page: Page<EntryInfo> = { items: [], next: null };
          do {
            page = await store[method](rangeOf({ limit: 2, after: page.next }));
            seen.push(...page.items.map(({ key }) => key));
            const batch = ["b", "d", "f"].map((name) => put(`${name}${seen.length}`));
            await prepare(store, ...batch, touch("g", endsIn(86_400_000)), put("i", "again"));
          } while (page.next !== null);
          expect(seen.filter((key) => "aegi".includes(key))).toEqual(["a", "e", "g", "i"]);
          expect(new Set(seen).size).toBe(seen.length);
        });
      });
    });
  }

  describe("scan", () => {
    test("carries the values", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a", "one"), put("b", ""), put("c", "three"));
        const { items } = await store.scan(rangeOf());
        expect(items.map(({ value }) => textOf(value))).toEqual(["one", "", "three"]);
      });
    });

    test("ends a page soon after its bound of bytes, and loses nothing", async () => {
      await withStore(make, async ({ store }) => {
        const names = ["a", "b", "c", "d", "e", "f"];
        for (const name of names) await mustCommit(store, put(name, new Uint8Array(MiB)));
        for (const asked of [{}, { reverse: true }, { filter: "$" }, { filter: "$", reverse: true }]) {
          const pages = await allPages(store, "scan", rangeOf(asked));
          for (const { items } of pages) {
            const bytes = items.reduce((sum, { size }) => sum + size, 0);
            expect(bytes).toBeLessThanOrEqual(LIMITS.stepBytes + MiB);
          }
          const keys = pages.flatMap(({ items }) => items.map(({ key }): string => key));
          expect(keys).toEqual("reverse" in asked ? names.toReversed() : names);
        }
      });
    });
  });

  describe("count", () => {
    test("of an empty store is 0", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.count(EVERY_KEY)).toBe(0);
        expect(await store.count(keySet({ prefix: "a" }))).toBe(0);
      });
    });

    test("counts the entries of the set", async () => {
      await withKeys(["a1", "a2", "b1", "b2", "b3"], async (store) => {
        expect(await store.count(EVERY_KEY)).toBe(5);
        expect(await store.count(keySet({ prefix: "b" }))).toBe(3);
        expect(await store.count(keySet({ filter: "$1" }))).toBe(2);
        expect(await store.count(keySet({ start: "a2", end: "b2" }))).toBe(2);
        expect(await store.count(keySet({ prefix: "b", filter: "*3" }))).toBe(1);
        expect(await store.count(keySet({ start: "c" }))).toBe(0);
      });
    });

    test("counts more keys than it looks at in one turn", async () => {
      const names = Array.from({ length: 5003 }, (_, index) => `k${index}`);
      await withKeys(names, async (store) => {
        expect(await store.count(keySet({ prefix: "k" }))).toBe(names.length);
        expect(await store.count(keySet({ filter: "k*1" }))).toBe(names.filter((name) => name.endsWith("1")).length);
      });
    });

    test("does not count entries that have ended", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a1"), put("a2", "", { expiry: ENDED }), put("b1", "", { expiry: ENDED }));
        expect(await store.count(EVERY_KEY)).toBe(1);
        expect(await store.count(keySet({ prefix: "a" }))).toBe(1);
        expect(await store.count(keySet({ filter: "b*" }))).toBe(0);
      });
    });

    test("does not count an entry from its instant on", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        await prepare(store, put("a", "", { expiry: endsIn(5) }), put("b"));
        const end = (await mustCommit(store, check("a"))).outcomes[0]?.before?.expiresAt ?? store.now();
        await untilCome(harness, end);
        expect(await store.count(EVERY_KEY)).toBe(1);
        expect(await store.count(keySet({ filter: "*" }))).toBe(1);
      });
    });
  });
}

/** What an EntryInfo tells, of an Entry too. */
function infoOf(info: EntryInfo): EntryInfo {
  const { key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt } = info;
  return { key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt };
}
