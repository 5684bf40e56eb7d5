// `/{key}`: the value (contract §4).
import { expect, test } from "bun:test";
import { expectProblem, fieldOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const PATCHES = "application/x-www-form-urlencoded, application/merge-patch+json, application/json-patch+json";
const METHODS = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";

export function valuesSuite(withServer: WithServer): void {
  test("PUT of a new key answers 201 with where it is, and no body", async () => {
    await withServer(async ({ http }) => {
      const { status, headers, text } = await http.put("/a", "v");
      expect([status, headers["location"], text]).toEqual([201, "/a", ""]);
      expect(headers["etag"]).toMatch(/^"[^"]+"$/);
      expect(headers["revision"]).toMatch(/^[1-9]\d*$/);
      expect(headers["ttl"]).toBeUndefined();
    });
  });

  test("PUT of a live key answers 204 with a greater revision and another tag", async () => {
    await withServer(async ({ http }) => {
      const first = await http.put("/a", "v");
      const second = await http.put("/a", "v");
      expect([second.status, second.headers["location"]]).toEqual([204, undefined]);
      expect(Number(second.headers["revision"])).toBeGreaterThan(Number(first.headers["revision"]));
      expect(second.headers["etag"]).not.toBe(fieldOf(first, "etag"));
    });
  });

  test("PUT with an expiry says what is left of it", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/a?expire_in=60", "v")).headers["ttl"]).toBe("60");
    });
  });

  test("a revision grows over a deletion", async () => {
    await withServer(async ({ http }) => {
      const first = await http.put("/a", "v");
      await http.delete("/a");
      const second = await http.put("/a", "v");
      expect(second.status).toBe(201);
      expect(Number(second.headers["revision"])).toBeGreaterThan(Number(first.headers["revision"]));
    });
  });

  test("GET answers the bytes with exactly the fields of a value", async () => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.put("/a?expire_in=60", "hello", { "Content-Type": "text/x" });
      const { status, headers, text } = await http.get("/a");
      expect([status, text]).toEqual([200, "hello"]);
      const { date: _date, "content-length": _length, "last-modified": modified, ...rest } = headers;
      expect(rest).toEqual({
        etag: put["etag"] ?? "",
        revision: put["revision"] ?? "",
        "content-type": "text/x",
        "accept-ranges": "bytes",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-cache",
        ttl: "60",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
      });
      expect(modified).toMatch(/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
    });
  });

  test("GET has no TTL where the entry does not expire", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      expect((await http.get("/a")).headers["ttl"]).toBeUndefined();
    });
  });

  test("bytes come back as they went, all 256 of them", async () => {
    await withServer(async ({ http }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await http.put("/a", bytes);
      expect((await http.get("/a")).body).toEqual(bytes);
    });
  });

  test("Accept is ignored", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const { status, text } = await http.get("/a", { Accept: "image/png" });
      expect([status, text]).toEqual([200, "v"]);
    });
  });

  test("GET, HEAD and DELETE of a missing key answer 404, PATCH too", async () => {
    await withServer(async ({ http }) => {
      expect(expectProblem(await http.get("/qux"), "not-found")).toMatchObject({ key: "qux" });
      expect((await http.head("/qux")).status).toBe(404);
      expectProblem(await http.delete("/qux"), "not-found");
      expectProblem(await http.patch("/qux", "expire_in=60"), "not-found");
    });
  });

  test("DELETE answers 204 and the key is gone", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const { status, text } = await http.delete("/a");
      expect([status, text]).toEqual([204, ""]);
      expect((await http.get("/a")).status).toBe(404);
      expect((await http.delete("/a")).status).toBe(404);
    });
  });

  test.each(["return=representation", "respond-async, Return=representation", 'wait=1; x, return="representation"'])(
    "DELETE with Prefer: %s answers the old bytes",
    async (prefer) => {
      await withServer(async ({ http }) => {
        const { headers: put } = await http.put("/a", "old", { "Content-Type": "text/x" });
        const { status, headers, text } = await http.delete("/a", { Prefer: prefer });
        expect([status, text, headers["content-type"], headers["etag"]]).toEqual([200, "old", "text/x", put["etag"]]);
        expect(headers["preference-applied"]).toBe("return=representation");
        expectProblem(await http.delete("/a", { Prefer: prefer }), "not-found");
      });
    },
  );

  test("of many that take one value, one gets it", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "job");
      const takers = Array.from({ length: 8 }, () => http.delete("/a", { Prefer: "return=representation" }));
      const statuses = (await Promise.all(takers)).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, 404, 404, 404, 404, 404, 404, 404]);
    });
  });

  test("DELETE with another preference answers 204", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      expect((await http.delete("/a", { Prefer: "return=minimal" })).status).toBe(204);
    });
  });

  test("OPTIONS answers 204 with Allow and Accept-Patch", async () => {
    await withServer(async ({ http }) => {
      const { status, headers } = await http.send("OPTIONS /a");
      expect([status, headers["allow"]]).toEqual([204, METHODS]);
      expect(headers["accept-patch"]).toBe(PATCHES);
    });
  });

  test.each(["POST", "QUERY", "TRACE", "PROPFIND"])("%s answers 405 with Allow", async (method) => {
    await withServer(async ({ http }) => {
      const answer = await http.send(`${method} /a`, "v");
      expectProblem(answer, "method-not-allowed");
      expect(answer.headers["allow"]).toBe(METHODS);
    });
  });

  test("PUT without a length answers 411", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.put("/a", null), "length-required");
      expectProblem(await http.put("/keys/a", null), "length-required");
    });
  });

  test.each(["gzip", "identity", "br"])("PUT with Content-Encoding: %s answers 415", async (coding) => {
    await withServer(async ({ http }) => {
      for (const target of ["/a", "/keys/a"]) {
        expectProblem(await http.put(target, "v", { "Content-Encoding": coding }), "unsupported-media-type");
      }
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("PATCH of another type answers 415 with Accept-Patch", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      for (const headers of [{ "Content-Type": "text/plain" }, {}]) {
        const answer = await http.send("PATCH /a", "expire_in=60", headers);
        expectProblem(answer, "unsupported-media-type");
        expect(answer.headers["accept-patch"]).toBe(PATCHES);
      }
    });
  });

  test("no method but PUT takes parameters, and PUT takes expiries alone", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      for (const target of ["/a?meta", "/a?x=1", "/a?expire_in=60"]) {
        expectProblem(await http.get(target), "invalid-parameter");
        expectProblem(await http.delete(target), "invalid-parameter");
        expectProblem(await http.patch(target, "expire_in=60"), "invalid-parameter");
      }
      expectProblem(await http.put("/a?expires_in=60", "w"), "invalid-parameter");
      expect(await http.text("/a")).toBe("v");
    });
  });
}
