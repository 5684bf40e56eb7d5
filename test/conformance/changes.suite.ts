// changes(): the log of what befell keys, and the cursors that read on in it. Where the order of changes is asserted, the
// keys lie together, or inLogOrder() says how far there is one.
import { describe, expect, test } from "bun:test";
import type { Cursor, LoggedChange, Store } from "../../src/store/store.ts";
import { changesAfter, inLogOrder, loggedKinds } from "../support/logged-changes.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import { ENDED, endsIn, keyOf, mustCommit, near, prepare, put, remove, touch } from "../support/requests.ts";
import { type MakeStore, until, withStore } from "../support/store-harness.ts";

export function changesSuite(make: MakeStore): void {
  const logged = async (store: Store, after: Cursor | null) =>
    (await changesAfter(store, after)).changes.map(({ kind, key, revision }) => `${revision} ${kind} ${key}`);
  const hasOneOrder = (store: Store) => store.capabilities.order === "store";

  describe("changes", () => {
    test("of an empty store are none, and complete", async () => {
      await withStore(make, async ({ store }) => {
        expect(await store.changes(null, 10)).toMatchObject({ changes: [], hasMore: false, isIncomplete: false });
      });
    });

    test("tell what befell each key, in the order of commits and within them, with revisions", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b, c] = [near("a"), near("b"), near("c")];
        const { revision: first } = await mustCommit(store, put(b), put(a));
        await mustCommit(store, touch(b, endsIn(86_400_000)));
        const { revision: second } = await mustCommit(store, remove(a), put(c));
        await mustCommit(store, touch(b, ENDED));
        const { revision: third } = await mustCommit(store, put(b));
        expect(await logged(store, null)).toEqual([
          `${first} put ${b}`,
          `${first} put ${a}`,
          `${first} touch ${b}`,
          `${second} delete ${a}`,
          `${second} put ${c}`,
          `${first} touch ${b}`,
          `${third} expire ${b}`,
          `${third} put ${b}`,
        ]);
        expect(second).toBeGreaterThan(first);
        expect(third).toBeGreaterThan(second);
      });
    });

    test("come oldest first, at most as many as asked, and the cursor reads on directly after", async () => {
      await withStore(make, async ({ store }) => {
        for (const name of ["a", "b", "c", "d", "e"]) await mustCommit(store, put(near(name)));
        const seen: string[] = [];
        const lengths: number[] = [];
        let cursor: Cursor | null = null;
        for (let hasMore = true; hasMore; ) {
          const page = await store.changes(cursor, 2);
          expect(page.isIncomplete).toBe(false);
          lengths.push(page.changes.length);
          seen.push(...page.changes.map(({ key }) => key));
          cursor = page.cursor;
          hasMore = page.hasMore;
        }
        expect(seen).toEqual(["a", "b", "c", "d", "e"].map(near));
        expect(Math.max(...lengths)).toBeLessThanOrEqual(2);
        if (hasOneOrder(store)) expect(lengths).toEqual([2, 2, 1]);
        expect((await store.changes(cursor, 2)).changes).toEqual([]);
      });
    });

    test("of keys that lie apart are all told, those of each partition in their order", async () => {
      await withStore(make, async ({ store }) => {
        const names = Array.from({ length: 30 }, (_, index) => `k${index}`);
        for (const name of names) await mustCommit(store, put(name));
        for (const name of names) await mustCommit(store, remove(name));
        const asked = ["put", "delete"].flatMap((kind) => names.map((name) => ({ kind, key: keyOf(name) })));
        for (const limit of [1, 7, 1000]) {
          const { changes } = await changesAfter(store, null, { limit });
          expect(inLogOrder(store, changes).map(({ kind, key }) => `${kind} ${key}`)).toEqual(
            inLogOrder(store, asked).map(({ kind, key }) => `${kind} ${key}`),
          );
        }
      });
    });

    test("at the end give a cursor from which later ones are read", async () => {
      await withStore(make, async ({ store }) => {
        const { cursor: atStart } = await store.changes(null, 10);
        const { revision: first } = await mustCommit(store, put("a"));
        expect(await logged(store, atStart)).toEqual([`${first} put a`]);
        const { cursor } = await changesAfter(store, atStart);
        expect(await logged(store, cursor)).toEqual([]);
        expect((await store.changes(cursor, 10)).cursor).toBe(cursor);
        const { revision: second } = await mustCommit(store, put("b"));
        expect(await logged(store, cursor)).toEqual([`${second} put b`]);
      });
    });

    test("are all read where each page is read on from until none says that there are more", async () => {
      await withStore(make, async ({ store }) => {
        const names = Array.from({ length: 20 }, (_, index) => `k${index}`);
        for (const name of names) await mustCommit(store, put(name));
        const seen = (await changesAfter(store, null, { limit: 3 })).changes.map(({ key }): string => key);
        expect(seen.toSorted()).toEqual(names.toSorted());
        if (hasOneOrder(store)) expect(seen).toEqual(names);
        for (const limit of [19, 20, 21]) {
          const page = await store.changes(null, limit);
          if (hasOneOrder(store)) expect([limit, page.hasMore]).toEqual([limit, limit < 20]);
          expect(page.changes.length).toBeLessThanOrEqual(limit);
        }
      });
    });

    test("are read up to a cursor, which is then the page's own, and none beyond it", async () => {
      await withStore(make, async ({ store }) => {
        const start = await store.latestCursor();
        const names = Array.from({ length: 10 }, (_, index) => `a${index}`);
        for (const name of names) await mustCommit(store, put(name));
        const upTo = await store.latestCursor();
        for (let index = 0; index < 10; index++) await mustCommit(store, put(`b${index}`));
        for (const [after, limit] of [
          ...([1, 3, 10, 1000] as const).map((count) => [start, count] as const),
          ...([4, 1000] as const).map((count) => [null, count] as const),
        ]) {
          const { changes, cursor } = await changesAfter(store, after, { limit, upTo });
          expect(changes.map(({ key }): string => key).toSorted()).toEqual(names);
          expect(cursor).toBe(upTo);
        }
        expect(await store.changes(upTo, 10, upTo)).toMatchObject({ changes: [], cursor: upTo, hasMore: false });
        const end = await store.latestCursor();
        const beyond = await store.changes(end, 10, upTo);
        expect(beyond).toMatchObject({ changes: [], cursor: end, hasMore: false, isIncomplete: false });
      });
    });

    test("may be read twice from one cursor", async () => {
      await withStore(make, async ({ store }) => {
        const { revision: first } = await mustCommit(store, put(near("a")));
        const { cursor } = await changesAfter(store, null);
        const { revision: second } = await mustCommit(store, put(near("b")));
        for (let round = 0; round < 2; round++) {
          expect(await logged(store, cursor)).toEqual([`${second} put ${near("b")}`]);
          expect(await logged(store, null)).toEqual([`${first} put ${near("a")}`, `${second} put ${near("b")}`]);
        }
      });
    });

    test("are never split so that a cursor loses the rest of a commit", async () => {
      await withStore(make, async ({ store }) => {
        const keys = ["a", "b", "c"].map(near);
        await mustCommit(store, ...keys.map((key) => put(key)));
        for (const limit of [1, 2, 3]) {
          const first = await store.changes(null, limit);
          const seen = first.changes.map(({ key }): string => key);
          if (hasOneOrder(store)) expect(seen).toEqual(keys.slice(0, limit));
          const { changes: rest } = await changesAfter(store, first.cursor);
          expect([...seen, ...rest.map(({ key }): string => key)]).toEqual(keys);
        }
      });
    });

    test("are visible as soon as their commit resolves", async () => {
      await withStore(make, async ({ store }) => {
        for (let round = 1; round <= 10; round++) {
          const { revision } = await mustCommit(store, put("a"));
          const { changes } = await changesAfter(store, null);
          expect(changes).toHaveLength(round);
          expect(changes.at(-1)?.revision).toBe(revision);
        }
      });
    });

    test("of a text that is no cursor are refused, and up to one", async () => {
      await withStore(make, async ({ store, cursors }) => {
        await mustCommit(store, put("a"));
        for (const text of cursors.malformed) {
          expect([text, await rejectionCode(() => store.changes(text as Cursor, 10))]).toEqual([
            text,
            "invalid-request",
          ]);
          expect([text, await rejectionCode(() => store.changes(null, 10, text as Cursor))]).toEqual([
            text,
            "invalid-request",
          ]);
        }
        const latest = await store.latestCursor();
        expect(await rejectionCode(() => store.changes(latest, 10))).toBeNull();
      });
    });

    test("of a cursor of another life, or beyond the end, are none, incomplete, and go on from the end", async () => {
      await withStore(make, async ({ store, cursors }) => {
        await mustCommit(store, put("a"));
        for (const cursor of [cursors.foreign(), ...cursors.beyond(await store.latestCursor())]) {
          const nothing = { changes: [], hasMore: false, isIncomplete: true };
          expect(await store.changes(cursor, 10)).toEqual({ ...nothing, cursor: await store.latestCursor() });
          expect(await store.changes(null, 10, cursor)).toMatchObject(nothing);
        }
        const end = await store.latestCursor();
        const { revision } = await mustCommit(store, put("b"));
        expect(await logged(store, end)).toEqual([`${revision} put b`]);
      });
    });

    test("carry each the cursor that reads on directly after it, or none where only the page has one", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(store, put("a"), put("b"), put("c"));
        const { changes } = await changesAfter(store, null);
        expect(changes).toHaveLength(3);
        for (const [index, { cursor }] of changes.entries()) {
          if (hasOneOrder(store)) expect(cursor).not.toBeNull();
          if (cursor === null) continue;
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
          await until(harness, async () => (await loggedKinds(store)).length === 2);
          wakes = 0;
          await mustCommit(store, put("b", "", { expiry: endsIn(1) }));
          await until(harness, async () => (await loggedKinds(store)).includes("expire b"));
          await until(harness, () => wakes > 0);
          end();
          wakes = 0;
          await mustCommit(store, put("c"));
          const { cursor } = await changesAfter(store, null);
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
          const total = 450;
          const putTens = async (from: number, to: number) => {
            for (let first = from; first < to; first += 10) {
              await mustCommit(store, ...Array.from({ length: 10 }, (_, index) => put(near(`k${first + index}`))));
            }
          };
          await mustCommit(store, put(near("first")));
          const { cursor: old } = await store.changes(null, 10);
          await putTens(0, total - 10);
          const recent = await store.latestCursor();
          const rest = Array.from({ length: 5 }, (_, index) => put(near(`k${total - 5 + index}`)));
          await mustCommit(store, ...rest);
          const latest = await store.latestCursor();
          await until(harness, async () => (await store.changes(old, 1)).isIncomplete);

          expect((await store.changes(null, 1)).isIncomplete).toBe(true);
          const left: LoggedChange[] = [];
          let page = await store.changes(old, 1000);
          // The trim may go on between two pages.
          await until(harness, async () => {
            page = await store.changes(old, 1000);
            expect(page.isIncomplete).toBe(true);
            left.splice(0, left.length, ...page.changes);
            for (let next = page; next.hasMore; left.push(...next.changes)) {
              next = await store.changes(next.cursor, 1000);
              if (next.isIncomplete) return false;
            }
            return true;
          });
          expect(left.length).toBeGreaterThanOrEqual(10);
          expect(left.length).toBeLessThan(total - 5);
          expect<string | undefined>(left.at(-1)?.key).toBe(near(`k${total - 1}`));
          if (hasOneOrder(store)) expect(page.cursor).toBe(latest);
          // What is kept is read as before, from cursors within it.
          const kept = await changesAfter(store, recent);
          expect(kept.cursor).toBe(latest);
          expect(kept.changes.map(({ key }) => key)).toEqual(rest.map(({ key }) => key));
          expect(kept.changes.map(({ revision }) => revision)).toEqual(left.slice(-5).map(({ revision }) => revision));
          const none = { changes: [], hasMore: false, isIncomplete: false };
          expect(await store.changes(latest, 10)).toEqual({ ...none, cursor: latest });
        },
        { upkeep: "on", historyChanges: 10 },
      );
    });
  });
}
