// `/` and `/-/`: the server itself (contract §14).
import { expect, test } from "bun:test";
import type { Capabilities } from "../../../src/store/store.ts";
import { expectProblem, infoOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

/** What the front page says of each durability, and of no other. */
const PROMISES: Readonly<Record<Capabilities["durability"], string>> = {
  "power-loss": "it is on disk",
  "process-crash": "outlives this process",
  delegated: "the store behind this server has taken it",
  none: "ends with this process",
};

export function serverSuite(withServer: WithServer): void {
  test.each([undefined, "*/*", "text/plain"])(
    "GET / with Accept %j is text with curl lines for this Host",
    async (accept) => {
      await withServer(async ({ http }) => {
        const headers = { Host: "store.example:8080", ...(accept !== undefined && { Accept: accept }) };
        const answer = await http.get("/", headers);
        expect([answer.status, answer.headers["content-type"]]).toEqual([200, "text/plain; charset=utf-8"]);
        expect(answer.headers["vary"]).toBe("Accept");
        expect(answer.text).toContain("\ncurl -X PUT -d 'hello world!' http://store.example:8080/greeting\n");
        expect(answer.text).toContain("\ncurl http://store.example:8080/keys\n");
      });
    },
  );

  test("GET / promises what the store does", async () => {
    await withServer(async ({ http, capabilities }) => {
      expect((await infoOf(http)).store["durability"]).toBe(capabilities.durability);
      for (const accept of ["text/plain", "text/html"]) {
        const { text } = await http.get("/", { Accept: accept });
        const told = Object.entries(PROMISES).filter(([, said]) => text.includes(said));
        expect(told.map(([durability]) => durability)).toEqual([capabilities.durability]);
      }
    });
  });

  test("GET / is a page for a browser, with nothing to run in it", async () => {
    await withServer(async ({ http }) => {
      const { headers, text } = await http.get("/", { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
      expect(headers["content-type"]).toBe("text/html; charset=utf-8");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toStartWith("default-src 'none'");
      expect(text).toStartWith("<!doctype html>");
      expect(text).not.toContain("<script");
    });
  });

  test.each(["a'b", "<script>alert(1)</script>", "a&b", 'a"b'])("the Host %s is escaped in the page", async (host) => {
    await withServer(async ({ http }) => {
      const answer = await http.get("/", { Host: host, Accept: "text/html" });
      // Of a socket of ours, no Host is taken that is none.
      if (answer.status === 400) return void expectProblem(answer, "invalid-request");
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(`http://${host}`);
      expect(answer.text).not.toContain("<script>");
      expect(answer.text).toMatch(/http:\/\/(?:a&#|&#60;|127\.0\.0\.1:3000)/);
    });
  });

  test.each([
    ["/-/healthy", "Keyhold is healthy.\n"],
    ["/-/ready", "Keyhold is ready.\n"],
  ])("%s answers 200 in text, not to be cached", async (target, text) => {
    await withServer(async ({ http }) => {
      const answer = await http.get(target);
      expect([answer.status, answer.text, answer.headers["cache-control"]]).toEqual([200, text, "no-store"]);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    });
  });

  test("/-/info tells version, promises, counts and limits", async () => {
    await withServer(async ({ http, capabilities }) => {
      await http.put("/a", "v");
      const { headers } = await http.put("/b", "v");
      const info = await infoOf(http);
      expect(info).toMatchObject({ name: "keyhold", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
      expect(info.store).toMatchObject({
        engine: expect.stringMatching(/^[a-z-]+$/),
        incarnation: expect.stringMatching(/^[a-z0-9]+$/),
        ...capabilities,
        entries: 2,
        revision: Number(headers["revision"]),
        integrity: "unneeded",
      });
      expect(info.limits).toEqual({
        key_bytes: 255,
        value_bytes: 1_048_576,
        short_path_value_bytes: 1024,
        batch_entries: 1000,
        batch_bytes: 8_388_608,
        page_entries: 10_000,
        watchers: 10_000,
        wait_seconds: 300,
      });
    });
  });

  test("with --wide /-/info tells the limit that holds at the short path", async () => {
    await withServer(
      async ({ http }) => {
        expect((await infoOf(http)).limits["short_path_value_bytes"]).toBe(1_048_576);
      },
      { wide: "true" },
    );
  });

  test("no entry can stand in the way of the server's own paths", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/-/info", "mine");
      expect((await infoOf(http)).store["entries"]).toBe(1);
      expect(await http.json("/keys/-/info")).toEqual({ "-/info": "mine" });
    });
  });
}
