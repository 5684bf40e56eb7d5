// What the console makes of texts, without a browser: JSON laid out, lines of curl, spans, figures of Prometheus, imports,
// differences.
import { describe, expect, test } from "bun:test";
import { ask, curlLine, entryPath, withText } from "../../src/console/model/ask.ts";
import { niceSteps } from "../../src/console/model/chart-scale.ts";
import { restoreAsk, writeAsk } from "../../src/console/model/entry-asks.ts";
import { inBatches, toImportLines } from "../../src/console/model/import-lines.ts";
import { compact, judgeJson, layOut } from "../../src/console/model/json-layout.ts";
import { diffLines } from "../../src/console/model/line-difference.ts";
import { readMetrics } from "../../src/console/model/metrics-text.ts";
import { type Point, pointBetween, quantile } from "../../src/console/model/points.ts";
import { patternOf } from "../../src/console/model/selection.ts";
import { shapeOf, shortType } from "../../src/console/model/value-kind.ts";
import { parseSpan, sizeWords, spanWords } from "../../src/console/model/words.ts";

const PLACE = { origin: "http://h:1", hasToken: false };
const encoder = new TextEncoder();

describe("JSON", () => {
  const odd = '{"b":106242075399214372653,"a":[1.0,-0,1E5,"x, \\"y\\": {",[],{}],"b":null}';

  test("is laid out and back without a token of it becoming another", () => {
    const laid = layOut(odd);
    expect(laid.split("\n")[1]).toBe('  "b": 106242075399214372653,');
    expect(laid).toContain('    "x, \\"y\\": {",\n    [],\n    {}\n');
    expect(compact(laid)).toBe(odd);
    expect(layOut(" 1.0 ")).toBe("1.0");
  });

  test("that is not valid is said to be", () => {
    expect(judgeJson("{}")).toBe(null);
    expect(judgeJson('{"a": 1,}')).not.toBe(null);
  });
});

describe("lines of curl", () => {
  test("name no other entry, whatever a URL makes of dots", () => {
    for (const key of ["..", ".", "../keys", "x/../keep", "a/./b", "a/.", "a/..", "/..", "a\\..\\b", "%2e%2e"]) {
      const { pathname } = new URL(`http://h${entryPath(key)}`);
      expect(pathname).toStartWith("/keys/");
      expect(decodeURIComponent(pathname)).toEndWith(key);
    }
    expect(entryPath("a/.../b.c")).toBe("/keys/a/.../b.c");
  });

  test("quote what a shell would take for something else, and never hold a token", () => {
    const put = withText(ask("PUT", entryPath("it's/a b?"), { "If-Match": '"1.x"' }), "don't @me");
    expect(curlLine(put, { ...PLACE, hasToken: true })).toBe(
      `curl -X PUT --oauth2-bearer "$KEYHOLD_TOKEN" -H 'If-Match: "1.x"' --data-raw 'don'\\''t @me' 'http://h:1/keys/it'\\''s/a%20b%3F'`,
    );
    expect(curlLine(ask("GET", "/keys"), PLACE)).toBe("curl http://h:1/keys");
    expect(curlLine(withText(ask("POST", "/-/txn"), ""), PLACE)).toBe("curl --data-raw '' http://h:1/-/txn");
  });

  test("put JSON as the pair that the path takes, and wrap what would become something else", () => {
    const put = (text: string) => {
      const content = { bytes: encoder.encode(text), contentType: "application/json", expiresAt: null };
      const { body } = writeAsk("k", content, { is: "absent" });
      return body?.kind === "text" ? body.text : null;
    };
    expect(put(' {"a": 1.0} ')).toBe('{"k": {"a": 1.0}}');
    expect(put('"text"')).toBe('{"k": {"$json": "text"}}');
    expect(put('{"$base64": "x"}')).toBe('{"k": {"$json": {"$base64": "x"}}}');
    expect(put("no JSON")).toBe("no JSON");
  });

  test("put back by a transaction what a pair would change", () => {
    const entry = { key: "k", etag: "", revision: 1, createdAt: null, modifiedAt: 0, expiresAt: 0 };
    const restored = (text: string) =>
      restoreAsk({ ...entry, bytes: encoder.encode(text), contentType: "application/json" }).target;
    expect(restored("{}\n")).toBe("/-/txn");
    expect(restored("{}")).toStartWith("/keys/k?expire_at=1970-01-01T00:00:00.000Z");
  });
});

