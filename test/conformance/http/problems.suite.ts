// Errors as clients see them (contract §13), and the methods that resources have.
import { expect, test } from "bun:test";
import { ERRORS } from "../../../src/core/errors.ts";
import { expectProblem } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

export function problemsSuite(withServer: WithServer): void {
  test("a problem document has exactly its members, and is not cached", async () => {
    await withServer(async ({ http }) => {
      const { status, headers, text } = await http.get("/qux", { "X-Request-Id": "my-id" });
      expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
        404,
        "application/problem+json",
        "no-store",
      ]);
      expect(JSON.parse(text)).toEqual({
        type: "/-/problems/not-found",
        title: "No entry under this key",
        status: 404,
        detail: 'There is no entry "qux"',
        code: "not-found",
        instance: "my-id",
        key: "qux",
      });
    });
  });

  test.each([
    ["text/plain", "text/plain; charset=utf-8"],
    ["text/plain, application/json;q=0.5", "text/plain; charset=utf-8"],
    ["application/problem+json", "application/problem+json"],
    ["application/json", "application/problem+json"],
    ["*/*", "application/problem+json"],
    ["text/html", "application/problem+json"],
    ["image/png", "application/problem+json"],
  ])("Accept: %s gets the problem as %s", async (accept, contentType) => {
    await withServer(async ({ http }) => {
      const { status, headers, text } = await http.get("/qux", { Accept: accept });
      expect([status, headers["content-type"]]).toEqual([404, contentType]);
      if (contentType.startsWith("text/plain")) expect(text).toBe('There is no entry "qux"\n');
    });
  });

  test.each(["a", "A-z.0_9", "x".repeat(64)])("the client's X-Request-Id %s is echoed", async (id) => {
    await withServer(async ({ http }) => {
      const answer = await http.get("/qux", { "X-Request-Id": id });
      expect([answer.headers["x-request-id"], JSON.parse(answer.text).instance]).toEqual([id, id]);
    });
  });

  test.each(["", "a b", "é", "x".repeat(65), '"', "<b>"])("the X-Request-Id %j is replaced", async (id) => {
    await withServer(async ({ http }) => {
      const answer = await http.get("/qux", { "X-Request-Id": id });
      expect(answer.headers["x-request-id"]).toMatch(/^[\w-]{3,}$/);
      expect(answer.headers["x-request-id"]).not.toBe(id);
    });
  });

  test("each request has an id of its own", async () => {
    await withServer(async ({ http }) => {
      const ids = await Promise.all([1, 2, 3].map(async () => (await http.get("/qux")).headers["x-request-id"]));
      expect(new Set(ids).size).toBe(3);
    });
  });

  test("a detail quotes what was sent, and cuts it short", async () => {
    await withServer(async ({ http }) => {
      const { detail } = expectProblem(await http.get(`/keys/${"%22".repeat(300)}`), "invalid-key");
      expect(String(detail)).toContain('\\"');
      expect(String(detail).length).toBeLessThan(400);
    });
  });

  test("a problem's page shows its curl line at the address where the server was reached", async () => {
    await withServer(async ({ http }) => {
      for (const accept of ["text/plain", "text/html"]) {
        const { text } = await http.get("/-/problems/not-found", { Host: "keyhold.test:81", Accept: accept });
        expect(text).toContain("http://keyhold.test:81/qux");
        expect(text).not.toContain("127.0.0.1");
      }
    });
  });

  test.each(["/-/", "/-", "/-/nothing", "/-/healthy/", "/-/problems", "/-/problems/", "/-/problems/no-such-code"])(
    "nothing is served at %s",
    async (target) => {
      await withServer(async ({ http }) => {
        for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
          if (method !== "GET" && target.startsWith("/-/problems/")) continue;
          expectProblem(await http.send(`${method} ${target}`, method === "PUT" ? "v" : null), "no-such-resource");
        }
      });
    },
  );

  test.each([
    ["/", "GET, HEAD, OPTIONS"],
    ["/-/healthy", "GET, HEAD, OPTIONS"],
    ["/-/ready", "GET, HEAD, OPTIONS"],
    ["/-/info", "GET, HEAD, OPTIONS"],
    ["/-/problems/busy", "GET, HEAD, OPTIONS"],
  ])("%s allows %s", async (target, allowed) => {
    await withServer(async ({ http }) => {
      const options = await http.send(`OPTIONS ${target}`);
      expect([options.status, options.headers["allow"]]).toEqual([204, allowed]);
      for (const method of ["PUT", "POST", "DELETE", "PATCH", "TRACE"]) {
        const answer = await http.send(`${method} ${target}`, "v");
        expectProblem(answer, "method-not-allowed");
        expect(answer.headers["allow"]).toBe(allowed);
      }
    });
  });

  test.each(["/", "/-/healthy", "/-/ready", "/-/info", "/-/problems/busy"])(
    "%s takes no parameters",
    async (target) => {
      await withServer(async ({ http }) => {
        expectProblem(await http.get(`${target}?x=1`), "invalid-parameter");
      });
    },
  );

  test("every code has a page, as text for a terminal and as HTML for a browser", async () => {
    await withServer(async ({ http }) => {
      for (const code of Object.keys(ERRORS)) {
        const text = await http.get(`/-/problems/${code}`, { Accept: "*/*" });
        expect([text.status, text.headers["content-type"]]).toEqual([200, "text/plain; charset=utf-8"]);
        expect(text.text).toStartWith(`# ${code}\n`);
        expect(text.text).toMatch(/\ncurl |\nhead .*\| curl /);
        const html = await http.get(`/-/problems/${code}`, { Accept: "text/html,*/*;q=0.8" });
        expect([html.status, html.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
        expect(html.text).toContain(`<h1><code>${code}</code></h1>`);
        expect(html.headers["content-security-policy"]).toContain("default-src 'none'");
      }
    });
  });
}
