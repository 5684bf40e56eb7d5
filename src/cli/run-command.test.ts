// Tests of run-command.ts: how commands end.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { KeyholdError } from "../core/errors.ts";
import { BadConfig, runCommand, withHint } from "./run-command.ts";
import { SIGNAL_ECHO_MS } from "./signals.ts";

describe("a command", () => {
  test.each([
    ["a mistake in the command line", 2, () => new KeyholdError("invalid-parameter", "No")],
    ["damage", 65, () => new KeyholdError("damaged-entry", "No")],
    ["an option of the server that is not allowed", 78, () => new BadConfig(["No"])],
    ["any other fault", 1, () => new KeyholdError("unavailable", "No")],
  ])("ends at %s with %d and its sentence", async (_, code, error) => {
    const host = makeFakeHost();
    expect(await runCommand(host, () => Promise.reject(error()))).toBe(code);
    expect(host.error()).toBe("keyhold: No\n");
  });

  test("ends at what the system refuses with 1, at a mistake of ours with 70 and where it was", async () => {
    const host = makeFakeHost();
    expect(await runCommand(host, async () => readFileSync("/nowhere/at/all").length)).toBe(1);
    expect(host.error()).toMatch(/^keyhold: ENOENT.*\n$/);
    const wrong = makeFakeHost();
    expect(await runCommand(wrong, () => Promise.reject(new TypeError("x is not a function")))).toBe(70);
    expect(wrong.error()).toContain("run-command.test.ts");
  });

  test("is told by the first signal, and ends at once by a second that is no echo", async () => {
    const host = makeFakeHost();
    await runCommand(host, async (signal) => {
      host.signal("SIGINT");
      expect(signal.aborted).toBe(true);
      host.passTime(SIGNAL_ECHO_MS - 1);
      host.signal("SIGINT");
      expect(host.exits).toEqual([]);
      host.passTime(1);
      host.signal("SIGINT");
      host.signal("SIGTERM");
      return 0;
    });
    expect(host.exits).toEqual([130, 143]);
  });
});

test("a hint keeps code, members and cause", () => {
  const fault = new KeyholdError("already-exists", "There is one", { key: "a" });
  expect(withHint(fault, "remove it")).toMatchObject({
    code: "already-exists",
    detail: "There is one; remove it",
    data: { key: "a" },
    cause: fault,
  });
  expect(() => withHint(new TypeError("ours"), "x")).toThrow(TypeError);
});
