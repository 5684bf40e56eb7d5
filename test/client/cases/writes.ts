// Writes of one entry and of several.
import { type ClientCase, collect, expectCode, expectEqual, expectNear, expectTrue } from "../client-case.ts";

const encoder = new TextEncoder();

export const WRITE_CASES: readonly ClientCase[] = [
  {
    name: "put answers whether it is new, and grows the revision",
    async run({ db }) {
      const first = await db.put("a", "1");
      const second = await db.put("a", "2");
      expectEqual([first.isNew, second.isNew], [true, false]);
      expectTrue(second.revision > first.revision && second.etag !== first.etag, "a write makes a new state");
    },
  },
  {
    name: "put takes text, bytes, Blobs and streams, each with its type",
    async run({ db }) {
      await db.put("text", "ü");
      await db.put("bytes", encoder.encode("ü"));
      await db.put("blob", new Blob(["ü"], { type: "image/x" }));
      await db.put("stream", new Blob(["ü"]).stream(), { contentType: "text/html" });
      await db.put("part", encoder.encode("[ü]").subarray(1, 3));
      await db.put("empty", "");
      const entries = await collect(db.list());
      expectEqual(
        entries.map(({ key, contentType, size }) => [key, contentType, size]),
        [
          ["blob", "image/x", 2],
          ["bytes", "application/octet-stream", 2],
          ["empty", "text/plain; charset=utf-8", 0],
          ["part", "application/octet-stream", 2],
          ["stream", "text/html", 2],
          ["text", "text/plain; charset=utf-8", 2],
        ],
      );
    },
  },
  {
    name: "JSON is stored as the text that it is, in whatever form it comes",
    async run({ db }) {
      const text = '{"b": 1.0, "a": 106242075399214372653}';
      const contentType = "application/json";
      const forms = { text, bytes: encoder.encode(text), blob: new Blob([text]), stream: new Blob([text]).stream() };
      for (const [key, value] of Object.entries(forms)) await db.put(key, value, { contentType });
      for (const key of Object.keys(forms)) {
        const entry = await db.get(key);
        expectEqual([entry?.text(), entry?.contentType], [text, contentType]);
      }
      for (const value of ["text", 5, null, true, { $json: 1 }, { $base64: "AA==" }, []]) {
        await db.putJson("a", value);
        expectEqual([await db.getJson("a"), (await db.head("a"))?.contentType], [value, contentType]);
      }
      await expectCode(db.putJson("a", undefined), "invalid-call");
      await expectCode(db.put("a", "{", { contentType }), "invalid-json");
    },
  },
  {
    name: "what is more or less than one JSON value is not stored as JSON, in whatever form it comes",
    async run({ db }) {
      const contentType = "application/json";
      for (const text of [
        '1, "b": 2',
        '{"a": 1}, "x": {}',
        '1}, "other": {"$json": 2',
        '"a": 1',
        '"\\"", "b": 1',
        "",
        "{",
      ]) {
        const blob = new Blob([text]);
        for (const value of [text, encoder.encode(text), blob, blob.stream()]) {
          await expectCode(db.put("a", value, { contentType }), "invalid-json");
        }
      }
      expectEqual(await db.count(), 0);
      const deep = '{"a": [",:}", {"b": "\\"}"}]}';
      await db.put("a", new Blob([deep]).stream(), { contentType });
      expectEqual(await db.getText("a"), deep);
    },
  },
  {
    name: "put with an expiry ends, and without one does not",
    async run({ db }) {
      await db.put("a", "1", { ttlMs: 90_000 });
      expectNear((await db.head("a"))?.ttlMs, 90_000);
      const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
      await db.put("a", "1", { expiresAt });
      expectEqual((await db.page()).entries[0]?.expiresAt, expiresAt);
      await db.put("a", "1");
      expectEqual((await db.head("a"))?.expiresAt, null);
      await expectCode(db.put("a", "1", { ttlMs: 1, expiresAt }), "invalid-call");
      await expectCode(db.put("a", "1", { ttlMs: -5 }), "invalid-expiry");
    },
  },
  {
    name: "conditions are kept: ifMatch, ifAbsent, create",
    async run({ db }) {
      const { etag } = await db.put("a", "1");
      const { etag: next } = await db.put("a", "2", { ifMatch: etag });
      const { status, data } = await expectCode(db.put("a", "3", { ifMatch: etag }), "precondition-failed");
      expectEqual([status, typeof data["revision"]], [412, "number"]);
      await expectCode(db.put("a", "3", { ifAbsent: true }), "precondition-failed");
      await expectCode(db.put("b", "3", { ifMatch: "*" }), "precondition-failed");
      expectEqual(await db.create("a", "3"), null);
      expectEqual((await db.create("b", "3"))?.isNew, true);
      await expectCode(db.delete("a", { ifMatch: etag }), "precondition-failed");
      expectEqual(await db.delete("a", { ifMatch: next }), true);
    },
  },
  {
    name: "of several that create at once one does",
    async run({ db }) {
      const made = await Promise.all(Array.from({ length: 8 }, (_, index) => db.create("lock", String(index))));
      expectEqual(made.filter((each) => each !== null).length, 1);
    },
  },
  {
    name: "delete and take say whether there was an entry, and take shows it",
    async run({ db }) {
      const { revision, etag } = await db.put("a", "1", { contentType: "text/css" });
      const taken = await Promise.all([db.take("a"), db.take("a"), db.take("a")]);
      const [entry] = taken.filter((each) => each !== null);
      expectEqual(taken.filter((each) => each !== null).length, 1);
      expectEqual([entry?.text(), entry?.contentType, entry?.revision, entry?.etag], ["1", "text/css", revision, etag]);
      expectEqual(await db.delete("a"), false);
    },
  },
  {
    name: "counters count, keep their bounds, and tell when they end",
    async run({ db }) {
      const first = await db.increment("n", 3, { initial: 10, ttlIfNewMs: 60_000 });
      expectEqual([first.value, first.isNew], [13, true]);
      expectTrue((first.ttlMs ?? 0) > 55_000 && (first.ttlMs ?? 0) <= 60_000, "it ends in a minute");
      const second = await db.increment("n", -1, { ttlIfNewMs: 600_000 });
      expectEqual([second.value, second.isNew, second.expiresAt], [12, false, first.expiresAt]);
      expectEqual((await db.increment("n")).value, 13);
      const refused = await expectCode(db.increment("n", 1, { max: 13 }), "out-of-range");
      expectEqual([refused.data["value"], await db.getText("n")], [13, "13"]);
      await db.put("text", "no");
      await expectCode(db.increment("text"), "not-an-integer");
    },
  },
  {
    name: "text is added before and behind",
    async run({ db }) {
      const first = await db.append("log", "b & c=ü\n", { ttlMs: 60_000 });
      expectEqual(first.isNew, true);
      const { etag, isNew } = await db.prepend("log", "a\n");
      expectEqual([isNew, etag], [false, (await db.head("log"))?.etag]);
      expectEqual(await db.getText("log"), "a\nb & c=ü\n");
      await expectCode(db.append("log", "x", { ifMatch: first.etag }), "precondition-failed");
    },
  },
  {
    name: "expire and persist change the end alone",
    async run({ db }) {
      const { etag } = await db.put("a", "1");
      expectEqual(await db.expire("a", 120_000), true);
      expectNear((await db.head("a"))?.ttlMs, 120_000);
      expectEqual((await db.head("a"))?.etag, etag);
      expectEqual(await db.expire("a", new Date(Date.now() + 600_000), { ifMatch: etag }), true);
      expectEqual(await db.persist("a"), true);
      expectEqual((await db.head("a"))?.expiresAt, null);
      expectEqual([await db.expire("none", 1000), await db.persist("none")], [false, false]);
    },
  },
  {
    name: "JSON is merged and patched, and what does not fit is refused",
    async run({ db }) {
      await db.mergeJson("a", { x: 1, y: { z: 2 } });
      await db.mergeJson("a", { x: null, y: { w: 3 } });
      await db.patchJson("a", [{ op: "add", path: "/list", value: [1] }]);
      expectEqual(await db.getJson("a"), { y: { z: 2, w: 3 }, list: [1] });
      const failed = db.patchJson("a", [{ op: "test", path: "/y/z", value: 5 }]);
      expectEqual((await expectCode(failed, "patch-failed")).data["path"], "/y/z");
      await expectCode(db.patchJson("none", []), "not-found");
    },
  },
  {
    name: "putMany takes objects and pairs, any number of them",
    async run({ db }) {
      const many = { text: "t", number: 5, list: [1, "2"], nothing: null, bytes: new Uint8Array([1]) };
      expectEqual(await db.putMany(many, { ttlMs: 60_000 }), 5);
      expectEqual(await db.getJson("list"), [1, "2"]);
      expectNear((await db.head("bytes"))?.ttlMs, 60_000);
      const pairs = new Map(Array.from({ length: 300 }, (_, index) => [`n/${index}`, index]));
      expectEqual(await db.putMany(pairs), 300);
      expectEqual(await db.count({ prefix: "n/" }), 300);
    },
  },
  {
    name: "deleteMany says how many, and never means more than it is told",
    async run({ db }) {
      const keys = Array.from({ length: 150 }, (_, index) => `k/${index}`);
      await db.putMany(keys.map((key) => [key, ""] as const));
      expectEqual(await db.deleteMany({ keys: ["k/0", "k/1", "k/1", "none"] }), 2);
      expectEqual(await db.deleteMany({ filter: "k/1?" }), 10);
      await expectCode(db.deleteMany({}), "invalid-call");
      await expectCode(db.deleteMany({ prefix: "" }), "invalid-call");
      await expectCode(db.deleteMany({ prefix: "k/", all: true }), "invalid-call");
      await expectCode(db.deleteMany({ keys: ["k/0"], all: true }), "invalid-call");
      // As those say it who have no types.
      await expectCode(db.deleteMany(JSON.parse('{ "all": false }')), "invalid-call");
      expectEqual(await db.deleteMany(JSON.parse('{ "prefix": "none/", "all": false }')), 0);
      expectEqual(await db.deleteMany({ keys: [] }), 0);
      await db.put("other", "");
      expectEqual(await db.deleteMany({ prefix: "k/" }), 138);
      expectEqual(await db.deleteMany({ all: true }), 1);
      expectEqual(await db.count(), 0);
    },
  },
  {
    name: "put refuses what is neither text nor bytes, which fetch would send as some text",
    async run({ db }) {
      for (const text of ["{}", "5", "null", "[1]"]) {
        await expectCode(db.put("a", JSON.parse(text)), "invalid-call");
        await expectCode(db.put("a", JSON.parse(text), { contentType: "application/json" }), "invalid-call");
        await expectCode(db.transact({ ops: [{ put: { key: "a", value: JSON.parse(text) } }] }), "invalid-call");
      }
      expectEqual(await db.has("a"), false);
    },
  },
  {
    name: "text comes back as it was put, a byte order mark included",
    async run({ db }) {
      await db.put("marked", "\ufefftext");
      expectEqual(await db.getText("marked"), "\ufefftext");
      const [listed] = await collect(db.list({ prefix: "marked" }));
      expectEqual(listed?.text(), "\ufefftext");
      const [shown] = await collect(db.watch({ keys: ["marked"], since: "snapshot" }), 1);
      expectEqual(shown?.type === "put" && shown.text(), "\ufefftext");
      await db.put("marked", "\ufeff[1]");
      expectEqual(await db.getJson("marked"), [1]);
    },
  },
  {
    name: "a token that no field can hold is refused without being told, and not sent",
    async run({ api, url }) {
      const client = new api.Keyhold(url, { token: "kh_hidden\r\nX-Other: 1" });
      const { message } = await expectCode(client.get("a"), "invalid-call");
      expectTrue(!message.includes("hidden"), "the message is without the secret");
    },
  },
  {
    name: "a value over the limit is refused with the limit",
    async run({ db }) {
      const { status, data } = await expectCode(db.put("a", "x".repeat(1024 * 1024 + 1)), "value-too-large");
      expectEqual([status, data["limit"]], [413, 1024 * 1024]);
    },
  },
];
