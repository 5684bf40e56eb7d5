// Tests of store-relations.ts, by what loadConfig refuses.
import { describe, expect, test } from "bun:test";
import { loadConfig } from "./load.ts";

function problems(flags: Readonly<Record<string, string>>): readonly string[] {
  const result = loadConfig({ flags, environment: {}, readFile: () => "" });
  return result.is === "refused" ? result.problems : [];
}

describe("with a store on Valkey", () => {
  const store = "valkey://h";
  test.each([
    [{ store, "max-value": "16MiB", "store-password-file": "f", "store-user": "u", promise: "replicated:2+fsync" }],
    [{ store: "valkeys://u@h", "store-ca": "ca.pem", "store-password-file": "f", partitions: "1024" }],
    [{ store: "valkeys://u:p@h", "engine-deadline": "100ms" }],
    [{ store: "valkey+sentinel://h/main", "sentinel-user": "s", "sentinel-password-file": "f", promise: "fsync" }],
    [{ store: "valkey+sentinel://h/main", "sentinel-password-file": "f" }],
  ])("%j goes together", (flags) => expect(problems(flags)).toEqual([]));

  test.each([
    [
      { store, "max-value": "16777217B", "body-budget": "64MiB" },
      'Cannot use --max-value "16777217B": expected at most 16MiB',
    ],
    [
      { store, "store-size": "1MiB" },
      'Cannot use --store-size "1MiB": expected 0B: the room of a store on Valkey is what maxmemory says',
    ],
    [
      { store, durability: "relaxed" },
      'Cannot use --durability "relaxed": expected full: what a write waits for on Valkey is said by --promise',
    ],
    [
      { store: "valkey://u:p@h", "store-user": "v" },
      'Cannot use --store-user "v": expected none, as --store names a user already',
    ],
    [
      { store: "valkey://u:p@h", "store-password-file": "f" },
      'Cannot use --store-password-file "f": expected none, as --store holds a password already',
    ],
    [
      { store, "store-user": "u" },
      'Cannot use --store-user "u": the user has no password: expected --store-password-file FILE',
    ],
    [
      { store: "valkey://u@h" },
      'Cannot use --store "valkey://u@h": the user has no password: expected --store-password-file FILE',
    ],
    [{ store, "store-ca": "ca.pem" }, 'Cannot use --store-ca "ca.pem": expected none, as --store has no TLS'],
    [
      { store, "sentinel-password-file": "f" },
      'Cannot use --sentinel-password-file "f": expected none, as --store is no valkey+sentinel://',
    ],
    [
      { store: "valkey+sentinel://h/main", "sentinel-user": "s" },
      'Cannot use --sentinel-user "s": the user has no password',
    ],
  ])("%j is refused", (flags, start) => {
    expect(problems({ ...flags })).toEqual([expect.stringMatching(new RegExp(`^${RegExp.escape(start)}`))]);
  });
});

describe("with a store on this machine", () => {
  test.each([
    [
      { promise: "fsync" },
      'Cannot use --promise "fsync": expected auto: what a write waits for in a store of the engine sqlite',
    ],
    [
      { store: "memory:", promise: "applied" },
      'Cannot use --promise "applied": expected auto: what a write waits for in a store of the engine memory',
    ],
    [{ partitions: "1" }, 'Cannot use --partitions "1": expected 0: a store of the engine sqlite has no partitions'],
    [{ "store-user": "u" }, 'Cannot use --store-user "u": expected none: a store of the engine sqlite has no servers'],
    [{ "store-ca": "f" }, 'Cannot use --store-ca "f": expected none: a store of the engine sqlite has no servers'],
    [{ "sentinel-user": "u" }, 'Cannot use --sentinel-user "u": expected none, as --store is no valkey+sentinel://'],
  ])("%j is refused", (flags, start) => {
    expect(problems({ ...flags })).toEqual([expect.stringMatching(new RegExp(`^${RegExp.escape(start)}`))]);
  });
});

test.each(["99ms", "61s"])("an engine deadline of %s is out of bounds", (text) => {
  expect(problems({ "engine-deadline": text })).toEqual([
    expect.stringContaining("expected a duration from 100ms to 60s"),
  ]);
});

test.each(["1025", "-1"])("%s partitions are out of bounds", (text) => {
  expect(problems({ store: "valkey://h", partitions: text })).toEqual([
    expect.stringContaining("a whole number from 0 to 1024"),
  ]);
});
