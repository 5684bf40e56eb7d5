// The SQLite engine keeps the contract, and keeps it over a restart.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { toEpochMs } from "../../src/core/expiry.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/engines/sqlite/store.ts";
import { check, commit, endsAt, keyOf, mustCommit, put, rangeOf, remove, textOf, touch } from "../support/requests.ts";
import { makeSqliteHarness, sqliteOptions } from "../support/sqlite-harness.ts";
import { requireSoundDatabase } from "../support/sqlite-invariants.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { tokenOf } from "../support/token-records.ts";
import { backupSuite } from "./backup.suite.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("sqlite", makeSqliteHarness);
describe("sqlite", () => backupSuite(makeSqliteHarness));

type OpenStore = Awaited<ReturnType<typeof openSqliteStore>>;

/** Does one thing after another to the store of one directory, closing and opening it between them. */
async function overRestarts(
  steps: readonly ((store: OpenStore) => Promise<void>)[],
  options: Partial<SqliteStoreOptions> = {},
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    for (const step of steps) {
      const store = await openSqliteStore({ ...sqliteOptions(directory), ...options });
      try {
        await step(store);
      } finally {
        await store.close();
      }
      requireSoundDatabase(directory);
    }
  });
}

describe("sqlite, closed and opened again", () => {
  test("holds the entries as they were", async () => {
    const end = Date.now() + 86_400_000;
    await overRestarts([
      async (store) => {
        await mustCommit(store, put("a", "1", { contentType: "application/json", form: "json", expiry: endsAt(end) }));
      },
      async (store) => {
        const entry = store.get(keyOf("a"));
        expect(textOf(entry?.value)).toBe("1");
        expect(entry).toMatchObject({ contentType: "application/json", form: "json", expiresAt: end });
      },
    ]);
  });

  test("keeps its incarnation, so tags stay what they were", async () => {
    const seen: string[] = [];
    const note = async (store: OpenStore) => {
      if (store.get(keyOf("a")) === null) await mustCommit(store, put("a"));
      seen.push(store.incarnation, store.get(keyOf("a"))?.tag ?? "");
    };
    await overRestarts([note, note]);
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
  });

  test("numbers its commits from 1 on, and none twice, not even of a key deleted before", async () => {
    await overRestarts([
      async (store) => {
        expect<number>((await mustCommit(store, put("a"), put("b"))).revision).toBe(1);
        expect<number>((await mustCommit(store, remove("a"))).revision).toBe(2);
      },
      async (store) => {
        expect(store.get(keyOf("b"))).toMatchObject({ revision: 1, tag: `1.${store.incarnation}` });
        expect<number>((await mustCommit(store, put("a"))).revision).toBe(3);
        expect<string>(await store.latestCursor()).toBe(`4.${store.incarnation}`);
      },
    ]);
  });

  test("goes on with the change log where it ended", async () => {
    let cursor: Awaited<ReturnType<OpenStore["changes"]>>["cursor"] | null = null;
    await overRestarts([
      async (store) => {
        await mustCommit(store, put("a"));
        cursor = (await store.changes(null, 10)).cursor;
        await mustCommit(store, touch("a", endsAt(Date.now() + 86_400_000)));
      },
      async (store) => {
        await mustCommit(store, put("b"));
        const page = await store.changes(cursor, 10);
        expect(page.changes.map(({ kind, key }) => `${kind} ${key}`)).toEqual(["touch a", "put b"]);
        expect(page.isIncomplete).toBe(false);
      },
    ]);
  });

  test("leaves no log behind when it is closed, so nothing of it holds the files", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(store, put("a"));
      expect(existsSync(store.files.log)).toBe(true);
      await store.close();
      expect(existsSync(store.files.log)).toBe(false);
    });
  });

  test("says that it was closed whole", async () => {
    const note = async (store: OpenStore) => {
      expect(store.wasClean).toBe(true);
      await mustCommit(store, put("a"));
    };
    await overRestarts([note, note]);
  });

  test("keeps its access tokens", async () => {
    const kept = [tokenOf("a", { prefixes: ["ci/"] }), tokenOf("b", { revokedAt: toEpochMs(5) })];
    await overRestarts([
      async (store) => {
        for (const record of kept) await store.putToken(record, null);
      },
      async (store) => {
        expect(await store.tokens()).toEqual(kept);
      },
    ]);
  });

  test("counts what it holds", async () => {
    let latest = 0;
    await overRestarts([
      async (store) => {
        await mustCommit(store, put("a"), put("b"), put("c"));
        latest = (await mustCommit(store, remove("b"))).revision;
      },
      async (store) => {
        expect(store.stats()).toMatchObject({ entries: 2, revision: latest });
        expect((await store.list(rangeOf())).items.map(({ key }) => key)).toEqual([keyOf("a"), keyOf("c")]);
      },
    ]);
  });
});

describe("sqlite, asked for less durability", () => {
  test("says so", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory, { durability: "relaxed" }));
      expect(store.capabilities.durability).toBe("process-crash");
      await store.close();
    });
  });
});

describe("sqlite, its queue of writes", () => {
  test("refuses a write beyond its bound as busy, and takes as many as the bound", async () => {
    await overRestarts(
      [
        async (store) => {
          const writes = ["a", "b", "c"].map((name) => commit(store, put(name)).then(({ committed }) => committed));
          expect(store.stats().queuedCommits).toBe(2);
          const settled = await Promise.allSettled(writes);
          expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
          expect(settled[2]).toMatchObject({ reason: { code: "busy" } });
          await mustCommit(store, check("a", [{ is: "present" }]));
          expect(store.stats().queuedCommits).toBe(0);
        },
      ],
      { queuedCommits: 2 },
    );
  });
});
