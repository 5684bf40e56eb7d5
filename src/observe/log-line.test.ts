// Tests of log-line.ts.
import { describe, expect, test } from "bun:test";
import type { LogLine } from "./log-line.ts";
import { FIELD_LENGTH_MAX, toJsonLine, toTextLine } from "./log-line.ts";

const LINE: LogLine = { atMs: 0, level: "info", event: "started", message: "All is well", fields: {} };

/** Every character that may break a line, move a cursor or turn the direction of text. */
const UNSAFE = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202e,
  0x2066,
  0x2069,
].map((code) => String.fromCharCode(code));

describe("a JSON line", () => {
  test("begins with time, level, event and msg, then has the fields in their order", () => {
    const fields = { text: "a b", count: 3, share: 0.5, on: true, off: null };
    expect(toJsonLine({ ...LINE, fields })).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"started","msg":"All is well","text":"a b","count":3,"share":0.5,"on":true,"off":null}\n',
    );
  });
  test("stays one line of safe characters whatever a text holds, and means the same when read", () => {
    for (const character of UNSAFE) {
      const evil = `a${character}b"\\\ud800`;
      const line = toJsonLine({ ...LINE, message: evil, fields: { [evil]: evil } });
      expect(line.slice(0, -1)).toMatch(/^[\u0020-\u007e]+$/);
      expect(JSON.parse(line)).toMatchObject({ msg: evil, [evil]: evil });
    }
  });
  test("writes numbers that JSON does not have as null", () => {
    expect(toJsonLine({ ...LINE, fields: { share: Number.NaN } })).toEndWith('"share":null}\n');
  });
});

describe("a text line", () => {
  test("has time, level, event, message and fields, quoted where they hold spaces or quotes", () => {
    const fields = { url: "http://[::1]:3000/a?b", text: 'a "b"', empty: "", count: 3, off: null };
    expect(toTextLine({ ...LINE, level: "warn", fields })).toBe(
      '1970-01-01T00:00:00.000Z WARN  started  All is well  url=http://[::1]:3000/a?b  text="a \\"b\\""  empty=""  count=3  off=null\n',
    );
  });
  test("stays one line of safe characters whatever a text holds", () => {
    for (const character of UNSAFE) {
      const evil = `a${character}b`;
      const line = toTextLine({ ...LINE, event: evil, message: evil, fields: { [evil]: evil } });
      expect(line.slice(0, -1)).toMatch(/^[\u0020-\u007e]+$/);
    }
  });
  test("does not let a text pass for further fields", () => {
    expect(toTextLine({ ...LINE, fields: { key: "a  admin=true" } })).toEndWith('  key="a  admin=true"\n');
    expect(toTextLine({ ...LINE, fields: { key: "a=b" } })).toEndWith('  key="a=b"\n');
  });
});

test.each([
  ["JSON", toJsonLine],
  ["text", toTextLine],
])("a field at the limit stays whole in %s, one above is cut without half a character", (_, toLine) => {
  const whole = "x".repeat(FIELD_LENGTH_MAX);
  expect(toLine({ ...LINE, fields: { whole } })).toContain(whole);
  expect(toLine({ ...LINE, fields: { whole } })).not.toContain("…");
  const long = `${"x".repeat(FIELD_LENGTH_MAX - 1)}\u{1f600}`;
  const line = toLine({ ...LINE, message: long, fields: { long } });
  expect(line.isWellFormed()).toBe(true);
  expect(line.split("…").length).toBe(3);
  expect(line).not.toContain("\u{1f600}");
});
