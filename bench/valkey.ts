// What a store on Valkey costs through HTTP: `npm run bench:valkey`. Starts its own Valkey servers and Keyhold servers before
// them, loads them over 64 connections with 10,000 keys of 100 bytes in alternating rounds, and prints medians, spread and
// ratios. ROUNDS and SECONDS lengthen it; names of parts (`-- get replicated`) choose.
//
// Load, Keyhold and Valkey share the machine's cores. On two, three busy processes have less than one each, so that the
// rates are below what each could do alone, and ratios to a floor without Valkey are at their worst. Ratios count.
import { cpus, loadavg } from "node:os";
import { makeKeyOrder } from "../src/load/key-order.ts";
import { targetOf } from "../src/load/open-socket.ts";
import { KEY_MARK, makeOperation, toKeyDigits } from "../src/load/operation.ts";
import { runLoad } from "../src/load/run-load.ts";
import { ValuePool } from "../src/load/value-pool.ts";
import type { RequestSource } from "../src/load/workloads.ts";
import { startCluster } from "../test/support/valkey-cluster.ts";
import type { ValkeyNode } from "../test/support/valkey-node.ts";
import { startReplicated, startStandalone } from "../test/support/valkey-standalone.ts";
import { HOST_FIELD, Missing } from "./contender.ts";
import { startKeyhold } from "./peers/keyhold.ts";
import { startConstant } from "./peers/reads-only.ts";
import type { Started } from "./peers/started.ts";
import { startWebdis } from "./peers/webdis.ts";
import { frontCpu, printRatio, printResults, rate, storeCpu } from "./report.ts";
import { type Lane, measureInTurn, median } from "./rounds.ts";
import { SEED } from "./settings.ts";

const PACE = {
  rounds: Number(process.env["ROUNDS"] ?? 5),
  seconds: Number(process.env["SECONDS"] ?? 3),
  connections: 64,
};
const KEYS = 10_000;
const LISTED_KEYS = 100_000;
const PAGES = 200;
const PAGE_KEYS = 100;
const PAGE_BAR_MS = 5;
const FILL_SECONDS_MAX = 600;
const ENDLESS = new AbortController().signal;
const GET_BAR = { least: 0.6 };
const REPLICATED_BAR = { least: 0.7 };
const VALUES = new ValuePool(100, SEED);

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  get: measureReads,
  replicated: measureReplicated,
  fsync: measureFsync,
  webdis: measureWebdis,
  listing: measureListing,
};

const named = process.argv.slice(2);
await printSettings();
for (const [name, part] of Object.entries(PARTS)) {
  if (named.length === 0 || named.includes(name)) await part();
}

