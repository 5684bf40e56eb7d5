// `/keys/{key}`: the entry as JSON (contract §5).
import { expect, test } from "bun:test";
import { expectProblem, nowMs } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

export function entriesSuite(withServer: WithServer): void {
  test("PUT of a pair creates with 201 and replaces with 200, and answers the pair", async () => {
    await withServer(async ({ http }) => {
      const first = await http.putJson("/keys/a", ' {"a" : 1.0 } ');
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, '{"a": 1.0}', "/keys/a"]);
      expect(first.headers["content-type"]).toBe("application/json");
      const second = await http.putJson("/keys/a", '{"a": "w"}');
      expect([second.status, second.text, second.headers["location"]]).toEqual([200, '{"a": "w"}', undefined]);
      expect(Number(second.headers["revision"])).toBeGreaterThan(Number(first.headers["revision"]));
      expect(second.headers["etag"]).toMatch(/-j"$/);
    });
  });

  test("PUT takes what curl -d calls a form as JSON when it is, else as bytes", async () => {
    await withServer(async ({ http }) => {
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      expect((await http.put("/keys/a", '{"a": {"x": 1}}', form)).text).toBe('{"a": {"x": 1}}');
      expect((await http.put("/keys/a", "hello=world", form)).text).toBe('{"a": "hello=world"}');
      expect((await http.get("/a")).headers["content-type"]).toBe("application/octet-stream");
      expectProblem(await http.put("/keys/a", '{"b": 1}', form), "key-mismatch");
    });
  });

  test.each(["text/plain", "image/png", "application/ld+json"])("PUT of %s stores the bytes", async (contentType) => {
    await withServer(async ({ http }) => {
      await http.put("/keys/a", '{"b": 1}', { "Content-Type": contentType });
      const { headers, text } = await http.get("/a");
      expect([headers["content-type"], text]).toEqual([contentType, '{"b": 1}']);
    });
  });

  test.each([
    ['{"b": 1}', "key-mismatch"],
    ["{}", "key-mismatch"],
    ['{"a": 1, "b": 2}', "key-mismatch"],
    ['{"a": 1, "a": 2}', "invalid-json"],
    ["[]", "key-mismatch"],
    ["1", "key-mismatch"],
    ["null", "key-mismatch"],
    ['{"a": }', "invalid-json"],
    ['{"a": 1} x', "invalid-json"],
    ["", "invalid-json"],
  ] as const)("PUT of %s answers %s and writes nothing", async (json, code) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.putJson("/keys/a", json), code);
      expect((await http.get("/keys/a")).status).toBe(404);
    });
  });

  test("a byte order mark before a JSON body is passed over", async () => {
    await withServer(async ({ http }) => {
      expect((await http.putJson("/keys/a", '\ufeff{"a": 1}')).text).toBe('{"a": 1}');
    });
  });

  test.each(["__proto__", "10", "constructor", "toString"])("%s is a key like any other", async (key) => {
    await withServer(async ({ http }) => {
      expect((await http.putJson(`/keys/${key}`, `{"${key}": "v"}`)).text).toBe(`{"${key}": "v"}`);
      expect(await http.text(`/keys/${key}`)).toBe(`{"${key}": "v"}`);
    });
  });

  test("GET answers the pair as JSON with the fields of the entry", async () => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.putJson("/keys/a?expire_in=60", '{"a": "v"}');
      const { status, headers, text } = await http.get("/keys/a");
      expect([status, text]).toEqual([200, '{"a": "v"}']);
      expect(headers).toMatchObject({
        "content-type": "application/json",
        vary: "Accept",
        etag: put["etag"] ?? "",
        revision: put["revision"] ?? "",
        ttl: "60",
        "cache-control": "no-cache",
      });
    });
  });

  test.each([
    [{}, "application/json"],
    [{ Accept: "*/*" }, "application/json"],
    [{ Accept: "application/json" }, "application/json"],
    [{ Accept: "application/octet-stream" }, "text/x; a=b"],
    [{ Accept: "text/x" }, "text/x; a=b"],
    [{ Accept: "text/*" }, "text/x; a=b"],
    [{ Accept: "text/x;q=0.5, application/json;q=0.9" }, "application/json"],
    [{ Accept: "text/x, application/json;q=0.9" }, "text/x; a=b"],
    [{ Accept: "application/json;q=0, */*" }, "text/x; a=b"],
  ])("GET with %j answers %s", async (accept, contentType) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v", { "Content-Type": "text/x; a=b" });
      const { headers, text } = await http.get("/keys/a", accept);
      expect(headers["content-type"]).toBe(contentType);
      expect(headers["vary"]).toBe("Accept");
      const isBytes = contentType.startsWith("text/x");
      expect(text).toBe(isBytes ? "v" : '{"a": "v"}');
      expect(headers["content-location"]).toBe(isBytes ? "/a" : undefined);
    });
  });

  test("bytes have a Content-Location only where the short path can name them", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/my-key", "v");
      const { headers, text } = await http.get("/keys/my-key", { Accept: "application/octet-stream" });
      expect([text, headers["content-location"]]).toEqual(["v", undefined]);
    });
  });

  test("the bytes carry the value's own tag", async () => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.put("/a", "v");
      const { headers } = await http.get("/keys/a", { Accept: "application/octet-stream" });
      expect(headers["etag"]).toBe(put["etag"] ?? "");
    });
  });

  test("an Accept that excludes every form answers 406 and names them", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v", { "Content-Type": "text/x" });
      const { detail } = expectProblem(await http.get("/keys/a", { Accept: "image/png" }), "not-acceptable");
      expect(detail).toContain("application/json, application/octet-stream, text/x");
      expectProblem(await http.get("/keys/a?meta", { Accept: "text/x" }), "not-acceptable");
    });
  });

  test("?meta answers the whole entry, without a tag", async () => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.putJson("/keys/a?expire_in=60", '{"a": [1.0]}');
      const now = await nowMs(http);
      const { text, headers } = await http.get("/keys/a?meta");
      const meta = JSON.parse(text);
      expect(Object.keys(meta).join()).toBe(
        "key,value,content_type,size,revision,etag,created_at,modified_at,expires_at,ttl",
      );
      expect(text).toContain('"value": [1.0],');
      expect(meta).toMatchObject({
        key: "a",
        content_type: "application/json",
        size: 5,
        revision: Number(put["revision"]),
        ttl: 60,
      });
      expect(Math.abs(Date.parse(meta.created_at) - now)).toBeLessThan(10_000);
      expect(Date.parse(meta.expires_at) - Date.parse(meta.modified_at)).toBe(60_000);
      expect(headers["etag"]).toBeUndefined();
      expect(headers["revision"]).toBe(put["revision"] ?? "");
    });
  });

  test("?meta of an entry that does not expire says null, and creation survives a replacement", async () => {
    await withServer(async ({ http, step }) => {
      await http.put("/a", "v");
      const first = JSON.parse(await http.text("/keys/a?meta"));
      expect([first.expires_at, first.ttl]).toEqual([null, null]);
      await step();
      await http.put("/a", "w");
      const second = JSON.parse(await http.text("/keys/a?meta"));
      expect(second.created_at).toBe(first.created_at);
      expect(Date.parse(second.modified_at)).toBeGreaterThanOrEqual(Date.parse(first.modified_at));
    });
  });

  test("DELETE answers the count, and 404 when there is nothing", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const { status, text, headers } = await http.delete("/keys/a");
      expect([status, text, headers["content-type"]]).toEqual([200, '{"deleted": 1}', "application/json"]);
      expectProblem(await http.delete("/keys/a"), "not-found");
    });
  });

  test("DELETE with Prefer: return=representation answers the old pair", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "old");
      const { status, text, headers } = await http.delete("/keys/a", { Prefer: "return=representation" });
      expect([status, text]).toEqual([200, '{"a": "old"}']);
      expect(headers["preference-applied"]).toBe("return=representation");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("DELETE with Prefer: return=representation answers the bytes where Accept asks for them, and the pair where it asks for what there is not", async () => {
    await withServer(async ({ http }) => {
      const prefer = { Prefer: "return=representation" };
      await http.put("/keys/a", "a {}", { "Content-Type": "text/css" });
      const { text, headers } = await http.delete("/keys/a", { ...prefer, Accept: "application/octet-stream" });
      expect([text, headers["content-type"]]).toEqual(["a {}", "text/css"]);
      await http.put("/keys/a", "a {}", { "Content-Type": "text/css" });
      const other = await http.delete("/keys/a", { ...prefer, Accept: "image/png" });
      expect([other.status, other.text, other.headers["content-type"]]).toEqual([
        200,
        '{"a": "a {}"}',
        "application/json",
      ]);
    });
  });

  test("PUT and PATCH with Prefer: return=minimal answer the fields alone", async () => {
    await withServer(async ({ http }) => {
      const prefer = { Prefer: "return=minimal" };
      const made = await http.put("/keys/a/b?expire_in=60", "long", { ...prefer, "Content-Type": "text/css" });
      expect([made.status, made.text, made.headers["location"]]).toEqual([201, "", "/keys/a/b"]);
      expect(made.headers).toMatchObject({ "preference-applied": "return=minimal", ttl: "60" });
      const replaced = await http.put("/keys/a/b", "long", { ...prefer, "Content-Type": "text/css" });
      expect([replaced.status, replaced.text, replaced.headers["content-type"]]).toEqual([204, "", undefined]);
      const added = await http.patch("/keys/a/b", "append=er", prefer);
      expect([added.status, added.text]).toEqual([204, ""]);
      const counted = await http.patch("/keys/n", "incr=2", prefer);
      expect([counted.status, counted.text]).toEqual([201, ""]);
      expect(await http.text("/keys?key=a/b&key=n")).toBe('[{"a/b": "longer"}, {"n": 2}]');
      const head = await http.head("/keys/a/b");
      expect(head.headers).toMatchObject({ etag: added.headers["etag"], revision: added.headers["revision"] });
    });
  });

  test("HEAD and PATCH of a missing entry answer 404", async () => {
    await withServer(async ({ http }) => {
      expect((await http.head("/keys/chore3")).status).toBe(404);
      expectProblem(await http.patch("/keys/chore3", "expire_in=60"), "not-found");
    });
  });

  test("the dialects show one another's entries", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "raw");
      await http.putJson("/keys/b", '{"b": "json"}');
      expect(await http.text("/keys")).toBe('[{"a": "raw"}, {"b": "json"}]');
      expect(await http.text("/b")).toBe("json");
    });
  });

  test("POST answers 405 with Allow", async () => {
    await withServer(async ({ http }) => {
      const answer = await http.postJson("/keys/a", '{"a": 1}');
      expectProblem(answer, "method-not-allowed");
      expect(answer.headers["allow"]).toBe("GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
    });
  });
}
