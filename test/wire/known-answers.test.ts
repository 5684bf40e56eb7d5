// Answers that are sent again: a server that keeps them, asked twice, answers what one says that makes each anew; and what has been
// committed is seen by the very next read.
import { describe, expect, test } from "bun:test";
import { makeKnownAnswers } from "../../src/compose-parts.ts";
import { makeMarksMemory, WriteMarks } from "../../src/store/write-marks.ts";
import { configOf, type ServerFlags, type TestServer, withSqliteServer } from "../support/http-harness.ts";

const FIELDS: readonly Readonly<Record<string, string>>[] = [
  {},
  { Accept: "*/*" },
  { Accept: "text/plain" },
  { Accept: "application/json" },
  { "If-None-Match": "TAG" },
  { "If-None-Match": "W/TAG" },
  { "If-None-Match": '"another"' },
  { "If-None-Match": "*" },
  { "If-None-Match": 'TAG, "another"' },
  { "If-None-Match": "not a tag" },
  { "If-Match": "TAG" },
  { "If-Match": '"another"' },
  { "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT" },
  { "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT" },
  { Range: "bytes=1-2" },
  { Range: "bytes=99-" },
  { Range: "bytes=0-0", "If-Range": "TAG" },
  { Origin: "http://evil.example" },
];
const TARGETS = ["/plain", "/keys/plain", "/keys/plain?meta", "/keys/page", "/keys/ending", "/keys/none", "/%70lain"];

describe("a server that keeps its answers", () => {
  test("answers each request as one that keeps none", async () => {
    await withSqliteServer(async (keeping) => {
      await withSqliteServer(
        async (making) => {
          for (const server of [keeping, making]) await fill(server);
          for (const target of TARGETS) for (const fields of FIELDS) await compare({ keeping, making }, target, fields);
        },
        { "entry-cache": "0B" },
      );
    });
  });

  test.each([
    ["overwritten", "PUT /a", "new", "new"],
    ["merged into", "PATCH /keys", '{"a": "new"}', "new"],
    ["deleted", "DELETE /a", null, null],
    ["deleted with others", "DELETE /keys?prefix=a", null, null],
    ["counted", "PATCH /a", "incr=1", "8"],
  ] as const)("shows at once what has been %s", async (_what, line, body, expected) => {
    await withSqliteServer(async ({ http }) => {
      await http.put("/a", "7");
      for (let count = 0; count < 3; count++) expect((await http.get("/a")).text).toBe("7");
      const type = body?.startsWith("{") ? "application/merge-patch+json" : "application/x-www-form-urlencoded";
      const headers = line.startsWith("PATCH") ? { "Content-Type": type } : {};
      expect((await http.send(line, body, headers)).status).toBeLessThan(300);
      for (let count = 0; count < 2; count++) {
        const answer = await http.get("/a");
        expect(answer.status === 200 ? answer.text : null).toBe(expected);
      }
    });
  });

  test("counts them as any other", async () => {
    await withSqliteServer(async ({ http }) => {
      await http.put("/a", "old");
      for (let count = 0; count < 5; count++) await http.get("/a");
      for (let count = 0; count < 3; count++) await http.send("HEAD /a");
      const text = (await http.get("/-/metrics")).text;
      expect(text).toContain('keyhold_http_requests_total{route="/{key}",method="GET",code="200"} 5\n');
      expect(text).toContain('keyhold_http_requests_total{route="/{key}",method="HEAD",code="200"} 3\n');
      expect(text).toContain("keyhold_hits_total 8\n");
      expect(text).toContain("keyhold_recalls_total 7\n");
    });
  });
});

test("answers take no memory where none would be sent again", () => {
  const areKept = (flags: ServerFlags) => {
    const config = { ...configOf(flags), servers: 1 };
    return makeKnownAnswers(new WriteMarks(makeMarksMemory()), () => {}, config) !== null;
  };
  expect(areKept({})).toBe(true);
  const none: readonly ServerFlags[] = [
    { "entry-cache": "0B" },
    { transport: "bun" },
    { "access-log": "true" },
    { traces: "http://127.0.0.1:4318" },
    { "address-requests": "100" },
    { "address-bytes": "1MiB" },
    { "cors-origins": "https://app.example.com" },
  ];
  expect(none.filter(areKept)).toEqual([]);
});

interface Servers {
  readonly keeping: TestServer;
  readonly making: TestServer;
}

async function fill({ http }: TestServer): Promise<void> {
  await http.put("/plain", "some text", { "Content-Type": "text/plain" });
  await http.put("/keys/page", "<p>", { "Content-Type": "text/html" });
  await http.put("/keys/ending?expire_in=1000s", "soon");
}

/** What the one answers three times is what the other makes. */
async function compare({ keeping, making }: Servers, target: string, fields: Readonly<Record<string, string>>) {
  for (const method of ["GET", "HEAD"]) {
    const made = await ask(making, `${method} ${target}`, fields);
    for (let count = 0; count < 3; count++) expect(await ask(keeping, `${method} ${target}`, fields)).toEqual(made);
  }
}

/** Without what names the moment, the store and the request. */
async function ask({ http }: TestServer, line: string, fields: Readonly<Record<string, string>>) {
  const tag = (await http.get("/keys/plain", { Accept: "text/plain" })).headers["etag"] ?? "none";
  const sent = Object.entries(fields).map(([name, value]) => [name, value.replace("TAG", tag)] as const);
  const { status, headers, text } = await http.send(line, null, Object.fromEntries(sent));
  const shown = Object.entries(headers).map(([name, value]) => [name, value.replace(/\.[0-9a-z]{10}/, ".STORE")]);
  // A problem names its request, in a text as long as it is.
  const changing = ["date", "last-modified", "ttl", "x-request-id", ...(status < 400 ? [] : ["content-length"])];
  const left = shown.filter(([name]) => !changing.includes(name ?? "")).toSorted();
  return {
    line,
    fields,
    status,
    left,
    body: text.replace(/"(instance|etag|modified_at|created_at|expires_at|ttl)": ?[^,}]*/g, ""),
  };
}
