// `keyhold doctor --store valkey://…`: a real Valkey that is well, and one that cannot keep its promise.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { run } from "../../src/cli/run.ts";
import { makeFakeHost } from "../support/fake-host.ts";
import { startServerProcess } from "../support/server-process.ts";
import { type Standalone, startStandalone } from "../support/valkey-standalone.ts";

let valkey: Standalone;
let store: string;

beforeAll(async () => {
  valkey = await startStandalone();
  store = `valkey://${valkey.node.address.host}:${valkey.node.address.port}`;
});

afterAll(() => valkey.stop());

async function doctor(...flags: readonly string[]) {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  const code = await run(["doctor", "--json", ...flags], host, {});
  const { checks }: { checks: readonly { check: string; verdict: string; detail: string }[] } = JSON.parse(host.out());
  return { code, error: host.error(), found: checks.map(({ check, verdict }) => `${check} ${verdict}`), checks };
}

test("says whether there is a store, whether its servers keep the promise, and how soon they answer", async () => {
  const none = await doctor("--store", store, "--promise", "applied");
  expect([none.code, none.found]).toEqual([1, ["store fail"]]);
  const server = await startServerProcess(["--store", store, "--promise", "applied"]);
  try {
    const served = await doctor("--store", store, "--promise", "applied");
    expect([served.code, served.error]).toEqual([0, ""]);
    expect(served.found.filter((each) => !each.startsWith("latency"))).toEqual(["promise warn", "store ok"]);
    const promised = await doctor("--store", store, "--promise", "fsync");
    expect([promised.code, promised.found]).toEqual([1, ["store fail"]]);
    expect(promised.checks[0]?.detail).toContain("appendonly yes");
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
}, 20_000);
