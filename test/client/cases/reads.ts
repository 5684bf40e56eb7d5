// Reads of one entry and of several.
import { type ClientCase, collect, expectCode, expectEqual, expectNear, expectTrue } from "../client-case.ts";

export const READ_CASES: readonly ClientCase[] = [
  {
    name: "get answers the bytes, their type, and what there is to know of them",
    async run({ db }) {
      const written = await db.put("a", new Uint8Array([0, 255, 7]), { contentType: "image/x", ttlMs: 60_000 });
      const entry = await db.get("a");
      if (entry === null) throw new Error("There is none");
      const { expiresAt, modifiedAt, ttlMs, ...rest } = entry;
      expectNear(ttlMs, 60_000);
      expectEqual(rest, {
        key: "a",
        value: new Uint8Array([0, 255, 7]),
        contentType: "image/x",
        size: 3,
        revision: written.revision,
        etag: written.etag,
      });
      const age = Number(expiresAt) - Number(modifiedAt);
      expectTrue(age >= 59_000 && age <= 62_000, `an end a minute behind ${modifiedAt}, not ${expiresAt}`);
    },
  },
  {
    name: "get, getText, getJson, head, has and getStream tell that there is no entry",
    async run({ db }) {
      const none = [db.get("a"), db.getText("a"), db.getJson("a"), db.head("a"), db.getStream("a")];
      expectEqual(await Promise.all(none), [null, null, null, null, null]);
      expectEqual(await db.has("a"), false);
    },
  },
  {
    name: "keys of every kind are named as they are",
    async run({ db }) {
      for (const key of ["a/b", "a b", "ü/雪/🦊", "%2F", "a?b&c=d#e", "__proto__", "a+b", "{x}", '"', "\\"]) {
        await db.put(key, key);
        expectEqual(await db.getText(key), key);
        expectEqual((await db.getMany([key])).get(key)?.text() ?? null, key);
        expectEqual(await db.delete(key), true);
      }
    },
  },
  {
    name: "keys that would name another resource are refused before they are sent",
    async run({ api, url }) {
      const whole = new api.Keyhold(url);
      for (const key of ["", ".", "..", "\ud800"]) await expectCode(whole.get(key), "invalid-key");
      await expectCode(whole.get("a/../b"), "invalid-key");
    },
  },
  {
    name: "getJson parses, and says where there is no JSON",
    async run({ db }) {
      await db.putJson("a", { n: [1, null, "ü"] });
      expectEqual(await db.getJson("a"), { n: [1, null, "ü"] });
      await db.put("b", "no");
      expectEqual((await expectCode(db.getJson("b"), "not-json")).data, { key: "b" });
    },
  },
  {
    name: "head answers all but the value, its length among it",
    async run({ db }) {
      await db.put("a", "x".repeat(3000));
      const { value: _value, ...info } = (await db.get("a")) ?? { value: null };
      expectEqual(await db.head("a"), info);
    },
  },
  {
    name: "getStream answers the value as it comes",
    async run({ db }) {
      const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
      await db.put("a", bytes);
      const stream = await db.getStream("a");
      expectEqual([stream?.info.size, stream?.info.contentType], [300_000, "application/octet-stream"]);
      expectEqual(new Uint8Array(await new Response(stream?.body ?? null).arrayBuffer()), bytes);
    },
  },
  {
    name: "getIfChanged tells unchanged, changed and gone apart",
    async run({ db }) {
      const { etag } = await db.put("a", "1");
      expectEqual(await db.getIfChanged("a", etag), "unchanged");
      await db.put("a", "2");
      const changed = await db.getIfChanged("a", etag);
      expectEqual(changed !== "unchanged" && changed?.text(), "2");
      await db.delete("a");
      expectEqual(await db.getIfChanged("a", etag), null);
    },
  },
  {
    name: "getMany answers those that there are, in the order asked, and byte for byte",
    async run({ db }) {
      const values = { text: "ü\n", json: '{"n":106242075399214372653,"$json":1}', half: new Uint8Array([0xff]) };
      await db.put("text", values.text);
      await db.put("json", values.json, { contentType: "application/json" });
      await db.put("wrapper", '{"$base64":"no bytes"}', { contentType: "application/json" });
      await db.put("string", '"a"', { contentType: "application/json" });
      await db.put("broken", "a", { contentType: "application/problem+json" });
      await db.put("half", values.half);
      const found = await db.getMany(["half", "none", "json", "text", "wrapper", "string", "broken"]);
      const texts = [...found].map(([key, entry]) => [key, entry.contentType, entry.text()]);
      expectEqual(texts, [
        ["half", "application/octet-stream", "\ufffd"],
        ["json", "application/json", values.json],
        ["text", "text/plain; charset=utf-8", values.text],
        ["wrapper", "application/json", '{"$base64":"no bytes"}'],
        ["string", "application/json", '"a"'],
        ["broken", "application/problem+json", "a"],
      ]);
      expectEqual(found.get("half")?.value, values.half);
    },
  },
  {
    name: "getMany takes more keys than one request names",
    async run({ db, faulty }) {
      const keys = Array.from({ length: 300 }, (_, index) => `${index}/${"k".repeat(60)}`);
      await db.putMany(keys.map((key) => [key, key] as const));
      const { db: counted, requests } = faulty("");
      const found = await counted.getMany([...keys, "none"]);
      expectEqual([...found.keys()], keys);
      expectTrue((await requests()).length > 1, "several requests were needed");
    },
  },
  {
    name: "with batchReads the gets of one turn are one request",
    async run({ db, faulty }) {
      await db.putMany({ a: "1", b: "2" });
      const { db: batched, requests } = faulty("", { batchReads: true });
      const [a, b, again, none] = await Promise.all(["a", "b", "a", "c"].map((key) => batched.getText(key)));
      expectEqual([a, b, again, none], ["1", "2", "1", null]);
      expectEqual((await requests()).length, 1);
      const [text, reason] = await Promise.all([
        batched.getText("b"),
        batched.get("a", { signal: AbortSignal.abort(new Error("left")) }).catch((error: Error) => error.message),
      ]);
      expectEqual([text, reason], ["2", "left"]);
    },
  },
  {
    name: "with batchReads a key that is refused spoils no other read of its turn",
    async run({ db, faulty }) {
      await db.put("a", "1");
      const { db: batched } = faulty("", { batchReads: true });
      for (const wrong of ["x".repeat(600), "\uD800"]) {
        const [text] = await Promise.all([batched.getText("a"), expectCode(batched.get(wrong), "invalid-key")]);
        expectEqual(text, "1");
      }
    },
  },
  {
    name: "waitFor answers what comes, what changes and what goes",
    async run({ db }) {
      const coming = db.waitFor("a", { timeoutMs: 10_000 });
      await db.put("a", "1");
      const first = await coming;
      expectEqual(first?.text(), "1");
      const changing = db.waitFor("a", { etag: first?.etag ?? "", timeoutMs: 10_000 });
      await db.put("a", "2");
      const second = await changing;
      expectEqual(second?.text(), "2");
      const going = db.waitFor("a", { etag: second?.etag ?? "", timeoutMs: 10_000 });
      await db.delete("a");
      expectEqual(await going, null);
    },
  },
  {
    name: "waitFor ends with its time, and with its signal",
    async run({ db }) {
      await expectCode(db.waitFor("a", { timeoutMs: 50 }), "timeout");
      const controller = new AbortController();
      const waiting = db.waitFor("a", { signal: controller.signal });
      controller.abort(new Error("left"));
      expectEqual(await waiting.catch((error: Error) => error.message), "left");
    },
  },
  {
    name: "a view with a prefix reads its own keys alone",
    async run({ db }) {
      const view = db.withPrefix("app/").withPrefix("x/");
      await db.put("other", "1");
      await view.put("a", "2");
      expectEqual(await db.getText("app/x/a"), "2");
      expectEqual((await view.get("a"))?.key, "a");
      expectEqual(await collect(view.listKeys()), ["a"]);
      expectEqual(
        [...(await view.getMany(["a"])).values()].map(({ key }) => key),
        ["a"],
      );
    },
  },
];
