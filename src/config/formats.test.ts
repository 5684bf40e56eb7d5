// Tests of formats.ts.
import { describe, expect, test } from "bun:test";
import type { Format } from "./formats.ts";
import {
  choice,
  duration,
  errorLog,
  host,
  keyPrefix,
  size,
  store,
  toSizeText,
  userOrNone,
  wholeNumber,
  yesOrNo,
} from "./formats.ts";

/** The value, or the message. */
function read<T>(format: Format<T>, text: string): T | string {
  const result = format.schema.safeParse(text);
  return result.success ? result.data : (result.error.issues[0]?.message ?? "no message");
}

describe("a whole number", () => {
  const port = wholeNumber({ least: 1, most: 65535 });
  const refused = "expected a whole number from 1 to 65535";
  test.each([
    ["1", 1],
    ["65535", 65535],
    ["0", refused],
    ["65536", refused],
    ["", refused],
    ["3e3", refused],
    ["-1", refused],
    ["1.0", refused],
    [" 1", refused],
    ["9".repeat(400), refused],
  ])("%j is %p", (text, expected) => expect(read(port, text)).toBe(expected));
});

describe("a size", () => {
  const value = size({ least: 1024, most: 64 * 1024 * 1024 });
  const refused = "expected a size from 1KiB to 64MiB, written in B, KB, KiB, MB, MiB";
  test.each([
    ["1024B", 1024],
    ["1KiB", 1024],
    ["2KB", 2000],
    ["1MB", 1_000_000],
    ["64MiB", 67_108_864],
    ["1 mib", 1_048_576],
    ["1023B", refused],
    ["67108865B", refused],
    ["1M", refused],
    ["1024", refused],
    ["1.5MiB", refused],
    ["MiB", refused],
    ["1 toString", refused],
  ])("%j is %p", (text, expected) => expect(read(value, text)).toBe(expected));
});

describe("a duration", () => {
  const age = duration({ least: "10ms", most: "365d" });
  const refused = "expected a duration from 10ms to 365d, written in ms, s, m, h, d";
  test.each([
    ["10ms", 10],
    ["2s", 2000],
    ["3m", 180_000],
    ["24h", 86_400_000],
    ["365d", 31_536_000_000],
    ["9ms", refused],
    ["366d", refused],
    ["30", refused],
    ["1w", refused],
  ])("%j is %p", (text, expected) => expect(read(age, text)).toBe(expected));
});

test("a store is read by its own parser, and what is refused says what is expected", () => {
  expect<unknown>(read(store(), "./data")).toEqual({ engine: "sqlite", directory: "./data" });
  expect(read(store(), "foo:bar")).toStartWith("expected sqlite:DIRECTORY");
  expect(read(store(), "valkey://h:0")).toStartWith("server 1 has no port from 1 to 65535");
});

test("a prefix of keys has 1 to 64 letters, digits and . _ - :, and no braces", () => {
  for (const text of ["k", "keyhold", "a.b_c-d:e", "x".repeat(64)]) expect(read(keyPrefix(), text)).toBe(text);
  for (const text of ["", "x".repeat(65), "{a}", "a}", "a b", "é"])
    expect(read(keyPrefix(), text)).toStartWith("expected");
});

test("a user is a name without blanks, or none", () => {
  expect(read(userOrNone(), "keyhold")).toBe("keyhold");
  expect(read(userOrNone(), "none")).toBeNull();
  for (const text of ["", "a b", "a\n", "x".repeat(257)]) expect(read(userOrNone(), text)).toStartWith("expected");
});

test("an error log is a file, none or in-store", () => {
  expect(read(errorLog(), "none")).toBe("none");
  expect(read(errorLog(), "in-store")).toBe("in-store");
  expect(read(errorLog(), "/var/log/keyhold.log")).toEqual({ file: "/var/log/keyhold.log" });
  expect(read(errorLog(), "")).toStartWith("expected a file");
});

test("a choice takes its words only, in their letter case", () => {
  expect(read(choice(["full", "relaxed"]), "relaxed")).toBe("relaxed");
  expect<string>(read(choice(["full", "relaxed"]), "Full")).toBe("expected one of full, relaxed");
});

test("a switch takes true and false only", () => {
  expect(read(yesOrNo(), "true")).toBe(true);
  expect(read(yesOrNo(), "false")).toBe(false);
  expect(read(yesOrNo(), "yes")).toBe("expected true or false");
});

test("a host takes names and addresses, and nothing that is a URL", () => {
  for (const text of ["127.0.0.1", "::", "fe80::1%eth0", "store.internal"]) expect(read(host(), text)).toBe(text);
  for (const text of ["", "http://a", "[::1]", "a b"]) expect(read(host(), text)).toStartWith("expected");
});

test("sizes are told in the largest unit that divides them", () => {
  expect([0, 1, 1023, 1024, 1536, 1_048_576, 1_049_600].map(toSizeText)).toEqual([
    "0B",
    "1B",
    "1023B",
    "1KiB",
    "1536B",
    "1MiB",
    "1025KiB",
  ]);
});
