// Reads of single entries, figures, and the end of a store.
import { describe, expect, test } from "bun:test";
import { countOf } from "../../src/core/histogram.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import {
  bytesOf,
  check,
  commit,
  ENDED,
  keyOf,
  keySet,
  mustCommit,
  near,
  prepare,
  put,
  rangeOf,
  remove,
  textOf,
} from "../support/requests.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";

const MiB = 1024 * 1024;

export function readsSuite(make: MakeStore): void {
  describe("get", () => {
    test("answers null where there is no entry", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.get(keyOf("a"))).toBeNull();
      });
    });

    test("answers the live entry, all there is to know of it", async () => {
      await withStore(make, async ({ store, clockErrorMs }) => {
        const before = store.now();
        const { revision } = await mustCommit(
          store,
          put("a", "one", { contentType: "application/json", form: "json" }),
        );
        const entry = await store.get(keyOf("a"));
        expect(entry).toMatchObject({
          key: keyOf("a"),
          size: 3,
          contentType: "application/json",
          form: "json",
          revision,
          expiresAt: null,
        });
        expect(textOf(entry?.value)).toBe("one");
        expect(entry?.createdAt).toBeGreaterThanOrEqual(before - clockErrorMs);
        expect<unknown>(entry?.modifiedAt).toBe(entry?.createdAt);
        expect(entry?.tag).toMatch(/^[\x21\x23-\x7e]+$/);
      });
    });

    for (const form of ["bytes", "text", "json", "wrapped-json"] as const) {
      test(`answers the form ${form} as it was put`, async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a", "1", { form }));
          expect((await store.get(keyOf("a")))?.form).toBe(form);
        });
      });
    }

    test("answers an empty value as empty, not as missing", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", ""));
        const entry = await store.get(keyOf("a"));
        expect(entry?.size).toBe(0);
        expect(entry?.value).toEqual(new Uint8Array(0));
      });
    });

    test("answers every byte value as it was put", async () => {
      await withStore(make, async ({ store }) => {
        const value = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
        await mustCommit(store, put("a", value));
        expect((await store.get(keyOf("a")))?.value).toEqual(value);
      });
    });

    test("answers a value of 1 MiB as it was put", async () => {
      await withStore(make, async ({ store }) => {
        const value = Uint8Array.from({ length: MiB }, (_, index) => (index * 31 + (index >> 8)) % 256);
        await mustCommit(store, put("a", value));
        const entry = await store.get(keyOf("a"));
        expect(entry?.size).toBe(MiB);
        expect(Bun.hash(entry?.value ?? "")).toBe(Bun.hash(value));
      });
    });

    test("answers a value that is a part of a larger buffer as that part", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", bytesOf("xxinsideyy").subarray(2, 8)));
        expect(textOf((await store.get(keyOf("a")))?.value)).toBe("inside");
      });
    });

    test("tells apart keys that only their bytes tell apart", async () => {
      await withStore(make, async ({ store }) => {
        const names = ["a", "A", "a ", "é", "e\u0301", "\uffff", "\u{1f600}", "a/b", "a//b", "__proto__", "%61"];
        await prepare(store, ...names.map((name) => put(name)));
        for (const name of names) expect(textOf((await store.get(keyOf(name)))?.value)).toBe(name);
      });
    });

    test("finds a key of the greatest length", async () => {
      await withStore(make, async ({ store }) => {
        const name = "k".repeat(LIMITS.keyBytes);
        await mustCommit(store, put(name));
        expect((await store.get(keyOf(name)))?.key).toBe(keyOf(name));
      });
    });

    test("sees a commit as soon as that resolves", async () => {
      await withStore(make, async ({ store }) => {
        for (let round = 0; round < 20; round++) {
          await mustCommit(store, put("a", `${round}`));
          expect(textOf((await store.get(keyOf("a")))?.value)).toBe(`${round}`);
        }
      });
    });
  });

  describe("getMany", () => {
    test("answers one for each key, in the order asked, null for the missing", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a"), put("b"));
        const entries = await store.getMany(["b", "x", "a", "b"].map(keyOf));
        expect(entries.map((entry) => entry && textOf(entry.value))).toEqual(["b", null, "a", "b"]);
      });
    });

    test("answers nothing for no keys", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.getMany([])).toEqual([]);
      });
    });

    test("shows all of a batch or none of it where reads are snapshots", async () => {
      await withStore(make, async ({ store }) => {
        const keys = ["a", "m", "z"].map((name) => keyOf(near(name)));
        const writing = (async () => {
          for (let round = 0; round < 100; round++) await mustCommit(store, ...keys.map((key) => put(key, `${round}`)));
        })();
        for (let read = 0; read < 100; read++) {
          const values = (await store.getMany(keys)).map((entry) => textOf(entry?.value));
          if (store.capabilities.reads === "snapshot") expect(new Set(values).size).toBe(1);
          else expect(values).toHaveLength(keys.length);
          await new Promise(setImmediate);
        }
        await writing;
      });
    });
  });

  describe("stats", () => {
    test("of an empty store are all zero", async () => {
      await withStore(make, async ({ store }) => {
        expect(store.stats()).toMatchObject({ entries: 0, revision: 0, queuedCommits: 0 });
      });
    });

    test("count entries and name the latest revision", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put(near("a")), put(near("b")));
        await mustCommit(store, put(near("b")));
        const { revision } = await mustCommit(store, remove(near("a")));
        expect(store.stats()).toMatchObject({ entries: 1, revision });
      });
    });

    test("count commits and what has been removed for its end, and tell how long writing took, or null", async () => {
      await withStore(make, async ({ store }) => {
        expect(store.stats()).toMatchObject({ expired: 0 });
        const { commits: before } = store.stats();
        await mustCommit(store, put(near("a"), "", { expiry: ENDED }), put(near("b")));
        await mustCommit(store, put(near("a")));
        await commit(store, put(near("b"), "", { when: [{ is: "absent" }] }));
        const { commits, expired, writing } = store.stats();
        expect(commits - before).toBeGreaterThanOrEqual(2);
        expect(expired).toBe(1);
        if (writing === null) return;
        expect(countOf(writing.commitSeconds)).toBe(commits);
        expect(writing.commitSeconds.sum).toBeGreaterThan(0);
        expect(writing.commitRequests.sum).toBe(3);
        expect(countOf(writing.waitSeconds)).toBe(3);
      });
    });

    test("count ended entries that await the sweeper", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a", "", { expiry: ENDED }), put("b"));
        expect(store.stats().entries).toBe(2);
      });
    });

    test("tell bytes that grow with what is stored, or null", async () => {
      await withStore(make, async ({ store }) => {
        const { bytes: before } = store.stats();
        await mustCommit(store, put("a", new Uint8Array(MiB)));
        const { bytes: after } = store.stats();
        if (before === null) expect(after).toBeNull();
        else expect(after).toBeGreaterThanOrEqual(before + MiB);
      });
    });
  });

  describe("close", () => {
    const calls = {
      get: (store) => store.get(keyOf("a")),
      getMany: (store) => store.getMany([keyOf("a")]),
      list: (store) => store.list(rangeOf()),
      scan: (store) => store.scan(rangeOf()),
      "count of all": (store) => store.count(EVERY_KEY),
      "count of some": (store) => store.count(keySet({ prefix: "a" })),
      commit: (store) => commit(store, put("a")),
      deleteAll: (store) => store.deleteAll(EVERY_KEY),
      changes: (store) => store.changes(null, 1),
    } satisfies Record<string, (store: Parameters<Parameters<typeof withStore>[1]>[0]["store"]) => unknown>;
    for (const [name, call] of Object.entries(calls)) {
      test(`leaves ${name} unavailable`, async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a"));
          await store.close();
          expect(await rejectionCode(() => call(store))).toBe("unavailable");
        });
      });
    }

    test("can be called twice, also at once", async () => {
      await withStore(make, async ({ store }) => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      });
    });

    test("finishes queued commits", async () => {
      await withStore(make, async ({ store }) => {
        const commits = ["a", "b", "c"].map((name) => mustCommit(store, put(near(name))));
        const closing = store.close();
        const revisions = (await Promise.all(commits)).map(({ revision }): number => revision);
        expect(revisions).toEqual([...new Set(revisions)].toSorted((one, other) => one - other));
        expect(revisions).toHaveLength(commits.length);
        await closing;
      });
    });

    test("takes no commit that comes after it, though earlier ones are not finished yet", async () => {
      await withStore(make, async ({ store }) => {
        const queued = mustCommit(store, put("a"));
        const closing = store.close();
        expect(await rejectionCode(() => commit(store, put("b")))).toBe("unavailable");
        expect(await rejectionCode(() => store.deleteAll(EVERY_KEY))).toBe("unavailable");
        await Promise.all([queued, closing]);
      });
    });
  });

  describe("now", () => {
    test("does not run backwards", async () => {
      await withStore(make, async (harness) => {
        let last = harness.store.now();
        for (let round = 0; round < 50; round++) {
          await harness.step();
          const now = harness.store.now();
          expect(now).toBeGreaterThanOrEqual(last);
          last = now;
        }
      });
    });

    test("is the clock that commits are stamped by", async () => {
      await withStore(make, async ({ store, clockErrorMs }) => {
        const before = store.now();
        await mustCommit(store, put("a"));
        const [entry] = await store.getMany([keyOf("a")]);
        expect(entry?.modifiedAt).toBeGreaterThanOrEqual(before - clockErrorMs);
        expect(entry?.modifiedAt).toBeLessThanOrEqual(store.now() + clockErrorMs);
        await mustCommit(store, check("a", [{ is: "present" }]));
      });
    });
  });
}
