// What a key is, and how keys sort.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { makeSeededRandom } from "../../test/support/seeded-random.ts";
import { compareKeys, endOfPrefix, isShortKey, keyBytes, parseKey } from "./key.ts";

const POINTS = [0x21, 0x61, 0x7e, 0xa0, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff];

async function ruleBroken(text: string): Promise<string | null> {
  const error = await rejectionOf(() => parseKey(text));
  if (error !== null) expect(error.code).toBe("invalid-key");
  return error?.detail ?? null;
}

describe("a key", () => {
  const good: Record<string, string> = {
    "of 1 byte": "a",
    "of 255 bytes": "k".repeat(255),
    "of 255 bytes in fewer characters": `${"é".repeat(127)}k`,
    "with spaces, at its ends too": " a b ",
    "with slashes, empty segments and one at each end": "/a//b/",
    "with dots that are no segment": "a.b/..c/d../.e/...",
    "beyond the BMP": "\u{1f600}\u{10ffff}",
    "with U+FFFD itself": "\ufffd",
    "that looks like a property of objects": "__proto__",
    "with a no-break space, the first after the control characters": "\u00a0",
    "with a tilde, the last before them": "~",
  };
  for (const [what, text] of Object.entries(good)) {
    test(`${what} is valid`, () => expect<string>(parseKey(text)).toBe(text));
  }

  const bad: Record<string, [string, string]> = {
    "that is empty": ["", "at least 1 byte"],
    "of 256 bytes": ["k".repeat(256), "at most 255 bytes, this one has 256"],
    "of 256 bytes in 128 characters": ["é".repeat(128), "at most 255 bytes, this one has 256"],
    "of 256 bytes at four a character": ["\u{1f600}".repeat(64), "this one has 256"],
    "with NUL": ["a\u0000b", "control"],
    "with a tab": ["a\tb", "control"],
    "with a line feed at its end": ["a\n", "control"],
    "with U+001F": ["\u001f", "control"],
    "with DEL": ["a\u007f", "control"],
    "with a C1 control": ["\u0080", "control"],
    "with the last C1 control": ["\u009f", "control"],
    "with a lone high surrogate": ["a\ud800", "well-formed"],
    "with a lone low surrogate": ["\udc00a", "well-formed"],
    "with surrogates in the wrong order": ["\udc00\ud800", "well-formed"],
    "that is .": [".", "between slashes"],
    "that is ..": ["..", "between slashes"],
    "with . between slashes": ["a/./b", "between slashes"],
    "with .. at its start": ["../a", "between slashes"],
    "with .. at its end": ["a/..", "between slashes"],
    "with . behind an empty segment": ["//.", "between slashes"],
  };
  for (const [what, [text, rule]] of Object.entries(bad)) {
    test(`${what} is refused by name of the rule`, async () => expect(await ruleBroken(text)).toContain(rule));
  }

  test("that is refused is quoted, cut where it is long", async () => {
    expect(await ruleBroken("a\tb")).toContain('"a\\tb"');
    expect((await ruleBroken("k".repeat(10_000)))?.length).toBeLessThan(200);
  });
});

describe("a short key", () => {
  test("is letters and digits of ASCII, up to 255", () => {
    for (const text of ["a", "Z", "0", "a".repeat(255)]) expect(isShortKey(text)).toBe(true);
    for (const text of ["", "a".repeat(256), "a-b", "a/b", "é", "a\n", "a b"]) expect(isShortKey(text)).toBe(false);
  });
});

describe("the order of keys", () => {
  test("is that of their UTF-8 bytes", () => {
    const random = makeSeededRandom(7);
    const texts = Array.from({ length: 300 }, () =>
      Array.from({ length: random.below(4) }, () => String.fromCodePoint(random.pick(POINTS))).join(""),
    );
    for (const a of texts) {
      for (const b of texts) {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }
    }
  });

  test("puts a prefix before what begins with it", () => {
    expect(compareKeys("a", "a!")).toBeLessThan(0);
    expect(compareKeys("a!", "a")).toBeGreaterThan(0);
    expect(compareKeys("a", "a")).toBe(0);
  });
});

describe("the end of a prefix", () => {
  const ends: readonly [string, string | null][] = [
    ["a", "b"],
    ["ab", "ac"],
    ["a\ud7ff", "a\ue000"],
    ["\uffff", "\u{10000}"],
    ["a\u{10ffff}", "b"],
    ["a\ud7ff\u{10ffff}\u{10ffff}", "a\ue000"],
    ["\u{1f600}", "\u{1f601}"],
    ["\u{10ffff}", null],
    ["\u{10ffff}\u{10ffff}", null],
    ["", null],
  ];
  for (const [prefix, end] of ends) {
    test(`${JSON.stringify(prefix)} is ${JSON.stringify(end)}`, () => expect(endOfPrefix(prefix)).toBe(end));
  }

  test("sorts after all that begin with it, and before all that sort after them", () => {
    const texts = POINTS.flatMap((a) => POINTS.map((b) => String.fromCodePoint(a, b)));
    for (const prefix of POINTS.map((point) => String.fromCodePoint(point))) {
      const end = endOfPrefix(prefix);
      for (const text of texts.filter((each) => compareKeys(each, prefix) >= 0)) {
        expect(end === null || compareKeys(text, end) < 0).toBe(text.startsWith(prefix));
      }
    }
  });
});

test("the bytes of a text are those of its UTF-8", () => {
  expect(["", "a", "é", "\uffff", "\u{1f600}"].map(keyBytes)).toEqual([0, 1, 2, 3, 4]);
});
