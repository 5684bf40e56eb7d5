// Tests of log.ts.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessFields, LogOptions } from "./log.ts";
import { GATHER_DELAY_MS, GATHERED_LENGTH_MAX, makeLog } from "./log.ts";
import { RotatingFile } from "./rotating-file.ts";

const REQUEST: AccessFields = {
  requestId: "r1",
  traceId: null,
  method: "PUT",
  target: "/keys?name=secret-value",
  route: "/keys",
  status: 201,
  durationMs: 1.23456,
  requestBytes: null,
  responseBytes: 12,
  remoteAddress: "127.0.0.1",
  token: "tk_1",
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "keyhold-log-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A log whose writes and timers are lists; its clock stands at 0. */
function openLog(options: Partial<LogOptions> = {}) {
  const writes: string[] = [];
  const timers: { readonly run: () => void; readonly delayMs: number }[] = [];
  const log = makeLog({
    format: "json",
    level: "info",
    accessLog: true,
    write: (lines) => writes.push(lines),
    errorFile: null,
    nowMs: () => 0,
    schedule: (run, delayMs) => timers.push({ run, delayMs }),
    ...options,
  });
  return { log, writes, timers, events: () => eventsOf(writes.join("")) };
}

function eventsOf(lines: string): unknown[] {
  const texts = lines.split("\n").filter((line) => line !== "");
  return texts.map((line) => JSON.parse(line).event);
}

describe("events", () => {
  test.each([
    ["debug", ["d", "i", "w", "e", "a"]],
    ["info", ["i", "w", "e", "a"]],
    ["warn", ["w", "e", "a"]],
    ["error", ["e", "a"]],
  ] as const)("at level %s are %j, an announcement always", (level, expected) => {
    const { log, events } = openLog({ level });
    log.debug("d", "");
    log.info("i", "");
    log.warn("w", "");
    log.error("e", "");
    log.announce("a", "");
    expect(events()).toEqual([...expected]);
  });
  test("are written at once, one write each", () => {
    const { log, writes } = openLog();
    log.info("one", "First");
    log.info("two", "Second");
    expect(writes.length).toBe(2);
  });
  test("take the requests gathered before them along, in order", () => {
    const { log, writes, events } = openLog();
    log.access(REQUEST);
    log.info("after", "");
    expect(writes.length).toBe(1);
    expect(events()).toEqual(["request", "after"]);
  });
});

describe("the error log", () => {
  test("has warnings and errors and nothing else; the level holds for it too", () => {
    const path = join(directory, "error.log");
    const errorFile = new RotatingFile({ path, fileBytesMax: 1_000_000, keptFiles: 1, complain: () => {} });
    const { log, events } = openLog({ errorFile });
    log.info("i", "");
    log.access(REQUEST);
    log.warn("w", "");
    log.error("e", "");
    log.close();
    expect(events()).toEqual(["i", "request", "w", "e"]);
    openLog({ level: "error", errorFile }).log.warn("w2", "");
    expect(eventsOf(readFileSync(path, "utf8"))).toEqual(["w", "e"]);
  });
});

describe("requests", () => {
  test("are logged with OpenTelemetry's names and without the query, which may hold values", () => {
    const { log, writes } = openLog();
    log.access(REQUEST);
    log.flush();
    expect(JSON.parse(writes.join(""))).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "info",
      event: "request",
      msg: "PUT /keys 201",
      request_id: "r1",
      "http.request.method": "PUT",
      "url.path": "/keys",
      "http.route": "/keys",
      "http.response.status_code": 201,
      duration_ms: 1.235,
      "http.request.body.size": null,
      "http.response.body.size": 12,
      "client.address": "127.0.0.1",
      token: "tk_1",
    });
  });
  test("are not logged unless asked for", () => {
    const { log, writes, timers } = openLog({ accessLog: false });
    log.access(REQUEST);
    log.close();
    expect([writes.length, timers.length]).toEqual([0, 0]);
  });
  test("wait for one timer, which serves all of them, and a later one for the next", () => {
    const { log, writes, timers, events } = openLog();
    log.access(REQUEST);
    log.access(REQUEST);
    expect(writes).toEqual([]);
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([GATHER_DELAY_MS]);
    timers[0]?.run();
    expect(events()).toEqual(["request", "request"]);
    log.access(REQUEST);
    expect(timers.length).toBe(2);
  });
  test("are written without the timer once they fill the buffer", () => {
    const { log, writes } = openLog();
    let gathered = 0;
    while (writes.length === 0 && gathered < 1000) {
      log.access(REQUEST);
      gathered++;
    }
    const [lines = ""] = writes;
    const lineLength = lines.length / gathered;
    expect(lines.length).toBeGreaterThanOrEqual(GATHERED_LENGTH_MAX);
    expect(lines.length - lineLength).toBeLessThan(GATHERED_LENGTH_MAX);
  });
  test("are not lost at close", () => {
    const { log, events } = openLog();
    log.access(REQUEST);
    log.close();
    expect(events()).toEqual(["request"]);
  });
});
