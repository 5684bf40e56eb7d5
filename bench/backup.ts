// What a backup costs: how long it takes, and what writes wait while it is made, against before. A server of its own, over a
// store that is filled first: ENTRIES of VALUE bytes. Durability is full.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { makeBatch } from "../src/core/batch.ts";
import { ALWAYS } from "../src/core/condition.ts";
import { NEVER } from "../src/core/expiry.ts";
import { parseKey } from "../src/core/key.ts";
import { openSqliteStore } from "../src/engines/sqlite/store.ts";
import { startServerProcess } from "../test/support/server-process.ts";
import { sqliteOptions } from "../test/support/sqlite-harness.ts";

const ENTRIES = Number(process.env["ENTRIES"] ?? 1_000_000);
const VALUE = Number(process.env["VALUE"] ?? 100);
const CONNECTIONS = Number(process.env["CONNECTIONS"] ?? 16);
const BEFORE_MS = 5000;
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function fill(directory: string): Promise<void> {
  const store = await openSqliteStore(sqliteOptions(directory, { durability: "relaxed", historyChanges: 1000 }));
  for (let first = 0; first < ENTRIES; first += 1000) {
    const mutations = Array.from({ length: Math.min(1000, ENTRIES - first) }, (_, index) => ({
      op: "put" as const,
      key: parseKey(`key${((first + index) * 7919) % ENTRIES}`),
      value: crypto.getRandomValues(new Uint8Array(VALUE)),
      contentType: "application/octet-stream",
      form: "bytes" as const,
      expiry: NEVER,
      when: ALWAYS,
      want: "info" as const,
    }));
    await store.commit(makeBatch(mutations));
  }
  await store.close();
}

/** Latencies of writes, in ms, until told to stop. */
function write(url: string): { readonly stop: () => Promise<readonly number[]> } {
  const latencies: number[] = [];
  let isOver = false;
  const writers = Array.from({ length: CONNECTIONS }, async (_, id) => {
    for (let count = 0; !isOver; count++) {
      const startedAt = performance.now();
      const response = await fetch(`${url}/w${id}x${count % 1000}`, { method: "PUT", body: "x".repeat(100) });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`A write was answered ${response.status}`);
      latencies.push(performance.now() - startedAt);
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(writers);
      return latencies.toSorted((a, b) => a - b);
    },
  };
}

function describe(what: string, latencies: readonly number[], ms: number): void {
  const at = (share: number) => (latencies[Math.floor((latencies.length - 1) * share)] ?? 0).toFixed(1);
  const rate = Math.round((latencies.length / ms) * 1000);
  console.log(`${what}: ${rate} writes/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
}

const directory = mkdtempSync(`${tmpdir()}/keyhold-bench-`);
try {
  await fill(directory);
  const server = await startServerProcess(["--store", directory]);
  const before = write(server.url);
  await Bun.sleep(BEFORE_MS);
  describe("before", await before.stop(), BEFORE_MS);
  const during = write(server.url);
  const startedAt = performance.now();
  const child = Bun.spawn([process.execPath, MAIN, "backup", `${directory}/copy.db`, "--url", server.url], {
    stdout: "ignore",
    stderr: "ignore",
  });
  if ((await child.exited) !== 0) throw new Error("The backup failed");
  const ms = performance.now() - startedAt;
  describe("during", await during.stop(), ms);
  const megabytes = (Bun.file(`${directory}/copy.db`).size / 1e6).toFixed(0);
  console.log(`backup of ${ENTRIES} entries of ${VALUE} bytes: ${megabytes} MB in ${(ms / 1000).toFixed(1)} s`);
  server.kill("SIGKILL");
  await server.exited;
} finally {
  rmSync(directory, { recursive: true });
}
