// Tests of `keyhold doctor`: what it finds of a server that is well and of ones that are not, and of a store's directory.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../../../test/support/certificate.ts";
import { makeFakeHost } from "../../../test/support/fake-host.ts";
import { type ServerProcess, startServerProcess } from "../../../test/support/server-process.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { openSqliteStore } from "../../engines/sqlite/store.ts";
import { run } from "../run.ts";
import { judgeSync, kindOf } from "./disk-checks.ts";
import { checkInfo, type InfoJson } from "./info-checks.ts";
import { parseSamples } from "./metrics-checks.ts";
import { checkBackups } from "./store-checks.ts";

const HOUR_MS = 3_600_000;
const SECRET = "o".repeat(40);
const top = makeTemporaryDirectory();
const store = join(top, "store");
let server: ServerProcess;

beforeAll(async () => {
  writeFileSync(join(top, "admin"), SECRET);
  server = await startServerProcess(["--store", `sqlite:${store}`, "--admin-token-file", join(top, "admin")]);
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
  removeTemporaryDirectory(top);
});

interface Found {
  readonly check: string;
  readonly verdict: string;
  readonly detail: string;
  readonly cure: string | null;
}

async function doctor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  const code = await run(["doctor", "--json", ...args], host, environment);
  const { checks, ...counts }: { checks: readonly Found[] } & Record<string, number> = JSON.parse(host.out());
  return { code, checks, counts, verdictOf: (name: string) => checks.find(({ check }) => check === name)?.verdict };
}