async function printSettings(): Promise<void> {
  const server = await startStandalone();
  const info = String(await server.node.ask("INFO", "server"));
  await server.stop();
  const version = (/^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info))?.[0];
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${version ?? "unknown server"}; load before ${loadavg()[0]?.toFixed(2)}`,
  );
  console.log(
    `${PACE.connections} connections, ${KEYS} keys with values of ${VALUES.valueBytes} bytes, medians of ${PACE.rounds} rounds of ${PACE.seconds} s; ` +
      "load, Keyhold and Valkey on the same cores",
  );
}

/**
 * Three floors. The constant is `GET /-/healthy` of the very process that is measured: the same sockets, routing, access and
 * counting, and nothing behind them; but its answer is smaller than an entry's, which has nine fields. So beside it stand the
 * same GET from a store in memory, which is what the network costs, and the runtime alone.
 */
async function measureReads(): Promise<void> {
  console.log("\nGET and PUT `applied`, one server, appendfsync everysec");
  const store = await startStandalone({ appendFsync: "everysec" });
  const floor = await startConstant({ keys: KEYS, values: VALUES }, []);
  const memory = await startKeyhold({ args: ["--store", "memory:"] });
  const keyhold = await startKeyhold({ args: ["--store", urlOf(store.node), "--promise", "applied"] });
  try {
    for (const { url } of [keyhold, memory]) await fill(url, KEYS);
    const storePids = [store.node.pid];
    const results = await measureInTurn(
      [
        { ...constantOf(keyhold), name: "constant (GET /-/healthy)" },
        { ...getOf(keyhold, storePids), name: "GET" },
        { ...putOf(keyhold, storePids), name: "PUT applied" },
        { ...getOf(memory, []), name: "GET from memory" },
        { ...floor, name: "the runtime alone", next: get("/") },
      ],
      PACE,
    );
    printResults(results);
    const toConstant = { results, to: "constant (GET /-/healthy)", what: rate };
    printRatio("GET to the constant", { ...toConstant, of: "GET" }, GET_BAR);
    printRatio("GET to a GET from memory", { results, of: "GET", to: "GET from memory", what: rate }, GET_BAR);
    printRatio("PUT to the constant", { ...toConstant, of: "PUT applied" });
    printRatio("Keyhold's CPU of a GET to that of the constant", { ...toConstant, of: "GET", what: frontCpu });
  } finally {
    await stopAll([keyhold, memory, floor, store]);
  }
}

async function measureReplicated(): Promise<void> {
  console.log("\nPUT `replicated:1` and `applied` on one primary with one replica, appendfsync everysec");
  const store = await startReplicated({ replicas: 1, appendFsync: "everysec" });
  const storePids = [store.primary.pid];
  const programs: Started[] = [];
  try {
    for (const promise of ["applied", "replicated:1"]) {
      programs.push(await startKeyhold({ args: ["--store", urlOf(store.primary), "--promise", promise] }));
    }
    const [applied, replicated] = programs;
    if (applied === undefined || replicated === undefined) return;
    await fill(applied.url, KEYS);
    const results = await measureInTurn(
      [
        { ...putOf(applied, storePids), name: "PUT applied" },
        { ...putOf(replicated, storePids), name: "PUT replicated:1" },
      ],
      PACE,
    );
    printResults(results);
    const comparison = { results, of: "PUT replicated:1", to: "PUT applied", what: rate };
    printRatio("replicated:1 to applied", comparison, REPLICATED_BAR);
  } finally {
    await stopAll([...programs, store]);
  }
}

async function measureFsync(): Promise<void> {
  console.log("\nPUT `fsync` (appendfsync always) and `applied` (everysec), a server each");
  const [always, everysec] = await Promise.all([
    startStandalone({ appendFsync: "always" }),
    startStandalone({ appendFsync: "everysec" }),
  ]);
  const programs: Started[] = [];
  try {
    const synced = await startKeyhold({ args: ["--store", urlOf(always.node), "--promise", "fsync"] });
    programs.push(synced);
    const applied = await startKeyhold({ args: ["--store", urlOf(everysec.node), "--promise", "applied"] });
    programs.push(applied);
    for (const { url } of programs) await fill(url, KEYS);
    const results = await measureInTurn(
      [
        { ...putOf(synced, [always.node.pid]), name: "PUT fsync" },
        { ...putOf(applied, [everysec.node.pid]), name: "PUT applied" },
      ],
      PACE,
    );
    printResults(results);
    printRatio("fsync to applied", { results, of: "PUT fsync", to: "PUT applied", what: rate });
  } finally {
    await stopAll([...programs, always, everysec]);
  }
}

/** Webdis sends GET and SET as they come: no conditions, no index, no change log, no promise. */
async function measureWebdis(): Promise<void> {
  console.log("\nBeside Webdis (two threads, as Debian sets it up) on the same server, appendfsync everysec");
  const store = await startStandalone({ appendFsync: "everysec" });
  const programs: Started[] = [];
  try {
    const keyhold = await startKeyhold({ args: ["--store", urlOf(store.node), "--promise", "applied"] });
    programs.push(keyhold);
    const webdis = await startWebdis(store.node.address.port);
    programs.push(webdis);
    const storePids = [store.node.pid];
    const raw = { target: targetOf(webdis.url), frontPid: webdis.pid, storePids };
    const webdisPut: Lane = { ...raw, name: "Webdis PUT /SET/key", next: put("/SET/", [200]) };
    const webdisGet: Lane = { ...raw, name: "Webdis GET /GET/key", next: get("/GET/") };
    await fill(keyhold.url, KEYS);
    const all = { connections: PACE.connections, seconds: FILL_SECONDS_MAX, requests: KEYS, signal: ENDLESS };
    await runLoad({ ...all, target: raw.target, next: webdisPut.next });
    const results = await measureInTurn(
      [
        { ...getOf(keyhold, storePids), name: "Keyhold GET" },
        webdisGet,
        { ...putOf(keyhold, storePids), name: "Keyhold PUT applied" },
        webdisPut,
      ],
      PACE,
    );
    printResults(results);
    for (const [of, to] of [
      ["Keyhold GET", webdisGet.name],
      ["Keyhold PUT applied", webdisPut.name],
    ] as const) {
      printRatio(`${of} to ${to}, requests`, { results, of, to, what: rate });
      printRatio(`${of} to ${to}, CPU a request of the HTTP server`, { results, of, to, what: frontCpu });
      printRatio(`${of} to ${to}, CPU a request of Valkey`, { results, of, to, what: storeCpu });
    }
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(`  left out: ${error.message}`);
  } finally {
    await stopAll([...programs, store]);
  }
}

async function measureListing(): Promise<void> {
  console.log(`\nListing ${LISTED_KEYS} keys on a cluster of 3 primaries, 64 partitions`);
  const cluster = await startCluster({ primaries: 3, replicasPer: 0, nodeTimeoutMs: 10_000 });
  const seeds = cluster.nodes.map(({ address }) => `${address.host}:${address.port}`).join(",");
  const programs: Started[] = [];
  try {
    const keyhold = await startKeyhold({ args: ["--store", `valkey+cluster://${seeds}`, "--promise", "applied"] });
    programs.push(keyhold);
    const bytesBefore = await usedBytes(cluster.nodes);
    const filledAt = performance.now();
    await fill(keyhold.url, LISTED_KEYS);
    const bytesAfter = await usedBytes(cluster.nodes);
    console.log(
      `  memory: ${((bytesAfter - bytesBefore) / LISTED_KEYS).toFixed(0)} bytes an entry of ${VALUES.valueBytes}, index and change log included`,
    );
    console.log(`  filled with ${((LISTED_KEYS / (performance.now() - filledAt)) * 1000).toFixed(0)} PUT/s`);
    for (const what of ["keys", "meta", ""]) await measurePages(keyhold.url, what);
    const walks: number[] = [];
    for (let round = 0; round < PACE.rounds; round++) {
      const begunAt = performance.now();
      const body = await (
        await fetch(new URL("/keys", keyhold.url), { headers: { Accept: "application/x-ndjson" } })
      ).text();
      const entries = body.split("\n").length - 1;
      if (entries !== LISTED_KEYS) throw new Error(`The listing has ${entries} entries`);
      walks.push((entries / (performance.now() - begunAt)) * 1000);
    }
    console.log(
      `  the whole listing, with values: ${median(walks).toFixed(0)} entries/s (${Math.min(...walks).toFixed(0)} to ${Math.max(...walks).toFixed(0)})`,
    );
  } finally {
    await stopAll([...programs, cluster]);
  }
}

