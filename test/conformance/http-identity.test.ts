// The identities of contract §3, over any bytes and any JSON text: what GET shows, PUT takes, and the same is shown again.
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Http } from "../support/http-client.ts";
import { withAppInProcess } from "../support/http-harness.ts";

/** A failure prints its seed; SEED= runs that one again. */
const RUNS = {
  numRuns: 1500,
  ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }),
};

const SPACE = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const NUMBER = fc.oneof(
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,4})?$/),
  fc.constantFrom("-0", "1.0", "1E400", "106242075399214372653", "0.1e-999"),
);
const STRING_PART = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom("\\u0041", "\\/", "\\ud83d\\ude00", "\\uD800", "\\u0000", "$base64", "$json", "\ufeff", "\u2028"),
);
const STRING = fc.array(STRING_PART, { maxLength: 3 }).map((parts) => `"${parts.join("")}"`);
const MEMBER_NAME = fc.oneof(STRING, fc.constantFrom('"$base64"', '"$json"', '"\\u0024json"', '"__proto__"', '"10"'));

/** JSON texts with odd spacing, numbers, escapes and member names. */
const { json: JSON_TEXT } = fc.letrec<{ json: string }>((tie) => ({
  json: fc
    .tuple(
      SPACE,
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(NUMBER, STRING, fc.constantFrom("true", "false", "null", "{}", "[ ]")),
        fc.array(tie("json"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
        fc
          .array(fc.tuple(SPACE, MEMBER_NAME, SPACE, tie("json")), { maxLength: 3 })
          .map((members) => `{${members.map(([a, name, b, json]) => `${a}${name}${b}:${json}`).join(",")}}`),
      ),
      SPACE,
    )
    .map((parts) => parts.join("")),
}));

const BYTES = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.oneof(JSON_TEXT, fc.string({ unit: "binary", maxLength: 12 })).map((text) => new TextEncoder().encode(text)),
);
const CONTENT_TYPE = fc.constantFrom(
  "application/json",
  "application/ld+json; a=b",
  "text/plain",
  "application/octet-stream",
  "image/svg+xml",
  "nonsense",
);

test("any bytes of any type: GET, PUT and GET of the JSON view show the same", async () => {
  await withAppInProcess(async ({ http }) => {
    await fc.assert(
      fc.asyncProperty(BYTES, CONTENT_TYPE, async (bytes, contentType) => {
        await http.put("/keys/a", new Uint8Array([0xff]), { "Content-Type": "image/png" });
        await http.put("/a", bytes, { "Content-Type": contentType });
        await requireIdentity(http);
      }),
      RUNS,
    );
  });
});

test("any JSON text: what is stored is shown as it was written, and shown the same when written back", async () => {
  await withAppInProcess(async ({ http }) => {
    await fc.assert(
      fc.asyncProperty(JSON_TEXT, async (json) => {
        fc.pre(!isRefused(json));
        const sent = json.trim();
        const put = await http.putJson("/keys/a", `{"a":${json}}`);
        expect(`${put.status} ${sent}`).toMatch(/^20[01] /);
        const shown = await requireIdentity(http);
        const isWrapper = /^\{\s*"(?:\$|\\u0024)(?:base64|json)"\s*:/.test(sent);
        // A string is stored as its text, so its escapes are not kept.
        if (sent.startsWith('"')) expect(JSON.parse(shown)).toEqual({ a: JSON.parse(sent) });
        else if (!isWrapper) expect(shown).toBe(`{"a": ${sent}}`);
      }),
      RUNS,
    );
  });
});

/** The JSON view, after seeing that writing it back changes nothing of it. */
async function requireIdentity(http: Http): Promise<string> {
  const shown = await http.text("/keys/a");
  const put = await http.putJson("/keys/a", shown);
  expect(`${put.status} ${shown}`).toBe(`200 ${shown}`);
  const again = await http.text("/keys/a");
  // A stored JSON string comes back as text: the same string, perhaps with fewer escapes.
  if (shown.startsWith('{"a": "')) expect(JSON.parse(again)).toEqual(JSON.parse(shown));
  else expect(again).toBe(shown);
  return shown;
}

/** What the contract has no bytes for: ill-formed strings, and wrappers that hold no Base64 or repeat their member. */
function isRefused(json: string): boolean {
  const value: unknown = JSON.parse(json);
  if (typeof value === "string") return !value.isWellFormed();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  const isWrapper = names.length === 1 && (names[0] === "$base64" || names[0] === "$json");
  return isWrapper && (names[0] === "$base64" || /(?:base64|json)".*(?:base64|json)"/s.test(json));
}
