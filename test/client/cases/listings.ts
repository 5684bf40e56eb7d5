// Listings, pages and counts.
import { type ClientCase, collect, expectEqual } from "../client-case.ts";

const NAMES = ["a", "b/1", "b/2", "b/3", "c", "ü", "🦊"];

export const LISTING_CASES: readonly ClientCase[] = [
  {
    name: "list and listKeys answer everything in key order, whatever the size of their pages",
    async run({ db }) {
      await db.putMany(NAMES.map((name) => [name, name] as const));
      for (const pageSize of [1, 3, 7, 1000]) {
        expectEqual(await collect(db.listKeys({ pageSize })), NAMES);
        const entries = await collect(db.list({ pageSize }));
        expectEqual(
          entries.map((entry) => [entry.key, entry.text()]),
          NAMES.map((name) => [name, name]),
        );
      }
    },
  },
  {
    name: "listings are narrowed by prefix, filter, range, limit and direction",
    async run({ db }) {
      await db.putMany(NAMES.map((name) => [name, name] as const));
      const keys = (options: Parameters<typeof db.listKeys>[0]) => collect(db.listKeys(options));
      expectEqual(await keys({ prefix: "b/" }), ["b/1", "b/2", "b/3"]);
      expectEqual(await keys({ filter: "?" }), ["a", "c", "ü", "🦊"]);
      expectEqual(await keys({ start: "b/2", end: "c" }), ["b/2", "b/3"]);
      expectEqual(await keys({ reverse: true, limit: 2, pageSize: 1 }), ["🦊", "ü"]);
      expectEqual(await keys({ limit: 0 }), []);
      expectEqual(await keys({ prefix: "none" }), []);
    },
  },
  {
    name: "pages lead on to the next, and name a place to watch from",
    async run({ db }) {
      await db.putMany({ a: "1", b: "2", c: "3" });
      const first = await db.page({ limit: 2 });
      const second = await db.page({ limit: 2, cursor: first.next ?? "" });
      expectEqual(
        [first, second].map(({ entries }) => entries.map(({ key }) => key)),
        [["a", "b"], ["c"]],
      );
      expectEqual([second.next, first.cursor !== ""], [null, true]);
      await db.delete("b");
      const [event] = await collect(db.watch({ since: first.cursor }), 1);
      expectEqual(event?.type === "delete" && event.key, "b");
    },
  },
  {
    name: "count counts what is meant",
    async run({ db }) {
      await db.putMany(NAMES.map((name) => [name, name] as const));
      expectEqual([await db.count(), await db.count({ prefix: "b/" }), await db.count({ filter: "*2" })], [7, 3, 1]);
    },
  },
  {
    name: "what a listing shows can be written under a condition",
    async run({ db }) {
      await db.put("a", "1");
      const [entry] = await collect(db.list());
      expectEqual((await db.put("a", "2", { ifMatch: entry?.etag ?? "" })).isNew, false);
    },
  },
  {
    name: "a prefix that looks like a pattern is none",
    async run({ db }) {
      const view = db.withPrefix("50%*?$\\/");
      await view.put("a1", "");
      await db.put("50%xyz/a2", "");
      expectEqual(await collect(view.listKeys({ filter: "a?" })), ["a1"]);
      expectEqual(await collect(db.listKeys({ filter: "*a?" })), ["50%*?$\\/a1", "50%xyz/a2"]);
    },
  },
  {
    name: "a listing that is left early asks for no more",
    async run({ db, faulty }) {
      await db.putMany(NAMES.map((name) => [name, name] as const));
      const { db: counted, requests } = faulty("");
      expectEqual((await collect(counted.list({ pageSize: 2 }), 3)).length, 3);
      expectEqual((await requests()).length, 2);
    },
  },
];