describe("a server", () => {
  test("that is well is found so in every respect, and is left as it was", async () => {
    const { checks, verdictOf } = await doctor(["--url", server.url], { KEYHOLD_TOKEN: SECRET });
    // What the disk of this machine is like is nobody's fault here.
    const own = checks.filter(({ check }) => check !== "disk-space" && check !== "commits");
    expect(own.filter(({ verdict }) => verdict === "fail" || verdict === "skip")).toEqual([]);
    for (const name of ["reach", "ready", "token", "version", "clock", "durability", "integrity", "access", "load"]) {
      expect([name, verdictOf(name)]).toEqual([name, "ok"]);
    }
    for (const name of ["write", "read", "delete", "watch", "disk-space", "commits", "open-files"]) {
      expect([name, verdictOf(name) !== undefined]).toEqual([name, true]);
    }
    expect(checks.find(({ check }) => check === "backups")).toMatchObject({
      verdict: "warn",
      cure: expect.any(String),
    });
    const keys = await fetch(`${server.url}/keys?keys`, { headers: { Authorization: `Bearer ${SECRET}` } });
    expect(await keys.json()).toEqual([]);
  });

  test("that asks for a token which is not given fails there, with a cure", async () => {
    const { code, checks } = await doctor(["--url", server.url]);
    expect(code).toBe(1);
    expect(checks.find(({ check }) => check === "token")).toMatchObject({
      verdict: "fail",
      cure: "Give a token by --token-file or KEYHOLD_TOKEN",
    });
  });

  test("is looked at as far as the token gives leave, and no further", async () => {
    const headers = { Authorization: `Bearer ${SECRET}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ name: "reader", scopes: ["read"] });
    const issued = await (await fetch(`${server.url}/-/tokens`, { method: "POST", headers, body })).text();
    const { token }: { token: string } = JSON.parse(issued);
    const { code, verdictOf, checks } = await doctor(["--url", server.url], { KEYHOLD_TOKEN: token });
    expect([code, verdictOf("token"), verdictOf("write"), verdictOf("watch")]).toEqual([0, "skip", "skip", "skip"]);
    expect(JSON.stringify(checks)).not.toContain(token);
  });

  test("that nobody is at fails at once, and nothing more is looked at", async () => {
    const { code, checks, counts } = await doctor(["--url", "http://127.0.0.1:1"]);
    expect([code, counts]).toEqual([1, { ok: 0, warn: 0, fail: 1, skip: 0 }]);
    expect(checks[0]?.cure).toContain("keyhold serve");
  });

  test("whose certificate nobody vouches for is said so, with what to do", async () => {
    const { cert, key } = makeCertificate(top, "localhost");
    const secure = await startServerProcess(["--store", "memory:", "--tls-cert", cert, "--tls-key", key]);
    const { code, checks } = await doctor(["--url", secure.url]);
    const host = makeFakeHost();
    const got = await run(["get", "a", "--url", secure.url], host, {});
    secure.kill("SIGKILL");
    expect([got, host.error()]).toEqual([75, expect.stringContaining("; NODE_EXTRA_CA_CERTS=FILE names what")]);
    expect([code, checks.map(({ check, verdict }) => `${check} ${verdict}`)]).toEqual([1, ["reach fail", "tls fail"]]);
    expect(checks[1]?.cure).toContain("NODE_EXTRA_CA_CERTS");
  });

  test("that is no Keyhold is found out", async () => {
    const other = Bun.serve({ port: 0, fetch: () => new Response("<html>hello") });
    const { code, verdictOf } = await doctor(["--url", other.url.origin]);
    await other.stop(true);
    expect([code, verdictOf("info")]).toEqual([1, "fail"]);
  });
});

describe("what a server says of itself", () => {
  const well: InfoJson = {
    version: "0.1.0",
    now: "2026-01-01T00:00:00Z",
    store: {
      engine: "sqlite",
      durability: "power-loss",
      promise: "fsync",
      entries: 1,
      bytes: 1,
      queued_commits: 0,
      integrity: "passed",
    },
    access: { asks_for_token: true },
    backups: { last_at: "2026-01-01T00:00:00Z", last_bytes: 5000, failures: 0 },
    watchers: 0,
    limits: { watchers: 100 },
  };
  const nowMs = Date.parse("2026-01-01T12:00:00Z");
  const verdicts = (info: InfoJson, isLocal = false) =>
    checkInfo(info, { isLocal, nowMs })
      .filter(({ verdict }) => verdict !== "ok")
      .map(({ check, verdict }) => `${check} ${verdict}`);

  test("is all well", () => {
    expect(verdicts(well)).toEqual([]);
  });

  test.each<[string, InfoJson, readonly string[]]>([
    ["open to everybody", { ...well, access: { asks_for_token: false } }, ["access warn"]],
    ["in memory", { ...well, store: { ...well.store, engine: "memory", durability: "none" } }, ["durability warn"]],
    ["relaxed", { ...well, store: { ...well.store, durability: "process-crash" } }, ["durability warn"]],
    ["damaged", { ...well, store: { ...well.store, integrity: "damaged" } }, ["integrity fail"]],
    ["without backups", { ...well, backups: null }, ["backups warn"]],
    [
      "with an old backup",
      { ...well, backups: { last_at: "2025-12-30T11:00:00Z", last_bytes: 1, failures: 0 } },
      ["backups warn"],
    ],
    [
      "with a failed backup",
      { ...well, backups: { last_at: "2026-01-01T11:00:00Z", last_bytes: 1, failures: 2 } },
      ["backups warn"],
    ],
    ["full of watchers", { ...well, watchers: 95 }, ["load warn"]],
    ["behind", { ...well, store: { ...well.store, queued_commits: 5000 } }, ["load warn"]],
  ])("says that it is %s", (_, info, expected) => {
    expect(verdicts(info)).toEqual([...expected]);
  });

  test("is no fault of one that only this machine reaches", () => {
    expect(verdicts({ ...well, access: { asks_for_token: false } }, true)).toEqual([]);
  });
});

describe("a store of this machine", () => {
  test("is read, also while a server holds it, and its disk looked at; nothing is left there", async () => {
    const before = readdirSync(store);
    const { checks, verdictOf } = await doctor(["--store", store]);
    expect([verdictOf("store"), verdictOf("held"), verdictOf("access")]).toEqual(["ok", "ok", "ok"]);
    for (const name of ["disk-space", "inodes", "file-system", "fsync", "open-files"]) {
      expect([name, verdictOf(name) !== undefined]).toEqual([name, true]);
    }
    expect(checks.find(({ check }) => check === "held")?.detail).toContain("a server holds it");
    expect(readdirSync(store)).toEqual(before);
  });

  test("that others may enter, or that is none, is said so", async () => {
    chmodSync(store, 0o755);
    const open = await doctor(["--store", `sqlite:${store}`]);
    chmodSync(store, 0o700);
    expect(open.verdictOf("access")).toBe("warn");
    const none = await doctor(["--store", join(top, "nothing")]);
    expect([none.code, none.checks.map(({ check, verdict }) => `${check} ${verdict}`)]).toEqual([1, ["store fail"]]);
  });

  test("that is damaged where no server would start is said so", async () => {
    const damaged = join(top, "damaged");
    await (await openSqliteStore(sqliteOptions(damaged))).close();
    const db = new Database(join(damaged, "keyhold.db"));
    db.run("update state set revision = revision + 1");
    db.close(true);
    const { code, checks } = await doctor(["--store", damaged]);
    expect(code).toBe(1);
    expect(checks).toMatchObject([
      { check: "store", verdict: "fail", detail: expect.stringContaining("does not match its checksum") },
    ]);
    expect(checks[0]?.cure).toContain("keyhold copy");
  });

  test("has backups that are young enough", () => {
    const directory = join(top, "backups");
    mkdirSync(directory);
    const nowMs = 1_800_000_000_000;
    expect(checkBackups(directory, nowMs).verdict).toBe("fail");
    writeFileSync(join(directory, "a.db"), "x");
    utimesSync(join(directory, "a.db"), (nowMs - 49 * HOUR_MS) / 1000, (nowMs - 49 * HOUR_MS) / 1000);
    expect(checkBackups(directory, nowMs).verdict).toBe("warn");
    utimesSync(join(directory, "a.db"), nowMs / 1000, (nowMs - 47 * HOUR_MS) / 1000);
    expect(checkBackups(directory, nowMs).verdict).toBe("ok");
  });

  test("lies on a file system that keeps what it says", () => {
    expect([
      kindOf(0xef53).verdict,
      kindOf(0x01021994).verdict,
      kindOf(0x6969).verdict,
      kindOf(0x65735546).verdict,
    ]).toEqual(["ok", "fail", "fail", "warn"]);
  });

  test.each([
    [0.005, "warn"],
    [0.5, "ok"],
    [49.9, "ok"],
    [50, "warn"],
    [500, "fail"],
  ])("on a disk that syncs in %d ms is %s", (ms, verdict) => {
    expect(String(judgeSync([ms, ms, ms]).verdict)).toBe(verdict);
  });
});

test("a table for people has the cure below what is not well", async () => {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  expect(await run(["doctor", "--url", "http://127.0.0.1:1"], host, {})).toBe(1);
  expect(host.out()).toMatch(
    /^fail {2}reach {8}Cannot reach .*\n {19}→ Start it .*\n0 ok, 0 to look at, 1 failed, 0 not looked at\n$/,
  );
});

test("samples are read out of the text of metrics", () => {
  const text = '# HELP a b\nkeyhold_disk_free_bytes 5e9\nkeyhold_x{a="b"} 3\nprocess_open_fds 12\n';
  expect([...parseSamples(text)]).toEqual([
    ["keyhold_disk_free_bytes", 5e9],
    ["process_open_fds", 12],
  ]);
});
