// Bytes to JSON and back (contract §3), and the types that values are kept under.
import { expect, test } from "bun:test";
import { expectProblem } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const JSON_TYPE = "application/json";

/** A value as it was written raw, and as the JSON view shows it. */
const SHOWN: readonly (readonly [name: string, bytes: string | Uint8Array, contentType: string, json: string])[] = [
  ["a big integer", "106242075399214372653", JSON_TYPE, "106242075399214372653"],
  ["a number with a fraction of nought", "1.0", JSON_TYPE, "1.0"],
  ["an exponent beyond a double", "1E400", JSON_TYPE, "1E400"],
  ["members in their order, spaced as sent", '{"b" :1,  "a":[ ]}', JSON_TYPE, '{"b" :1,  "a":[ ]}'],
  ["members named twice", '{"a":1,"a":2}', JSON_TYPE, '{"a":1,"a":2}'],
  ["members named __proto__ and 10", '{"b":1,"10":2,"__proto__":3}', JSON_TYPE, '{"b":1,"10":2,"__proto__":3}'],
  ["JSON under a type that ends in +json", "[1.50]", "application/ld+json; profile=x", "[1.50]"],
  ["JSON with white space around it", " \n[1]\t", JSON_TYPE, "[1]"],
  ["half a surrogate pair in a string", '"\\ud800"', JSON_TYPE, '{"$json": "\\ud800"}'],
  ["half a surrogate pair deeper down", '["\\uD800"]', JSON_TYPE, '["\\uD800"]'],
  ["invalid JSON under a JSON type", '{"a":', JSON_TYPE, '"{\\"a\\":"'],
  ["nothing under a JSON type", "", JSON_TYPE, '""'],
  ["JSON behind a byte order mark", "\ufeff1", JSON_TYPE, '"\ufeff1"'],
  ["bytes that are no UTF-8 under a JSON type", new Uint8Array([0x22, 0xff, 0x22]), JSON_TYPE, '{"$base64": "Iv8i"}'],
  ["JSON under a type that is none", "[1]", "text/plain", '"[1]"'],
  ["text with quotes and line breaks", 'a "b"\n\u0000', "text/plain", '"a \\"b\\"\\n\\u0000"'],
  ["text that begins with a byte order mark", "\ufeffa", "text/plain", '"\ufeffa"'],
  ["text in bytes", "hello", "application/octet-stream", '"hello"'],
  ["bytes that are no UTF-8", new Uint8Array([0, 0xff]), "image/png", '{"$base64": "AP8="}'],
  ["an object that looks like bytes", '{"$base64": "AP8="}', JSON_TYPE, '{"$json": {"$base64": "AP8="}}'],
  ["an object that looks like a wrapper", '{"$json": 1}', JSON_TYPE, '{"$json": {"$json": 1}}'],
  ["a wrapper named by escapes", '{"\\u0024json": 1}', JSON_TYPE, '{"$json": {"\\u0024json": 1}}'],
  ["more than a wrapper", '{"$json": 1, "a": 2}', JSON_TYPE, '{"$json": 1, "a": 2}'],
  ["a wrapper deeper down", '[{"$json": 1}]', JSON_TYPE, '[{"$json": 1}]'],
];

/** A value as the JSON view takes it, and what is stored. */
const TAKEN: readonly (readonly [json: string, contentType: string, bytes: string | Uint8Array])[] = [
  ['"caf\\u00e9"', "text/plain; charset=utf-8", "café"],
  ['""', "text/plain; charset=utf-8", ""],
  ['{"$base64": "AP8="}', "application/octet-stream", new Uint8Array([0, 0xff])],
  ['{"$base64": ""}', "application/octet-stream", new Uint8Array()],
  ['{"$json": {"$base64": 1}}', JSON_TYPE, '{"$base64": 1}'],
  ['{"$json": "a"}', JSON_TYPE, '"a"'],
  ["106242075399214372653", JSON_TYPE, "106242075399214372653"],
  ["1.0", JSON_TYPE, "1.0"],
  ["null", JSON_TYPE, "null"],
  ['{ "z" : 1 , "a":[2 ] }', JSON_TYPE, '{ "z" : 1 , "a":[2 ] }'],
  ['{"a": "\\ud800"}', JSON_TYPE, '{"a": "\\ud800"}'],
];

