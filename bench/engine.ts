// What the embedded engine alone does for values of several sizes: durable overwrites of random keys by 64 writers, random
// reads, and the room taken: `npm run bench:engine`. To compare two shapes of the tables, run it on two checkouts in turn.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutation, makeBatch } from "../src/core/batch.ts";
import { ALWAYS } from "../src/core/condition.ts";
import { makeCount } from "../src/core/count.ts";
import { NEVER } from "../src/core/expiry.ts";
import { type Key, parseKey } from "../src/core/key.ts";
import { openSqliteStore, type SqliteStore } from "../src/engines/sqlite/store.ts";

const WRITERS = 64;
const SECONDS = Number(process.env["SECONDS"] ?? 5);
const READS = 100_000;
const LOAD_BYTES = 4_000_000;
const SIZES: readonly { readonly valueBytes: number; readonly keys: number }[] = [
  { valueBytes: 100, keys: 500_000 },
  { valueBytes: 1024, keys: 200_000 },
  { valueBytes: 16_384, keys: 20_000 },
];

console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${WRITERS} writers, durability full`,
);
for (const { valueBytes, keys } of SIZES) await measure(valueBytes, keys);

async function measure(valueBytes: number, keys: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
  const store = await openSqliteStore({
    writer: {
      directory,
      durability: "full",
      sweepIntervalMs: 250,
      historyAgeMs: 86_400_000,
      historyChanges: 1_000_000,
      idempotencyAgeMs: 86_400_000,
      idempotencyBytes: 1_000_000,
      diskReserveBytes: 0,
      storeBytes: 0,
    },
    allowNetworkFileSystem: false,
    queuedCommits: 10_000,
    queue: { requests: makeCount(), bytes: makeCount(), stalled: makeCount() },
    newIncarnation: "bench",
    onFatal: (reason) => console.error(reason),
  });
  try {
    await load(store, valueBytes, keys);
    const writes = await overwrite(store, valueBytes, keys);
    const readMicros = await read(store, keys);
    console.log(
      `${String(valueBytes).padStart(6)} B × ${keys}: ${Math.round(writes.count / SECONDS)} overwrites/s, CPU ${writes.cpuMicros.toFixed(1)} µs each, ` +
        `p50 ${writes.p50.toFixed(2)} ms, p99 ${writes.p99.toFixed(1)} ms; read ${readMicros.toFixed(2)} µs; ${Math.round((store.stats().bytes ?? 0) / 1e6)} MB on disk`,
    );
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function load(store: SqliteStore, valueBytes: number, keys: number): Promise<void> {
  const batch = Math.max(1, Math.min(1000, Math.floor(LOAD_BYTES / valueBytes)));
  for (let first = 0; first < keys; first += batch) {
    const count = Math.min(batch, keys - first);
    await store.commit(makeBatch(Array.from({ length: count }, (_, index) => put(first + index, valueBytes))));
  }
}

async function overwrite(store: SqliteStore, valueBytes: number, keys: number) {
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const endsAt = performance.now() + SECONDS * 1000;
  const writer = async () => {
    while (performance.now() < endsAt) {
      const sentAt = performance.now();
      await store.commit(makeBatch([put(random(keys), valueBytes)]));
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const { user, system } = process.cpuUsage(cpuBefore);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { count: latencies.length, cpuMicros: (user + system) / latencies.length, p50: at(0.5), p99: at(0.99) };
}

async function read(store: SqliteStore, keys: number): Promise<number> {
  const startedAt = performance.now();
  for (let count = 0; count < READS; count++) store.get(keyOf(random(keys)));
  return ((performance.now() - startedAt) * 1000) / READS;
}

function put(number: number, valueBytes: number): Mutation {
  const value = new Uint8Array(valueBytes).fill(0x78);
  return {
    op: "put",
    key: keyOf(number),
    when: ALWAYS,
    want: "info",
    value,
    contentType: "text/plain",
    form: "text",
    expiry: NEVER,
  };
}

/** Scattered over the order of keys, as hashes and ids are. */
function keyOf(number: number): Key {
  return parseKey(`key${Math.imul(number, 0x9e3779b1) >>> 0}`);
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}
