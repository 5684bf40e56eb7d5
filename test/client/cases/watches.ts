// Watches, and that they go on over whatever cuts them.
import { type ClientCase, collect, type Db, expectCode, expectEqual, expectTrue } from "../client-case.ts";

export const WATCH_CASES: readonly ClientCase[] = [
  {
    name: "a watch tells puts, deletes and touches with their values",
    async run({ db }) {
      const told = begin(db, { touches: true });
      await told.ready();
      await db.put("text", "ü");
      await db.putJson("json", { n: [1] });
      await db.put("bytes", new Uint8Array([0xff, 0]));
      await db.expire("text", 60_000);
      await db.delete("json");
      const events = await told.take(5);
      const shown = events.map((event) => [
        event.type,
        "key" in event ? event.key : null,
        event.type === "put" ? event.value : null,
        event.type === "touch" && event.expiresAt !== null,
      ]);
      expectEqual(shown, [
        ["put", "text", new TextEncoder().encode("ü"), false],
        ["put", "json", events[1]?.type === "put" ? events[1].value : null, false],
        ["put", "bytes", new Uint8Array([0xff, 0]), false],
        ["touch", "text", null, true],
        ["delete", "json", null, false],
      ]);
      expectTrue(
        events.every(({ cursor }) => cursor !== null),
        "each is a place to go on from",
      );
      await told.leave();
    },
  },
  {
    name: "a watch begins with what there is where it is told to, and values can be left out",
    async run({ db }) {
      await db.put("a", "1");
      await db.putJson("b", { n: 1 });
      const [a, b, ready] = await collect(db.watch({ since: "snapshot" }), 3);
      expectEqual(a?.type === "put" && [a.key, a.text(), a.json(), a.cursor], ["a", "1", "1", null]);
      expectEqual(b?.type === "put" && [b.key, b.text(), b.json()], ["b", '{"n":1}', { n: 1 }]);
      expectEqual([ready?.type, ready?.cursor === null], ["ready", false]);
      const [bare] = await collect(db.watch({ since: "snapshot", values: false }), 1);
      expectEqual(bare?.type === "put" && [bare.value, bare.text(), bare.json(), bare.valueRevision], [
        null,
        null,
        null,
        null,
      ]);
    },
  },
  {
    name: "a watch is of its set alone: by prefix, filter and keys",
    async run({ db }) {
      const { cursor } = await db.page();
      await db.putMany([
        ["a/1", ""],
        ["a/22", ""],
        ["b/1", ""],
      ]);
      const keysOf = async (options: Parameters<typeof db.watch>[0], count: number) =>
        (await collect(db.watch({ since: cursor, ...options }), count)).map((event) => "key" in event && event.key);
      expectEqual(await keysOf({ prefix: "a/" }, 2), ["a/1", "a/22"]);
      expectEqual(await keysOf({ filter: "*/1" }, 2), ["a/1", "b/1"]);
      expectEqual(await keysOf({ keys: ["b/1", "a/22"] }, 2), ["a/22", "b/1"]);
    },
  },
  {
    name: "a watch that is cut goes on behind what it has told",
    async run({ db, faulty }) {
      const { cursor } = await db.page();
      for (const key of ["1", "2", "3", "4", "5", "6"]) await db.put(key, key);
      const states: string[] = [];
      const { db: cut, requests } = faulty("cut-lines-2,busy-0,cut-lines-1,cut-before,html-502");
      const onConnection = ({ is }: { readonly is: string }) => void states.push(is);
      const events = await collect(cut.watch({ since: cursor, onConnection }), 6);
      expectEqual(
        events.map((event) => "key" in event && event.key),
        ["1", "2", "3", "4", "5", "6"],
      );
      expectEqual([(await requests()).length, states], [6, ["open", "lost", "open", "lost", "open"]]);
    },
  },
  {
    name: "a snapshot that is cut begins anew behind a reset",
    async run({ db, faulty }) {
      await db.putMany({ a: "1", b: "2", c: "3" });
      const { db: cut } = faulty("cut-lines-2");
      const events = await collect(cut.watch({ since: "snapshot" }), 7);
      expectEqual(
        events.map((event) => ("key" in event ? event.key : event.type)),
        ["a", "b", "reset", "a", "b", "c", "ready"],
      );
    },
  },
  {
    name: "a watch on which nothing is heard is opened anew",
    async run({ db, faulty }) {
      const { cursor } = await db.page();
      await db.put("a", "1");
      const { db: mute, requests } = faulty("mute,mute");
      const [event] = await collect(mute.watch({ since: cursor, silenceMs: 250 }), 1);
      expectEqual([event?.type, (await requests()).length], ["put", 3]);
    },
  },
  {
    name: "a caller that takes its time is not taken for a silence",
    async run({ db, faulty }) {
      const { cursor } = await db.page();
      await db.putMany({ a: "1", b: "2" });
      const { db: counted, requests } = faulty("");
      const seen: string[] = [];
      for await (const event of counted.watch({ since: cursor, silenceMs: 80 })) {
        if (event.type === "put") seen.push(event.key);
        if (seen.length === 2) break;
        // Longer than the silence that is borne, by a wait that is known to end.
        await db.waitFor("never", { timeoutMs: 160 }).catch(() => null);
      }
      expectEqual([seen, (await requests()).length], [["a", "b"], 1]);
    },
  },
  {
    name: "a watch whose first connection fails says so, as one that is refused does",
    async run({ db, faulty }) {
      const { db: dead } = faulty(Array(12).fill("cut-before").join());
      await expectCode(collect(dead.watch(), 1), "unreachable");
      await expectCode(collect(db.watch({ since: "no cursor" }), 1), "invalid-parameter");
    },
  },
  {
    name: "a watch ends with its signal, and throws its reason",
    async run({ db }) {
      const controller = new AbortController();
      const watching = collect(
        db.watch({ signal: controller.signal, onConnection: () => controller.abort(new Error("left")) }),
      );
      expectEqual(
        await watching.then(
          () => null,
          (error: Error) => error.message,
        ),
        "left",
      );
    },
  },
  {
    name: "a watch whose token ends is told so",
    async run({ api, guarded }) {
      const admin = new api.Keyhold(guarded.url, { token: guarded.secret });
      const { id, secret } = await admin.tokens.create({ name: "watcher" });
      const db = new api.Keyhold(guarded.url, { token: secret, retry: { baseMs: 5 } });
      const watching = db.watch();
      expectEqual((await watching.next()).value?.type, "ready");
      const ended = expectCode(watching.next(), "unauthenticated");
      await admin.tokens.revoke(id);
      await ended;
    },
  },
];

/** A watch that is read in the background. */
function begin(db: Db, options: Parameters<Db["watch"]>[0]) {
  const events = db.watch(options);
  const next = async () => {
    for (;;) {
      const { value, done } = await events.next();
      if (done || value === undefined) throw new Error("The watch has ended");
      if (value.type !== "bookmark") return value;
    }
  };
  return {
    async ready() {
      expectEqual((await next()).type, "ready");
    },
    async take(count: number) {
      const taken: Awaited<ReturnType<typeof next>>[] = [];
      while (taken.length < count) taken.push(await next());
      return taken;
    },
    async leave() {
      await events.return();
    },
  };
}