export function representationsSuite(withServer: WithServer): void {
  test.each(SHOWN)("the JSON view shows %s", async (_name, bytes, contentType, json) => {
    await withServer(async ({ http }) => {
      await http.put("/a", bytes, { "Content-Type": contentType });
      expect(await http.text("/keys/a")).toBe(`{"a": ${json}}`);
      expect(await http.text("/keys")).toBe(`[{"a": ${json}}]`);
      expect((await http.get("/a")).body).toEqual(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    });
  });

  test.each(SHOWN)("GET then PUT of the JSON view is an identity: %s", async (_name, bytes, contentType, json) => {
    await withServer(async ({ http }) => {
      await http.put("/a", bytes, { "Content-Type": contentType });
      expect((await http.putJson("/keys/a", await http.text("/keys/a"))).text).toBe(`{"a": ${json}}`);
      expect(await http.text("/keys/a")).toBe(`{"a": ${json}}`);
    });
  });

  test.each(TAKEN)("the JSON %s becomes %s", async (json, contentType, bytes) => {
    await withServer(async ({ http }) => {
      await http.putJson("/keys/a", `{"a": ${json}}`);
      const { headers, body } = await http.get("/a");
      expect(headers["content-type"]).toBe(contentType);
      expect(body).toEqual(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    });
  });

  test.each([
    '"\\ud800"',
    '"a\\udc00"',
    '{"$base64": 1}',
    '{"$base64": "AP8"}',
    '{"$base64": "AP9="}',
    '{"$base64": "A P8="}',
    '{"$base64": "_-8="}',
    '{"$json": 1, "$json": 2}',
  ])("the JSON %s is refused, and nothing is written", async (json) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.putJson("/keys/a", `{"a": ${json}}`), "invalid-json");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("line breaks inside stored JSON are white space in NDJSON, one entry a line", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", '{\r\n  "x":\n1, "y": "\\n"}\n', { "Content-Type": JSON_TYPE });
      await http.put("/b", "one\ntwo");
      const { text, headers } = await http.get("/keys", { Accept: "application/x-ndjson" });
      expect(headers["content-type"]).toBe("application/x-ndjson");
      expect(text).toBe('{"a": {   "x": 1, "y": "\\n"}}\n{"b": "one\\ntwo"}\n');
      expect(await http.text("/keys/a")).toBe('{"a": {\r\n  "x":\n1, "y": "\\n"}}');
    });
  });

  test("a raw body keeps its type verbatim, up to 255 bytes", async () => {
    await withServer(async ({ http }) => {
      const longest = `text/x; a="${"b".repeat(243)}"`;
      expect(longest.length).toBe(255);
      for (const contentType of ["TEXT/Plain;charset=ISO-8859-1", "nonsense", longest]) {
        await http.put("/a", "v", { "Content-Type": contentType });
        expect((await http.get("/a")).headers["content-type"]).toBe(contentType);
      }
      const over = await http.put("/a", "w", { "Content-Type": `${longest}b` });
      expect(expectProblem(over, "invalid-header")).toMatchObject({ limit: 255 });
      expect(await http.text("/a")).toBe("v");
    });
  });

  test.each(["text/caf\u00e9", "text/a\tb"])("the type %j is refused, on both paths", async (contentType) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.put("/a", "v", { "Content-Type": contentType }), "invalid-header");
      expectProblem(await http.put("/keys/a", "v", { "Content-Type": contentType }), "invalid-header");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test.each([
    ["none", {}],
    ["curl's own", { "Content-Type": "application/x-www-form-urlencoded" }],
    ["curl's own with a parameter", { "Content-Type": "application/X-WWW-form-urlencoded; charset=utf-8" }],
  ])("%s as type of a raw body is stored as bytes", async (_name, headers) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "k=v", headers);
      const { headers: read, text } = await http.get("/a");
      expect([read["content-type"], text]).toEqual(["application/octet-stream", "k=v"]);
    });
  });

  test.each([
    "text/html",
    "TEXT/HTML; charset=utf-8",
    "application/xhtml+xml",
    "image/svg+xml",
    "application/pdf",
    "text/xml",
    "application/xml",
    "application/atom+xml",
    "text/javascript",
    "application/javascript",
    "text/plain, text/html",
  ])("%s, which a browser would run, is sent as an attachment", async (contentType) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v", { "Content-Type": contentType });
      expect((await http.get("/a")).headers["content-disposition"]).toBe("attachment");
      const bytes = await http.get("/keys/a", { Accept: "application/octet-stream" });
      expect(bytes.headers["content-disposition"]).toBe("attachment");
    });
  });

  test.each(["text/plain", "image/png", "application/json", "application/octet-stream"])(
    "%s is no attachment",
    async (contentType) => {
      await withServer(async ({ http }) => {
        await http.put("/a", "1", { "Content-Type": contentType });
        expect((await http.get("/a")).headers["content-disposition"]).toBeUndefined();
      });
    },
  );
}
