// Tests of store-location.ts.
import { describe, expect, test } from "bun:test";
import { parseStoreLocation, STORE_ALLOWED, toStoreText, type ValkeyLocation } from "./store-location.ts";

/** The location, or what is wrong. */
function read(text: string): unknown {
  const parsed = parseStoreLocation(text);
  return parsed.is === "location" ? parsed.location : parsed.problem;
}

const STANDALONE: ValkeyLocation = {
  engine: "valkey",
  topology: "standalone",
  seeds: [{ host: "h", port: 6379 }],
  masterName: null,
  database: 0,
  isTls: false,
  user: null,
  password: null,
};
const seeds = (port: number, ...hosts: readonly string[]) => hosts.map((host) => ({ host, port }));
const SENTINEL = { ...STANDALONE, topology: "sentinel", masterName: "main", seeds: seeds(26379, "a", "b", "c") };
const CLUSTER = { ...STANDALONE, topology: "cluster", seeds: seeds(6379, "a", "b", "c") };

describe("on this machine", () => {
  test.each([
    ["sqlite:./data", { engine: "sqlite", directory: "./data" }],
    ["sqlite:/var/lib/keyhold", { engine: "sqlite", directory: "/var/lib/keyhold" }],
    ["./data", { engine: "sqlite", directory: "./data" }],
    ["data", { engine: "sqlite", directory: "data" }],
    ["C:\\data", { engine: "sqlite", directory: "C:\\data" }],
    ["./a:b", { engine: "sqlite", directory: "./a:b" }],
    ["memory:", { engine: "memory" }],
    ["memory:x", `expected ${STORE_ALLOWED}`],
    ["foo:bar", `expected ${STORE_ALLOWED}`],
    ["sqlite:", `expected ${STORE_ALLOWED}`],
    ["sqlite://data", `expected ${STORE_ALLOWED}`],
    ["SQLITE:x", `expected ${STORE_ALLOWED}`],
    ["valkeyss://h", `expected ${STORE_ALLOWED}`],
    ["", `expected ${STORE_ALLOWED}`],
  ])("%j is %p", (text, expected) => expect(read(text)).toEqual(expected));
});

describe("one Valkey or Redis server", () => {
  const at = (host: string, port: number) => ({ ...STANDALONE, seeds: [{ host, port }] });
  test.each([
    ["valkey://h", STANDALONE],
    ["redis://h", STANDALONE],
    ["valkey://h/", STANDALONE],
    ["valkey://h/0", STANDALONE],
    ["valkey://h:1", at("h", 1)],
    ["valkey://h:65535", at("h", 65535)],
    ["valkey://h/15", { ...STANDALONE, database: 15 }],
    ["valkey://h/65535", { ...STANDALONE, database: 65535 }],
    ["valkeys://h", { ...STANDALONE, isTls: true }],
    ["rediss://h", { ...STANDALONE, isTls: true }],
    ["valkey://[::1]:7000", at("::1", 7000)],
    ["valkey://[fd00::1]", at("fd00::1", 6379)],
    ["valkey://u:p@h", { ...STANDALONE, user: "u", password: "p" }],
    ["valkey://:p@h", { ...STANDALONE, password: "p" }],
    ["valkey://u@h", { ...STANDALONE, user: "u" }],
    ["valkey://u:@h", { ...STANDALONE, user: "u" }],
    ["valkey://a%40b:p%2F%3A%25%40@h", { ...STANDALONE, user: "a@b", password: "p/:%@" }],
    ["valkey://u:p/q@r:s@h/3", { ...STANDALONE, user: "u", password: "p/q@r:s", database: 3 }],
    ["valkey://u:%C3%A9@h", { ...STANDALONE, user: "u", password: "é" }],
  ])("%j is read", (text, expected) => expect(read(text)).toEqual(expected));

  test.each([
    ["valkey:h", "// is missing behind the scheme"],
    ["valkey:", "// is missing behind the scheme"],
    ["valkey://", "server 1 has no name"],
    ["valkey:///0", "server 1 has no name"],
    ["valkey://h:0", "server 1 has no port from 1 to 65535"],
    ["valkey://h:65536", "server 1 has no port from 1 to 65535"],
    ["valkey://h:", "server 1 has no port from 1 to 65535"],
    ["valkey://h:x", "server 1 has no port from 1 to 65535"],
    ["valkey://::1", "server 1 is no HOST:PORT; an IPv6 address stands in brackets"],
    ["valkey://[::1", "server 1 is no HOST:PORT; an IPv6 address stands in brackets"],
    ["valkey://[h]:1", "server 1 is no host name or address, IPv6 in brackets"],
    ["valkey://[fe80::1%eth0]", "server 1 is no host name or address, IPv6 in brackets"],
    ["valkey://a b", "server 1 is no host name or address, IPv6 in brackets"],
    ["valkey://h/x", "the database is no number from 0 to 65535"],
    ["valkey://h/-1", "the database is no number from 0 to 65535"],
    ["valkey://h/65536", "the database is no number from 0 to 65535"],
    ["valkey://h/0/1", "it goes on behind the database"],
    ["valkey://h?db=1", "a query or fragment is of no meaning"],
    ["valkey://h/1#x", "a query or fragment is of no meaning"],
    ["valkey://u:100%@h", "the password is not percent-encoded UTF-8: a % stands in it as %25"],
    ["valkey://%ff:p@h", "the user is not percent-encoded UTF-8: a % stands in it as %25"],
    ["valkey://a,b", "it names several servers: expected one"],
  ])("%j is refused: %s", (text, reason) => {
    expect(read(text)).toStartWith(reason);
    expect(read(text)).toBeString();
  });
});

