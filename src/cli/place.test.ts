// Tests of what all commands take in the same way: the URL of a server, its token, a store.
import { describe, expect, test } from "bun:test";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { toDirectory } from "./place.ts";
import { run } from "./run.ts";
import { parseServerUrl } from "./server-url.ts";

describe("the URL of a server", () => {
  test.each([
    ["http://127.0.0.1:3000", "http://127.0.0.1:3000"],
    ["https://store.example/", "https://store.example"],
    ["http://[::1]:5", "http://[::1]:5"],
  ])("%j is %s", (text, origin) => {
    expect(parseServerUrl(text)).toBe(origin);
  });

  test.each([
    "nowhere",
    "ftp://a",
    "http:a",
    "http://",
    "http://a/b",
    "http://a?b",
    "http://a#b",
    "http://a b",
    "http://a\\b",
  ])("%j is none", async (text) => {
    expect((await rejectionOf(() => parseServerUrl(text)))?.code).toBe("invalid-parameter");
  });

  test.each(["http://user:hidden@a", "user:hidden@a", "http://user:hid@den@a"])(
    "%j is refused without the password in the sentence",
    async (text) => {
      const refused = await rejectionOf(() => parseServerUrl(text));
      expect(refused?.detail).toContain("@a");
      expect(refused?.detail).not.toMatch(/hid|den/);
    },
  );
});

describe.each([[["backup", "x.db"]], [["export"]], [["token", "list"]]])("%j", (command) => {
  const asked = async (files: Readonly<Record<string, string>>, variable?: string) => {
    const host = makeFakeHost(files);
    const around = variable === undefined ? {} : { KEYHOLD_TOKEN: variable };
    const flags = variable === undefined ? ["--token-file", "t"] : [];
    const code = await run([...command, "--url", "http://127.0.0.1:1", ...flags], host, around);
    return { code, error: host.error().split("\n").at(-2) };
  };

  test("refuses a --token-file that is missing, is empty or holds no token, and never shows it", async () => {
    expect(await asked({})).toEqual({ code: 1, error: "keyhold: Cannot read --token-file t: t is not there" });
    expect(await asked({ t: " \n" })).toEqual({ code: 1, error: "keyhold: Cannot use --token-file t: it is empty" });
    const odd = "keyhold: Cannot use --token-file t: it holds what no token has";
    expect(await asked({ t: "two words" })).toEqual({ code: 1, error: odd });
  });

  test("takes KEYHOLD_TOKEN without the white space around it", async () => {
    expect((await asked({}, " abc\n")).error).toContain("Cannot reach http://127.0.0.1:1");
    expect((await asked({}, " ")).error).toContain("Cannot reach http://127.0.0.1:1");
  });
});

test.each(["sqlite://x", "memory:", "redis://x", "", "sqlite:"])("%j is no store of a directory", async (text) => {
  expect((await rejectionOf(() => toDirectory(text)))?.code).toBe("invalid-parameter");
});

test.each([
  ["./a", "./a"],
  ["sqlite:a", "a"],
  ["sqlite:/a", "/a"],
])("%j is the store in %s", (text, directory) => {
  expect(toDirectory(text)).toBe(directory);
});
