import { describe, expect, test } from "bun:test";
import { DATAGRAM_BYTES, linesOf, packLines, type StatsdReading } from "./statsd-lines.ts";

const NOTHING: StatsdReading = {
  statuses: new Map(),
  logged: { warn: 0, error: 0 },
  exceptions: 0,
  durations: { durationsMs: [], stride: 1 },
  gauges: {},
};

describe("lines", () => {
  const before: StatsdReading = { ...NOTHING, statuses: new Map([[200, 5]]), logged: { warn: 1, error: 1 } };
  const now: StatsdReading = {
    statuses: new Map([
      [200, 8],
      [404, 2],
    ]),
    logged: { warn: 2, error: 4 },
    exceptions: 1,
    durations: { durationsMs: [0.12345, 7], stride: 1 },
    gauges: { keys: 12 },
  };

  test("of our own names hold what has come since the reading before", () => {
    expect(linesOf("keyhold", "keyhold", 1)(now, before)).toEqual([
      "keyhold.http.requests:5|c",
      "keyhold.http.status.200:3|c",
      "keyhold.http.status.404:2|c",
      "keyhold.log.warn:1|c",
      "keyhold.log.error:3|c",
      "keyhold.http.duration:0.123|ms",
      "keyhold.http.duration:7|ms",
      "keyhold.keys:12|g",
    ]);
  });

  test("of Gunicorn's names are as Gunicorn sends them", () => {
    expect(linesOf("gunicorn", "shop", 3)(now, before)).toEqual([
      "shop.gunicorn.request.duration:0.123|ms",
      "shop.gunicorn.request.duration:7|ms",
      "shop.gunicorn.requests:5|c|@1.0",
      "shop.gunicorn.request.status.200:3|c|@1.0",
      "shop.gunicorn.request.status.404:2|c|@1.0",
      "shop.gunicorn.log.warning:1|c|@1.0",
      "shop.gunicorn.log.error:2|c|@1.0",
      "shop.gunicorn.log.exception:1|c|@1.0",
      "shop.gunicorn.workers:3|g",
    ]);
  });

  test("count everything where there was no reading before, and nothing where nothing happened", () => {
    expect(linesOf("keyhold", "k", 1)(before, null)).toContain("k.http.requests:5|c");
    expect(linesOf("keyhold", "k", 1)(before, before)).toEqual([]);
  });

  test("of durations that stand for several carry their share", () => {
    const durations = { durationsMs: [3], stride: 4 };
    expect(linesOf("keyhold", "k", 1)({ ...NOTHING, durations }, null)).toEqual(["k.http.duration:3|ms|@0.25"]);
  });
});

describe("datagrams", () => {
  test("are none of nothing", () => {
    expect(packLines([])).toEqual([]);
  });

  test.each([
    [7, ["aaa\nbbb", "c"]],
    [8, ["aaa\nbbb", "c"]],
    [9, ["aaa\nbbb\nc"]],
    [6, ["aaa", "bbb\nc"]],
  ])("of %d bytes hold as many lines as fit", (bytes, datagrams) => {
    expect(packLines(["aaa", "bbb", "c"], bytes)).toEqual(datagrams);
  });

  test("are never longer than a frame takes, and lose no line", () => {
    const lines = Array.from({ length: 500 }, (_, index) => `keyhold.http.duration:${index}|ms`);
    const datagrams = packLines(lines);
    expect(Math.max(...datagrams.map((datagram) => datagram.length))).toBeLessThanOrEqual(DATAGRAM_BYTES);
    expect(datagrams.join("\n").split("\n")).toEqual(lines);
  });
});
