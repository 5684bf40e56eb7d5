// What is of the server and not of entries: tokens, exports, backups, requests of the caller's own making.
import { type ClientCase, collect, expectCode, expectEqual, expectTrue } from "../client-case.ts";

export const SERVER_CASES: readonly ClientCase[] = [
  {
    name: "tokens are made, listed and revoked, and a request without one is refused",
    async run({ api, guarded }) {
      const admin = new api.Keyhold(guarded.url, { token: async () => guarded.secret });
      const expiresAt = new Date(Date.now() + 3_600_000);
      const made = await admin.tokens.create({ name: "ci", scopes: ["read"], prefixes: ["ci/"], expiresAt });
      expectEqual([made.scopes, made.prefixes, made.state, made.expiresAt], [["read"], ["ci/"], "active", expiresAt]);
      const listed = (await admin.tokens.list()).find(({ id }) => id === made.id);
      expectEqual([listed?.name, listed?.createdAt], ["ci", made.createdAt]);
      const reader = new api.Keyhold(guarded.url, { token: made.secret, prefix: "ci/" });
      expectEqual(await collect(reader.listKeys()), []);
      expectEqual((await expectCode(reader.put("a", "1"), "forbidden")).data["scope"], "write");
      expectEqual((await admin.tokens.revoke(made.id)).state, "revoked");
      await expectCode(reader.get("a"), "unauthenticated");
      await expectCode(new api.Keyhold(guarded.url).head("a"), "unauthenticated");
      await expectCode(admin.tokens.revoke("none"), "no-such-resource");
    },
  },
  {
    name: "an export is imported elsewhere byte for byte, and again without harm",
    async run({ db }) {
      await db.put("text", "ü\n", { contentType: "text/css", ttlMs: 3_600_000 });
      await db.put("bytes", new Uint8Array([0xff]));
      const lines = await new Response(await db.exportLines()).text();
      await db.deleteMany({ all: true });
      const whole = () => new Blob([lines]).stream();
      expectEqual(await db.importLines(whole()), { imported: 2, skipped: 0, expired: 0 });
      expectEqual(await db.importLines(whole(), { onConflict: "skip" }), { imported: 0, skipped: 2, expired: 0 });
      await expectCode(db.importLines(whole(), { onConflict: "fail" }), "already-exists");
      const { value, contentType, expiresAt } = (await db.get("text")) ?? { value: null };
      expectEqual([value, contentType, expiresAt !== null], [new TextEncoder().encode("ü\n"), "text/css", true]);
      expectEqual((await db.get("bytes"))?.value, new Uint8Array([0xff]));
      const cut = lines.split("\n").slice(0, -2).join("\n");
      expectTrue(
        (await expectCode(db.importLines(new Blob([cut]).stream()), "invalid-json")).detail.includes("cut short"),
        "why",
      );
      expectEqual((await collect(db.listKeys())).length, 2);
    },
  },
  {
    name: "an import of many entries is sent in parts",
    async run({ db, faulty }) {
      await db.putMany(Array.from({ length: 1100 }, (_, index) => [`n/${index}`, index] as const));
      const lines = await new Response(await db.exportLines({ prefix: "n/" })).text();
      await db.deleteMany({ prefix: "n/" });
      const { db: counted, requests } = faulty("cut-after");
      expectEqual((await counted.importLines(new Blob([lines]).stream())).imported, 1100);
      expectEqual([await db.count(), (await requests()).length], [1100, 3]);
      const rest = await new Response(await db.exportLines({ after: "n/998" })).text();
      expectEqual(rest.split("\n").filter((line) => line.startsWith('{"key"')).length, 1);
    },
  },
  {
    name: "an import ends with its signal while its lines are waited for",
    async run({ db }) {
      const controller = new AbortController();
      const importing = db.importLines(new ReadableStream<Uint8Array>(), { signal: controller.signal });
      controller.abort(new Error("left"));
      expectEqual(await importing.catch((error: Error) => error.message), "left");
    },
  },
  {
    name: "a backup is a file of the size and digest that are told",
    async run({ db }) {
      await db.put("a", "1");
      const { body, size, sha256, revision } = await db.backup();
      const file = await new Response(body).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", file));
      expectEqual([file.byteLength, btoa(String.fromCharCode(...digest)), revision > 0], [size, sha256, true]);
    },
  },
  {
    name: "info and ready say how the server is",
    async run({ db }) {
      const info = await db.info();
      expectEqual([typeof info["version"], await db.ready()], ["string", true]);
    },
  },
  {
    name: "request is the door for everything else, with errors and retries",
    async run({ db, faulty }) {
      await db.put("a", "hello");
      const { db: flaky, requests } = faulty("busy-0", { headers: { "X-Request-Id": "of-mine" } });
      const target = `/keys?${new URLSearchParams({ prefix: "none", limit: "1" })}`;
      expectEqual(await (await flaky.request("GET", target)).text(), "[]");
      expectEqual((await requests()).length, 2);
      expectEqual((await expectCode(flaky.request("GET", "/-/none"), "no-such-resource")).requestId, "of-mine");
      const answer = await db.request("GET", "/-/none", { accepts: [404] });
      expectEqual([answer.status, (await answer.text()).includes("no-such-resource")], [404, true]);
    },
  },
];