describe("Sentinel", () => {
  test.each([
    ["valkey+sentinel://a,b,c/main", SENTINEL],
    ["redis+sentinel://a,b,c/main/", SENTINEL],
    ["valkey+sentinel://a,b,c/main/0", SENTINEL],
    ["valkeys+sentinel://a,b,c/main/2", { ...SENTINEL, isTls: true, database: 2 }],
    ["rediss+sentinel://u:p@a,b,c/main", { ...SENTINEL, isTls: true, user: "u", password: "p" }],
    [
      "valkey+sentinel://[::1]:1,b/my.set-1_x",
      {
        ...SENTINEL,
        masterName: "my.set-1_x",
        seeds: [{ host: "::1", port: 1 }, ...seeds(26379, "b")],
      },
    ],
  ])("%j is read", (text, expected) => expect(read(text)).toEqual(expected));

  test.each([
    ["valkey+sentinel://a,b,c", "the name of the set that Sentinel watches is missing"],
    ["valkey+sentinel://a,b,c/", "the name of the set that Sentinel watches is missing"],
    ["valkey+sentinel://a/b c", "the name of the set that Sentinel watches is missing, or holds other"],
    ["valkey+sentinel://a,,c/main", "server 2 has no name"],
    ["valkey+sentinel://a,b:x/main", "server 2 has no port"],
    ["valkey+sentinel://a/main/x", "the database is no number"],
    ["valkey+sentinel://a/main/0/1", "it goes on behind the database"],
    [`valkey+sentinel://${"a,".repeat(64)}a/main`, "it names 65 servers: expected at most 64"],
  ])("%j is refused: %s", (text, reason) => expect(read(text)).toStartWith(reason));
});

describe("a Cluster", () => {
  test.each([
    ["valkey+cluster://a,b,c", CLUSTER],
    ["redis+cluster://a,b,c/", CLUSTER],
    ["valkeys+cluster://:p@a,b,c", { ...CLUSTER, isTls: true, password: "p" }],
    ["rediss+cluster://a:1", { ...CLUSTER, isTls: true, seeds: seeds(1, "a") }],
  ])("%j is read", (text, expected) => expect(read(text)).toEqual(expected));

  test.each([
    ["valkey+cluster://a/0", "a Cluster has database 0 alone, and none is named"],
    ["valkey+cluster://", "server 1 has no name"],
  ])("%j is refused: %s", (text, reason) => expect(read(text)).toStartWith(reason));
});

describe("what is shown", () => {
  test.each([
    ["memory:", "memory:"],
    ["./data", "sqlite:./data"],
    ["redis://h", "valkey://h:6379/0"],
    ["rediss://u:secret@[::1]:1/3", "valkeys://u:***@[::1]:1/3"],
    ["valkey://:secret@h", "valkey://:***@h:6379/0"],
    ["valkey+sentinel://a,b/main", "valkey+sentinel://a:26379,b:26379/main/0"],
    ["valkey+cluster://a%40:secret@a", "valkey+cluster://a%40:***@a:6379"],
  ])("of %j is %j", (text, expected) => {
    const parsed = parseStoreLocation(text);
    expect(parsed.is === "location" ? toStoreText(parsed.location) : parsed.problem).toBe(expected);
  });

  test("is never a piece of a password, whatever is wrong with the URL", () => {
    const wrong = [
      "valkey:u:hunter2@h",
      "valkey://u:hunter2",
      "valkey://u:hunter2@h:x",
      "valkey://h/hunter2",
      "valkey://h?p=hunter2",
    ];
    for (const text of wrong) {
      const problem = read(text);
      expect(problem).toBeString();
      expect(problem).not.toContain("hunter2");
    }
  });
});
