// Tests of hidden-passwords.ts, and that what is made with it shows no secret.
import { describe, expect, test } from "bun:test";
import { toConfigJson, toConfigTable } from "../cli/show-config.ts";
import { hidePassword } from "./hidden-passwords.ts";
import { loadConfig } from "./load.ts";

describe("a password is hidden", () => {
  test.each([
    ["valkey://u:hunter2@h:1/0", "valkey://u:***@h:1/0"],
    ["valkey://:hunter2@h", "valkey://:***@h"],
    ["valkey://u:a/hunter2@b:c@h/0", "valkey://u:***@h/0"],
    ["valkey+sentinel://u:hunter2@a:1,b:2/main", "valkey+sentinel://u:***@a:1,b:2/main"],
    ["VALKEY://u:hunter2@h", "VALKEY://u:***@h"],
    ["walkey://u:hunter2@h", "walkey://u:***@h"],
    ["valkey:u:hunter2@h", "valkey:***@h"],
    ["valkey:/u:hunter2@h", "valkey:***@h"],
    ["user:hunter2@h", "user:***@h"],
    ["valkey://u:hunter2", "valkey://u:***"],
    ["valkey://u:123456789", "valkey://u:***"],
    ["valkey://h?password=hunter2", "valkey://h?***"],
    ["valkey://h#hunter2", "valkey://h?***"],
    ["http://u:hunter2@collector:4318", "http://u:***@collector:4318"],
  ])("in %j", (text, expected) => expect(hidePassword(text)).toBe(expected));
});

test.each([
  "valkey://h:6379/0",
  "valkey://[::1]:6379,[fd00::1]",
  "valkey+cluster://a:1,b:2,c",
  "valkey://u@h",
  "sqlite:/a:b@c",
  "./a:b@c",
  "C:\\a:b@c",
  "memory:",
  "none",
  "",
])("%j stays as it is", (text) => expect(hidePassword(text)).toBe(text));

test("keyhold config shows no password, as text or as value, from a flag, the environment or a file", () => {
  const url = "valkey://keyhold:hunter2@h";
  for (const sources of [
    { flags: { store: url }, environment: {}, readFile: () => "" },
    { flags: {}, environment: { KEYHOLD_STORE: url, KEYHOLD_TRACES: "http://u:hunter2@t" }, readFile: () => "" },
    { flags: { config: "f" }, environment: {}, readFile: () => `store = "${url}"` },
  ]) {
    const result = loadConfig(sources);
    if (result.is === "refused") throw new Error(result.problems.join());
    const shown = toConfigTable(result.provenance) + toConfigJson(result.provenance);
    expect(shown).toContain("valkey://keyhold:***@h");
    expect(shown).not.toContain("hunter2");
    expect(result.config.store).toMatchObject({ password: "hunter2" });
  }
});

test.each(["valkey://u:hunter2@h:x", "valkey://u:hunter2", "walkey://u:hunter2@h", "valkey:u:hunter2@h"])(
  "the refusal of %j shows no password",
  (url) => {
    const result = loadConfig({ flags: { store: url }, environment: {}, readFile: () => "" });
    expect(result.is).toBe("refused");
    expect(JSON.stringify(result)).not.toContain("hunter2");
  },
);