describe("words", () => {
  test("of spans are read as they are written", () => {
    expect(["90s", "1h 30m", "2 days", "1.5m", "7"].map(parseSpan)).toEqual([
      90_000, 5_400_000, 172_800_000, 90_000, 7000,
    ]);
    expect(["", "0", "x", "5 bananas", "1h x"].map(parseSpan)).toEqual([null, null, null, null, null]);
    expect([0, 999, 61_000, 3_600_000, 90_061_000].map(spanWords)).toEqual(["0s", "1s", "1m 1s", "1h", "1d 1h"]);
  });

  test("of sizes have two digits that count", () => {
    expect([0, 999, 1000, 41_234, 999_600, 1_048_576].map(sizeWords)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "41 kB",
      "1.0 MB",
      "1.0 MB",
    ]);
  });

  test("of a filter are a part of a key, or a pattern behind the prefix", () => {
    expect(patternOf({ prefix: "a/", filter: "" })).toBe(null);
    expect(patternOf({ prefix: "a/", filter: "b" })).toBe("*b*");
    expect(patternOf({ prefix: "a*/", filter: "b*c" })).toBe("a\\*/b*c");
  });

  test("of a value are found from its type and its bytes", () => {
    expect(shapeOf(encoder.encode("{}"), "application/ld+json").kind).toBe("json");
    expect(shapeOf(encoder.encode("{"), "application/json").kind).toBe("text");
    expect(shapeOf(Uint8Array.of(0xff), "application/json").kind).toBe("bytes");
    expect(shapeOf(encoder.encode("a\u0000"), "text/plain").kind).toBe("bytes");
    expect(shapeOf(Uint8Array.of(1), "image/png").kind).toBe("image");
    expect(shortType("text/markdown; charset=utf-8")).toBe("markdown");
  });
});

describe("figures", () => {
  const text = (good: number, fast: number, all: number, commits: number) => `# HELP x
keyhold_http_requests_total{route="/{key}",method="GET",code="200"} ${good}
keyhold_http_requests_total{route="/{key}",method="GET",code="not-found"} 4
keyhold_http_requests_total{route="/-/metrics",method="GET",code="200"} 99
keyhold_http_request_duration_seconds_bucket{route="/{key}",method="GET",le="0.001"} ${fast}
keyhold_http_request_duration_seconds_bucket{route="/{key}",method="GET",le="0.01"} ${all}
keyhold_http_request_duration_seconds_bucket{route="/{key}",method="GET",le="+Inf"} ${all}
keyhold_commits_total ${commits}
process_resident_memory_bytes 5e7
`;

  test("are rates between two readings, without the page's own", () => {
    const point: Point = pointBetween(readMetrics(text(10, 0, 0, 5), 0), readMetrics(text(30, 50, 100, 9), 2000));
    expect(point).toMatchObject({ goodPerSecond: 10, badPerSecond: 0, commitsPerSecond: 2, residentBytes: 50_000_000 });
    expect(point.p50).toBeCloseTo(0.001);
    expect(point.p99).toBeCloseTo(0.001 + 0.009 * 0.98);
  });

  test("of a server that was started again are no negative rates, and of nothing are none", () => {
    const point = pointBetween(readMetrics(text(30, 5, 5, 9), 0), readMetrics(text(1, 0, 0, 0), 1000));
    expect(point).toMatchObject({ goodPerSecond: 0, commitsPerSecond: 0, p50: null });
    expect(quantile([], 0.5)).toBe(null);
  });

  test("stand at steps that people count in", () => {
    expect(niceSteps(86, 5)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(niceSteps(0, 5)).toEqual([0, 1]);
  });
});

describe("imports", () => {
  test("are made of pairs, of whole entries and of lines, with their digits", () => {
    const { lines } = toImportLines(
      '{"a": 106242075399214372653, "b": "t", "c": {"$base64": "/w=="}, "d": {"$json": "x"}}',
    );
    expect(lines).toEqual([
      '{"key":"a","text":"106242075399214372653","content_type":"application/json"}',
      '{"key":"b","text":"t","content_type":"text/plain; charset=utf-8"}',
      '{"key":"c","base64":"/w==","content_type":"application/octet-stream"}',
      '{"key":"d","text":"\\"x\\"","content_type":"application/json"}',
    ]);
    const meta = '[{"key": "e", "value": "v", "content_type": "text/css", "size": 1, "expires_at": null}]';
    expect(toImportLines(meta).lines).toEqual(['{"key":"e","text":"v","content_type":"text/css","expires_at":null}']);
    expect(toImportLines('{"a": 1}\n{"b": 2}\n').lines.length).toBe(2);
  });

  test("of what is cut short or no JSON are refused", () => {
    const whole = '{"keyhold_export":1}\n{"key":"a","text":"1"}\n{"entries":1,"sha256":"x"}\n';
    expect(toImportLines(whole)).toEqual({ what: "export", lines: ['{"key":"a","text":"1"}'] });
    expect(() => toImportLines('{"keyhold_export":1}\n{"key":"a","text":"1"}\n')).toThrow("cut short");
    expect(() => toImportLines(whole.replace('"entries":1', '"entries":2'))).toThrow("not whole");
    expect(() => toImportLines("a: 1")).toThrow("line 1");
    expect(() => toImportLines("[1]")).toThrow("a number");
  });

  test("are sent in batches that a request can hold", () => {
    const batches = inBatches([...Array.from({ length: 501 }, () => "x"), "y".repeat(5_000_000), "z"]);
    expect(batches.map((batch) => batch.length)).toEqual([500, 1, 1, 1]);
  });
});

test("lines that another text does not have are found between those that it has", () => {
  const own = diffLines("a\nb\nc\nd", "a\nx\nc\nd").filter(({ isOwn }) => isOwn);
  expect(own).toEqual([{ text: "b", isOwn: true }]);
  expect(diffLines("a\nb", "b\na").filter(({ isOwn }) => isOwn).length).toBe(1);
});
