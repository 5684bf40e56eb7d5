// Tests of store-access.ts: files that are read, and that no refusal says what a file holds.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStoreAccess } from "./store-access.ts";
import { parseStoreLocation, type ValkeyLocation } from "./store-location.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "keyhold-access-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function at(url: string): ValkeyLocation {
  const parsed = parseStoreLocation(url);
  if (parsed.is === "location" && parsed.location.engine === "valkey") return parsed.location;
  throw new Error("no location on Valkey");
}

const NONE = {
  storeUser: null,
  storePasswordFile: null,
  storeCa: null,
  sentinelUser: null,
  sentinelPasswordFile: null,
};

describe("what is read", () => {
  test("user and password come from the URL", () => {
    expect(readStoreAccess(NONE, at("valkey://u:p@h"))).toMatchObject({ user: "u", password: "p", ca: null });
  });
  test("or from the options, the password without the line break that an editor adds", () => {
    const options = { ...NONE, storeUser: "u", storePasswordFile: file("password", " p w \r\n") };
    expect(readStoreAccess(options, at("valkey://h"))).toMatchObject({ user: "u", password: " p w " });
  });
  test("the Sentinels have their own", () => {
    const options = { ...NONE, sentinelUser: "s", sentinelPasswordFile: file("sentinel", "q\n") };
    expect(readStoreAccess(options, at("valkey+sentinel://u:p@h/main"))).toEqual({
      user: "u",
      password: "p",
      ca: null,
      sentinel: { user: "s", password: "q" },
    });
  });
  test("certificates are taken as text", () => {
    const text = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    expect(readStoreAccess({ ...NONE, storeCa: file("ca.pem", text) }, at("valkeys://h")).ca).toBe(text);
  });
});

describe("what is refused names the option and the file, and not what it holds", () => {
  test.each([
    ["", "it is empty"],
    ["\n", "it is empty"],
    ["hunter2\nhunter2\n", "it has more than one line"],
    ["hunter2\0", "it has more than one line"],
    ["hunter2".repeat(200_000), "it is no file of at most 1048576 bytes"],
  ])("a password file", (text, why) => {
    const storePasswordFile = file("wrong", text);
    const read = () => readStoreAccess({ ...NONE, storePasswordFile }, at("valkey://h"));
    expect(read).toThrow(`Cannot use --store-password-file ${storePasswordFile}: ${why}`);
    expect(read).not.toThrow("hunter2");
  });
  test("a directory", () => {
    const read = () => readStoreAccess({ ...NONE, sentinelPasswordFile: directory }, at("valkey+sentinel://h/main"));
    expect(read).toThrow(`Cannot use --sentinel-password-file ${directory}: it is no file`);
  });
  test("a file that is not there", () => {
    const read = () => readStoreAccess({ ...NONE, storeCa: join(directory, "none") }, at("valkeys://h"));
    expect(read).toThrow("ENOENT");
  });
  test("certificates that are none", () => {
    const read = () => readStoreAccess({ ...NONE, storeCa: file("key.pem", "hunter2") }, at("valkeys://h"));
    expect(read).toThrow("it holds no certificate in PEM");
  });
});
