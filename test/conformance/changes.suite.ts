// changes(): the log of what befell keys, and the cursors that read on in it.
import { describe, expect, test } from "bun:test";
import { toRevision } from "../../src/core/entry.ts";
import { formatCursor } from "../../src/store/cursor.ts";
import type { Cursor, Store } from "../../src/store/store.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import { ENDED, endsIn, mustCommit, put, remove, touch } from "../support/requests.ts";
import { type MakeStore, until, withStore } from "../support/store-harness.ts";

export function changesSuite(make: MakeStore): void {
  const logged = async (store: Store, after: Cursor | null, limit = 1000) =>
    (await store.changes(after, limit)).changes.map(({ kind, key, revision }) => `${revision} ${kind} ${key}`);

  /** Page after page, until none says that there is more. */
  const readAll = async (
    store: Store,
    { after, limit, upTo }: { readonly after: Cursor | null; readonly limit: number; readonly upTo: Cursor | null },
  ) => {
    const keys: string[] = [];
    for (let cursor = after; ; ) {
      const page = await store.changes(cursor, limit, upTo);
      expect(page.isIncomplete).toBe(false);
      keys.push(...page.changes.map(({ key }) => key));
      cursor = page.cursor;
      if (!page.hasMore) return { keys, cursor };
    }
  };

  describe("changes", () => {
    test("of an empty store are none, and complete", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.changes(null, 10)).toMatchObject({ changes: [], isIncomplete: false });
      });
    });

    test("tell what befell each key, in the order of commits and within them, with revisions", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("b"), put("a"));
        await mustCommit(store, touch("b", endsIn(86_400_000)));
        await mustCommit(store, remove("a"), put("c"));
        await mustCommit(store, touch("b", ENDED));
        await mustCommit(store, put("b"));
        expect(await logged(store, null)).toEqual([
          "1 put b",
          "1 put a",
          "1 touch b",
          "2 delete a",
          "2 put c",
          "1 touch b",
          "3 expire b",
          "3 put b",
        ]);
      });
    });

    test("come oldest first, at most as many as asked, and the cursor reads on directly after", async () => {
      await withStore(make, async ({ store }) => {
        for (const name of ["a", "b", "c", "d", "e"]) await mustCommit(store, put(name));
        const seen: string[] = [];
        let cursor: Cursor | null = null;
        for (const expected of [2, 2, 1, 0]) {
          const page = await store.changes(cursor, 2);
          expect(page.changes).toHaveLength(expected);
          expect(page.isIncomplete).toBe(false);
          seen.push(...page.changes.map(({ key }) => key));
          cursor = page.cursor;
        }
        expect(seen).toEqual(["a", "b", "c", "d", "e"]);
      });
    });

    test("at the end give a cursor from which later ones are read", async () => {
      await withStore(make, async ({ store }) => {
        const { cursor: atStart } = await store.changes(null, 10);
        await mustCommit(store, put("a"));
        expect(await logged(store, atStart)).toEqual(["1 put a"]);
        const { cursor } = await store.changes(atStart, 10);
        expect(await logged(store, cursor)).toEqual([]);
        expect((await store.changes(cursor, 10)).cursor).toBe(cursor);
        await mustCommit(store, put("b"));
        expect(await logged(store, cursor)).toEqual(["2 put b"]);
      });
    });

    test("are all read where each page is read on from until none says that there are more", async () => {
      await withStore(make, async ({ store }) => {
        const names = Array.from({ length: 20 }, (_, index) => `k${index}`);
        for (const name of names) await mustCommit(store, put(name));
        const seen = (await readAll(store, { after: null, limit: 3, upTo: null })).keys;
        expect(seen.toSorted()).toEqual(names.toSorted());
        if (store.capabilities.order === "store") expect(seen).toEqual(names);
        for (const limit of [19, 20, 21]) {
          const page = await store.changes(null, limit);
          if (store.capabilities.order === "store") expect([limit, page.hasMore]).toEqual([limit, limit < 20]);
          expect(page.changes.length).toBeLessThanOrEqual(limit);
        }
      });
    });

    test("are read up to a cursor, which is then the page's own, and none beyond it", async () => {
      await withStore(make, async ({ store }) => {
        const start = await store.latestCursor();
        for (let index = 0; index < 10; index++) await mustCommit(store, put(`a${index}`));
        const upTo = await store.latestCursor();
        const { changes } = await store.changes(null, 1000);
        for (let index = 0; index < 10; index++) await mustCommit(store, put(`b${index}`));
        for (const [after, limit] of [
          ...([1, 3, 10, 1000] as const).map((count) => [start, count] as const),
          ...([4, 1000] as const).map((count) => [null, count] as const),
        ]) {
          const read = await readAll(store, { after, limit, upTo });
          expect(read.keys.toSorted()).toEqual(changes.map(({ key }): string => key).toSorted());
          expect(read.cursor).toBe(upTo);
        }
        expect(await store.changes(upTo, 10, upTo)).toMatchObject({ changes: [], cursor: upTo, hasMore: false });
        const end = await store.latestCursor();
        const beyond = await store.changes(end, 10, upTo);
        expect(beyond).toMatchObject({ changes: [], cursor: end, hasMore: false, isIncomplete: false });
      });
    });

    test("up to a text that is no cursor are refused", async () => {
      await withStore(make, async ({ store }) => {
        expect(await rejectionCode(() => store.changes(null, 10, "x.y" as Cursor))).toBe("invalid-request");
      });
    });

    test("may be read twice from one cursor", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"), put("b"));
        const { cursor } = await store.changes(null, 1);
        expect(await logged(store, cursor)).toEqual(["1 put b"]);
        expect(await logged(store, cursor)).toEqual(["1 put b"]);
      });
    });

    test("are never split so that a cursor loses the rest of a commit", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"), put("b"), put("c"));
        const first = await store.changes(null, 2);
        expect(first.changes.map(({ key }): string => key)).toEqual(["a", "b"]);
        expect(await logged(store, first.cursor)).toEqual(["1 put c"]);
      });
    });

    test("are visible as soon as their commit resolves", async () => {
      await withStore(make, async ({ store }) => {
        for (let round = 1; round <= 10; round++) {
          const { revision } = await mustCommit(store, put("a"));
          expect((await store.changes(null, 100)).changes.at(-1)?.revision).toBe(revision);
          expect(revision).toBe(toRevision(round));
        }
      });
    });

    test("of a text that is no cursor are refused", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const { incarnation } = store;
        const texts = [
          ...["", "1", `.${incarnation}`, `-1.${incarnation}`, `1.5.${incarnation}`, `01.${incarnation}`, "x.y"],
          ...[`1.${incarnation} `, `1.${incarnation}\n`],
        ];
        const codes = await Promise.all(
          texts.map((cursor) => rejectionCode(() => store.changes(cursor as Cursor, 10))),
        );
        expect(codes).toEqual(texts.map(() => "invalid-request"));
        expect(await rejectionCode(() => store.changes(formatCursor(incarnation, 1), 10))).toBeNull();
      });
    });

    test("of a cursor of another life, or beyond the end, are none, incomplete, and go on from the end", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"));
        const { incarnation } = store;
        const beyond = [2, Number.MAX_SAFE_INTEGER, 999_999_999_999_999].map((end) => formatCursor(incarnation, end));
        for (const cursor of [formatCursor("otherlife", 1), ...beyond]) {
          const page = await store.changes(cursor, 10);
          const nothing = { changes: [], hasMore: false, isIncomplete: true };
          expect(page).toEqual({ ...nothing, cursor: await store.latestCursor() });
          expect(await store.changes(null, 10, cursor)).toMatchObject(nothing);
        }
        const end = await store.latestCursor();
        await mustCommit(store, put("b"));
        expect(await logged(store, end)).toEqual(["2 put b"]);
      });
    });

    test("carry each the cursor that reads on directly after it", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a"), put("b"), put("c"));
        const { changes } = await store.changes(null, 10);
        for (const [index, { cursor }] of changes.entries()) {
          expect((await logged(store, cursor)).length).toBe(changes.length - index - 1);
        }
      });
    });

    test("that are logged wake whoever asked for it, until that is ended", async () => {
      await withStore(
        make,
        async (harness) => {
          const { store } = harness;
          let wakes = 0;
          const end = store.onChange(() => wakes++);
          await mustCommit(store, put("a", "", { expiry: ENDED }));
          await until(harness, () => wakes > 0);
          await until(harness, async () => (await store.changes(null, 10)).changes.length === 2);
          wakes = 0;
          await mustCommit(store, put("b", "", { expiry: endsIn(1) }));
          await until(harness, async () => (await logged(store, null)).at(-1)?.endsWith("expire b") === true);
          await until(harness, () => wakes > 0);
          end();
          wakes = 0;
          await mustCommit(store, put("c"));
          const { cursor } = await store.changes(null, 100);
          expect(wakes).toBe(0);
          expect(await store.latestCursor()).toBe(cursor);
        },
        { upkeep: "on" },
      );
    });

    test("say that they are incomplete once the log has been trimmed behind the cursor", async () => {
      await withStore(
        make,
        async (harness) => {
          const { store } = harness;
          await mustCommit(store, put("first"));
          const { cursor: old } = await store.changes(null, 10);
          for (let index = 0; index < 45; index++) await mustCommit(store, put(`k${index}`));
          const { cursor: recent } = await store.changes(old, 1000);
          for (let index = 45; index < 50; index++) await mustCommit(store, put(`k${index}`));
          const { cursor: latest } = await store.changes(recent, 1000);
          await until(harness, async () => (await store.changes(old, 1)).isIncomplete);

          const rest = await store.changes(old, 1000);
          expect(rest.isIncomplete).toBe(true);
          expect(rest.changes.length).toBeGreaterThanOrEqual(10);
          expect(rest.changes.length).toBeLessThan(50);
          expect<string | undefined>(rest.changes.at(-1)?.key).toBe("k49");
          expect(rest.cursor).toBe(latest);
          expect((await store.changes(null, 1)).isIncomplete).toBe(true);
          // What is kept is read as before, from cursors within it.
          expect(await store.changes(recent, 1000)).toMatchObject({ cursor: latest, isIncomplete: false });
          expect((await store.changes(recent, 1000)).changes).toEqual(rest.changes.slice(-5));
          const none = { changes: [], hasMore: false, isIncomplete: false };
          expect(await store.changes(latest, 10)).toEqual({ ...none, cursor: latest });
        },
        { upkeep: "on", historyChanges: 10 },
      );
    });
  });
}