/** Pages one after the other, by the links, from one place in the middle on. @param what - "keys", "meta", or "" for values */
async function measurePages(url: URL, what: string): Promise<void> {
  const first = `/keys?limit=${PAGE_KEYS}&start=key${toKeyDigits(LISTED_KEYS / 5)}${what === "" ? "" : `&${what}`}`;
  let target = first;
  const times: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const begunAt = performance.now();
    const answer = await fetch(new URL(target, url));
    await answer.arrayBuffer();
    times.push(performance.now() - begunAt);
    target = /<([^>]+)>; *rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1] ?? first;
  }
  const sorted = times.toSorted((a, b) => a - b);
  const half = median(times);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const verdict = `bar ${PAGE_BAR_MS} ms ${half <= PAGE_BAR_MS ? "met" : "NOT MET"}`;
  console.log(
    `  a page of ${PAGE_KEYS} (${what === "" ? "with values" : what}): median ${half.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms   ${verdict}`,
  );
}

/** What the servers have taken for their data, together. */
async function usedBytes(nodes: readonly ValkeyNode[]): Promise<number> {
  const infos = await Promise.all(nodes.map((node) => node.ask("INFO", "memory")));
  return infos.reduce<number>((sum, info) => sum + Number(/^used_memory:(\d+)/m.exec(String(info))?.[1]), 0);
}

/** Writes each key once, by one request each. */
async function fill(url: URL, keys: number): Promise<void> {
  const next = onKeys("PUT", { path: "/", statuses: [201], numberAt: makeKeyOrder(keys, SEED) });
  const all = { connections: PACE.connections, seconds: FILL_SECONDS_MAX, requests: keys, signal: ENDLESS };
  await runLoad({ ...all, target: targetOf(url), next });
}

function constantOf({ url, pid }: Started): Omit<Lane, "name"> {
  const healthy = { kind: "read", method: "GET", statuses: [200], fields: HOST_FIELD, body: null } as const;
  const operation = makeOperation({ ...healthy, target: "/-/healthy" });
  return { target: targetOf(url), frontPid: pid, storePids: [], next: () => operation };
}

function getOf({ url, pid }: Started, storePids: readonly number[]): Omit<Lane, "name"> {
  return { target: targetOf(url), frontPid: pid, storePids, next: get("/") };
}

/** Overwrites. */
function putOf({ url, pid }: Started, storePids: readonly number[]): Omit<Lane, "name"> {
  return { target: targetOf(url), frontPid: pid, storePids, next: put("/", [204]) };
}

function get(path: string): RequestSource {
  return onKeys("GET", { path, statuses: [200], numberAt: makeKeyOrder(KEYS, SEED) });
}

function put(path: string, statuses: readonly number[]): RequestSource {
  return onKeys("PUT", { path, statuses, numberAt: makeKeyOrder(KEYS, SEED) });
}

interface Asking {
  /** What comes before the key. */
  readonly path: string;
  readonly statuses: readonly number[];
  readonly numberAt: (place: number) => number;
}

/** Every key in turn, in no order that a server could foresee. */
function onKeys(method: "GET" | "PUT", { path, statuses, numberAt }: Asking): RequestSource {
  const [kind, body] = method === "PUT" ? (["write", VALUES] as const) : (["read", null] as const);
  const operation = makeOperation({
    kind,
    method,
    statuses,
    fields: HOST_FIELD,
    target: `${path}key${KEY_MARK}`,
    body,
  });
  let place = 0;
  return () => {
    operation.prepare(numberAt(place++));
    return operation;
  };
}

function urlOf({ address }: ValkeyNode): string {
  return `valkey://${address.host}:${address.port}/0`;
}

async function stopAll(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const each of running) await each.stop();
}
