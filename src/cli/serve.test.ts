// Tests of serve.ts, with a server that only remembers what it was told.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import type { RunningServer } from "../compose.ts";
import { loadConfig } from "../config/load.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Log } from "../observe/log.ts";
import { errorLogPath, serve } from "./serve.ts";
import { SIGNAL_ECHO_MS } from "./signals.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "keyhold-serve-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function config(flags: Readonly<Record<string, string>> = {}) {
  const loaded = loadConfig({ flags: { store: directory, ...flags }, environment: {}, readFile: () => "" });
  if (loaded.is === "refused") throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}

/** A started `serve` with a server that ends when the test says so. */
function start(flags: Readonly<Record<string, string>> = {}) {
  const host = makeFakeHost();
  const started = Promise.withResolvers<RunningServer>();
  const ended = Promise.withResolvers<"stopped" | "store-failed">();
  const seen: { stops: number; reloads: number; log: Log | null } = { stops: 0, reloads: 0, log: null };
  const server: RunningServer = {
    url: "http://127.0.0.1:3000",
    ended: ended.promise,
    stop: () => {
      seen.stops++;
    },
    reload: () => {
      seen.reloads++;
    },
  };
  const code = serve(config(flags), host, (_, log) => {
    seen.log = log;
    return started.promise;
  });
  return {
    host,
    seen,
    code,
    ended,
    started,
    /** Resolves when serve() has taken the server over. */
    ready: async () => {
      started.resolve(server);
      await started.promise;
      await Promise.resolve();
    },
    lines: () =>
      host
        .out()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    events: () =>
      host
        .out()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).event),
  };
}

describe("the start", () => {
  test.each(["debug", "info", "warn", "error"])(
    "at log level %s the line with listening has the URL",
    async (level) => {
      const run = start({ "log-level": level });
      expect(run.host.out()).not.toContain("listening");
      await run.ready();
      expect(run.lines()).toEqual([
        {
          time: "1970-01-01T00:00:00.000Z",
          level: "info",
          event: "listening",
          msg: "listening on http://127.0.0.1:3000",
          url: "http://127.0.0.1:3000",
          store: `sqlite:${directory}`,
          durability: "full",
        },
      ]);
      expect(existsSync(join(directory, "error.log"))).toBe(false);
    },
  );
  test("a store in memory is warned of", async () => {
    const run = start({ store: "memory:" });
    await run.ready();
    expect(run.lines()[1]).toMatchObject({ level: "warn", event: "not-durable", store: "memory:" });
  });
  test("a store on Valkey is told with its promise and without its password", async () => {
    const run = start({ store: "redis+sentinel://u:hunter2@a,b/main" });
    await run.ready();
    const store = "valkey+sentinel://u:***@a:26379,b:26379/main/0";
    expect(run.lines()).toEqual([expect.objectContaining({ event: "listening", store, durability: "replicated:1" })]);
    expect(run.host.out()).not.toContain("hunter2");
  });
  test("relaxed durability is warned of, also in the error log", async () => {
    const run = start({ durability: "relaxed" });
    await run.ready();
    expect(run.lines()[1]).toMatchObject({ level: "warn", event: "not-durable", durability: "relaxed" });
    expect(readFileSync(join(directory, "error.log"), "utf8")).toContain('"event":"not-durable"');
  });
  test("a fault at the start is one sentence and exit code 1, and leaves the store's directory alone", async () => {
    const run = start();
    run.started.reject(new KeyholdError("unavailable", "Store is open in another process"));
    expect(await run.code).toBe(1);
    expect(run.host.error()).toBe("keyhold: Store is open in another process\n");
    expect(existsSync(join(directory, "error.log"))).toBe(false);
  });
  test("any other error is told in one line too, at log level debug with its stack", async () => {
    const run = start();
    run.started.reject(new Error("Port 1 is\n  taken"));
    expect(await run.code).toBe(1);
    expect(run.host.error()).toBe("keyhold: Port 1 is taken\n");
    const debug = start({ "log-level": "debug" });
    debug.started.reject(new Error("Port 1 is taken"));
    expect(await debug.code).toBe(1);
    expect(debug.host.error()).toContain("\n    at ");
  });
});

describe("signals", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s stops the server in order, and its exit code is the command's",
    async (signal) => {
      const run = start();
      await run.ready();
      expect(run.seen.stops).toBe(0);
      run.host.signal(signal);
      expect(run.seen.stops).toBe(1);
      run.ended.resolve("stopped");
      expect(await run.code).toBe(0);
      expect(run.events()).toEqual(["listening", "stopping", "stopped"]);
      expect(run.host.exits).toEqual([]);
    },
  );
  test("a server that is still starting is stopped once it has started", async () => {
    const run = start();
    run.host.signal("SIGTERM");
    await run.ready();
    expect(run.seen.stops).toBe(1);
  });
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("a second %s ends the process at once with %d", async (signal, code) => {
    const run = start();
    await run.ready();
    run.host.signal(signal);
    run.host.passTime(SIGNAL_ECHO_MS);
    run.host.signal(signal);
    expect([run.seen.stops, run.host.exits]).toEqual([1, [code]]);
  });
  test("a second signal that is the echo of the first is passed over", async () => {
    const run = start();
    await run.ready();
    run.host.signal("SIGINT");
    run.host.passTime(SIGNAL_ECHO_MS - 1);
    run.host.signal("SIGINT");
    expect([run.seen.stops, run.host.exits]).toEqual([1, []]);
  });
  test("SIGHUP opens the error log anew", async () => {
    const run = start();
    await run.ready();
    const path = join(directory, "error.log");
    run.seen.log?.warn("one", "First");
    rmSync(path);
    run.seen.log?.warn("two", "Second");
    expect(existsSync(path)).toBe(false);
    run.host.signal("SIGHUP");
    run.seen.log?.warn("three", "Third");
    expect(readFileSync(path, "utf8")).toContain("Third");
  });
  test("SIGHUP has the server read again what may change, once it has started", async () => {
    const run = start();
    run.host.signal("SIGHUP");
    expect(run.seen.reloads).toBe(0);
    await run.ready();
    run.host.signal("SIGHUP");
    expect(run.seen.reloads).toBe(1);
  });
});

test("an error that nobody caught is in both logs with its stack, and the process ends with 70", async () => {
  const run = start({ "access-log": "true" });
  await run.ready();
  const error = new Error("lost");
  run.host.fail(error);
  expect(run.host.exits).toEqual([70]);
  expect(run.lines().at(-1)).toMatchObject({ event: "uncaught-error", level: "error", stack: error.stack });
  expect(readFileSync(join(directory, "error.log"), "utf8")).toContain("uncaught-error");
});

test("the error log is in the store's directory unless said otherwise, and nowhere for memory", () => {
  expect(errorLogPath(config())).toBe(join(directory, "error.log"));
  expect(errorLogPath(config({ store: "memory:" }))).toBeNull();
  expect(errorLogPath(config({ store: "valkey://h" }))).toBeNull();
  expect(errorLogPath(config({ "error-log": "none" }))).toBeNull();
  expect(errorLogPath(config({ store: "memory:", "error-log": "other.log" }))).toBe("other.log");
});
