// Entries as lines, there and back; a format that files are kept in, so what is written here must be read by every later
// version.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { type Entry, toRevision, toTag } from "../core/entry.ts";
import { toEpochMs } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import { contentOfBytes } from "./entry-json.ts";
import { entryLine, parseExportLine, writeExport } from "./export-format.ts";

function entry(name: string, value: Uint8Array, contentType: string, expiresAt: number | null = null): Entry {
  return {
    key: parseKey(name),
    ...contentOfBytes(value, contentType),
    size: value.length,
    revision: toRevision(3),
    tag: toTag("3.x"),
    createdAt: toEpochMs(0),
    modifiedAt: toEpochMs(1),
    expiresAt: expiresAt === null ? null : toEpochMs(expiresAt),
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("the lines are the kept format, member for member", async () => {
  async function* pages() {
    yield [entry("a", bytes('é"\n'), "text/plain", 253_402_300_799_999), entry("b", Uint8Array.of(0xff), "x/y")];
  }
  const origin = { revision: 7, incarnation: "life1", at: toEpochMs(5), prefix: "" };
  const lines = (await Array.fromAsync(writeExport(origin, pages()))).join("").split("\n");
  expect(lines).toEqual([
    '{"keyhold_export":1,"revision":7,"incarnation":"life1","at":"1970-01-01T00:00:00.005Z","prefix":""}',
    '{"key":"a","text":"é\\"\\n","content_type":"text/plain","revision":3,"created_at":"1970-01-01T00:00:00.000Z",' +
      '"modified_at":"1970-01-01T00:00:00.001Z","expires_at":"9999-12-31T23:59:59.999Z"}',
    '{"key":"b","base64":"/w==","content_type":"x/y","revision":3,"created_at":"1970-01-01T00:00:00.000Z",' +
      '"modified_at":"1970-01-01T00:00:00.001Z","expires_at":null}',
    expect.stringMatching(/^\{"entries":2,"sha256":"[0-9a-f]{64}"\}$/),
    "",
  ]);
  const digest = new Bun.CryptoHasher("sha256").update(`${lines.slice(0, 3).join("\n")}\n`).digest("hex");
  expect(lines[3]).toContain(digest);
});

test("any bytes under any type come back as they were, with their form and end", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 }).map(bytes);
  const types = fc.constantFrom("application/json", "text/plain", "application/octet-stream", "a/b+json");
  const json = fc.json().map(bytes);
  const values = fc.oneof(fc.uint8Array({ maxLength: 60 }), text, json, fc.constant(bytes("\ufeffa\u2028")));
  fc.assert(
    fc.property(values, types, fc.option(fc.integer({ min: 0, max: 4e12 })), (value, type, end) => {
      const before = entry("k", value, type, end);
      const line = entryLine(before);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      const { contentType, form, expiresAt, key } = before;
      expect(parseExportLine(line)).toEqual({ is: "entry", entry: { key, value, contentType, form, expiresAt } });
    }),
  );
});

test("a line takes little more than its value in Base64, however many escapes it would need", () => {
  const line = entryLine(entry("k", new Uint8Array(3000), "text/plain"));
  expect(line.length).toBeLessThan(4000 + 300);
});

describe("a line is refused", () => {
  const rest = '"content_type":"a/b","expires_at":null';
  test.each([
    ["", "invalid-json"],
    ["[1]", "invalid-json"],
    ['{"other":1}', "invalid-json"],
    ['{"keyhold_export":2,"revision":1,"incarnation":"a","at":"1970-01-01T00:00:00.005Z"}', "invalid-json"],
    [`{"key":"a",${rest}}`, "invalid-json"],
    [`{"key":"a","text":"a","base64":"YQ==",${rest}}`, "invalid-json"],
    [`{"key":"a","base64":"YQ",${rest}}`, "invalid-json"],
    [`{"key":"a","base64":"YR==",${rest}}`, "invalid-json"],
    [`{"key":"a","text":"\\ud800",${rest}}`, "invalid-json"],
    [`{"key":"","text":"a",${rest}}`, "invalid-key"],
    [`{"key":1,"text":"a",${rest}}`, "invalid-json"],
    ['{"key":"a","text":"a","content_type":"a\\nb","expires_at":null}', "invalid-header"],
    ['{"key":"a","text":"a","content_type":"a/b","expires_at":"2026-11-20"}', "invalid-json"],
    ['{"key":"a","text":"a","content_type":"a/b","expires_at":"2030-02-31T00:00:00.000Z"}', "invalid-json"],
    ['{"key":"a","text":"a","content_type":"a/b","expires_at":"2030-01-01T24:00:00.000Z"}', "invalid-json"],
    ['{"key":"a","text":"a","content_type":"a/b","expires_at":12}', "invalid-json"],
    ['{"entries":1,"sha256":"ab"}', "invalid-json"],
  ] as const)("%j as %s", async (line, code) => {
    expect(await rejectionCode(async () => parseExportLine(line))).toBe(code);
  });
});
