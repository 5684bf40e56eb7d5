// Malformed input: refused with a problem, and the store is as it was. What only a socket can send stands in
// transport.suite.ts.
import { expect, test } from "bun:test";
import type { ErrorCode } from "../../../src/core/errors.ts";
import { expectProblem, stateOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

type Row = readonly [line: string, body: string | null, headers: Readonly<Record<string, string>>, code: ErrorCode];

const JSON_TYPE = { "Content-Type": "application/json" };

const ROWS: readonly Row[] = [
  ["PUT /a%zz", "v", {}, "invalid-key"],
  ["PUT /keys/%e0%80", "v", {}, "invalid-key"],
  ["PUT /keys/%F8%88%80%80%80", "v", {}, "invalid-key"],
  ["DELETE /keys/%ED%BF%BF", null, {}, "invalid-key"],
  ["DELETE /keys?prefix=%ff", null, {}, "invalid-parameter"],
  ["DELETE /keys?%", null, {}, "invalid-parameter"],
  ["DELETE /keys?=", null, {}, "invalid-parameter"],
  ["PUT /a#b", "v", {}, "invalid-request"],
  ["DELETE /keys#?prefix=a", null, {}, "invalid-request"],
  ["DELETE /keys?prefix=a#b", null, {}, "invalid-request"],
  ["PUT /keys?__proto__=1&__proto__=2", null, {}, "invalid-request"],
  ["POST /keys", '{"__proto__": 1, "__proto__": 2}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"live": {"__proto__": {"toString": 1}}}', JSON_TYPE, "already-exists"],
  ["POST /keys", "{'a': 1}", JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": 1,}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": 01}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": NaN}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": "\u0000"}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": "\\x41"}', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": 1', JSON_TYPE, "invalid-json"],
  ["POST /keys", '{"a": 1}{"b": 2}', JSON_TYPE, "invalid-json"],
  ["PUT /keys/live", '{"live": tru}', JSON_TYPE, "invalid-json"],
  ["PUT /keys/live", '["live"]', JSON_TYPE, "key-mismatch"],
  ["PUT /live?expire_in=abc", "v", {}, "invalid-expiry"],
  ["PUT /live", "v", { TTL: "1.5" }, "invalid-expiry"],
  ["PATCH /live", "expire_in=1e3", { "Content-Type": "application/x-www-form-urlencoded" }, "invalid-expiry"],
  ["PATCH /live", '{"expire_in": 1}', JSON_TYPE, "unsupported-media-type"],
  ["POST /keys", "a,b\n1,2", { "Content-Type": "text/csv" }, "unsupported-media-type"],
  ["POST /keys", '{"new": 1}', { "Content-Type": "application/merge-patch+json" }, "unsupported-media-type"],
  ["POST /-/txn", '{"ops": [{"put": {"key": "a", "value": 1}}]}', { TTL: "5" }, "invalid-header"],
  ["POST /-/txn", '{"ops": []}', { "Content-Type": "application/merge-patch+json" }, "unsupported-media-type"],
  ["PUT /live", "v", { "If-Match": "1" }, "invalid-header"],
  ["GET /keys/missing?meta=2", null, {}, "invalid-parameter"],
];

export function malformedSuite(withServer: WithServer): void {
  test.each(ROWS)("%s with %j under %j answers %s, and the store is as it was", async (line, body, headers, code) => {
    await withServer(async ({ http }) => {
      await http.putJson("/keys/live", '{"live": {"x": 1.0}}');
      const before = await stateOf(http);
      expectProblem(await http.send(line, body, headers), code);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("bytes that are no UTF-8 are no JSON", async () => {
    await withServer(async ({ http }) => {
      const bytes = new Uint8Array([...new TextEncoder().encode('{"a": "'), 0xff, ...new TextEncoder().encode('"}')]);
      expectProblem(await http.send("POST /keys", bytes, JSON_TYPE), "invalid-json");
      expectProblem(await http.put("/keys/a", bytes, JSON_TYPE), "invalid-json");
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("JSON that is nested a hundred thousand deep is kept or refused, and the server answers on", async () => {
    await withServer(async ({ http }) => {
      const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
      const { status } = await http.putJson("/keys/a", `{"a": ${deep}}`);
      expect([201, 400]).toContain(status);
      if (status === 201) expect(await http.text("/keys/a")).toBe(`{"a": ${deep}}`);
      expect((await http.get("/-/ready")).status).toBe(200);
    });
  });

  test("a pattern of many runs is answered at once", async () => {
    await withServer(async ({ http }) => {
      await http.put(`/${"a".repeat(255)}`, "v");
      expect(await http.text(`/keys?filter=${"a*".repeat(100)}b`)).toBe("[]");
    });
  });
}
