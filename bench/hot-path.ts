// What a GET and a durable PUT cost the server, and where: `npm run bench:hot-path`. Starts a real server on a new store,
// loads it over 64 connections, and prints throughput, latency, CPU time a request, and with --profile the functions that
// the serving thread spent its time in (Bun's CPU profiler; the writer thread is not in it).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allLatencies, type LoadResult } from "../src/load/run-load.ts";
import { HOST_FIELD } from "./contender.ts";
import { fillHotKeys, HOT_STOCK, hotSource, load } from "./hot-stock.ts";
import { cpuSeconds, listeningUrl } from "./process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const CONSTANT = fileURLToPath(new URL("./constant-server.ts", import.meta.url));
const CONNECTIONS = 64;
const SECONDS = Number(process.env["SECONDS"] ?? 5);
const WARM_UP_SECONDS = 2;
const PROFILE_ROWS = 12;
const isProfiled = process.argv.includes("--profile");

interface Workload {
  readonly name: string;
  /** Of those in src/load/. */
  readonly asks: string;
  /** The token that requests carry; none where it is not said. */
  readonly token?: { readonly prefixes: readonly string[] };
}

const GET_HOT: Workload = {
  name: "get-hot",
  asks: "get-hot",
};
const WORKLOADS: readonly Workload[] = [
  { name: "put-overwrite", asks: "put-overwrite" },
  GET_HOT,
  { ...GET_HOT, name: "get-token", token: { prefixes: [] } },
  { ...GET_HOT, name: "get-prefix", token: { prefixes: ["key"] } },
];

const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${CONNECTIONS} connections, ${SECONDS} s each,`,
);
console.log(
  `${HOT_STOCK.keys} keys with values of ${HOT_STOCK.values.valueBytes} bytes, durability full, server and load on the same cores`,
);
const serve = [MAIN, "serve", "--port", "0", "--log-format", "json", "--store"];
try {
  for (const workload of WORKLOADS) await measureOurs(workload);
  await withServer([CONSTANT], (url, pid) => measure({ ...GET_HOT, name: "constant" }, url, pid));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** On a server of its own, so that a profile is of this workload alone. */
async function measureOurs(workload: Workload): Promise<void> {
  const profile = join(directory, workload.name);
  const profiler = isProfiled ? ["--cpu-prof", "--cpu-prof-dir", profile] : [];
  const store = join(directory, `${workload.name}-store`);
  await withServer([...profiler, ...serve, store], async (url, pid) => {
    await fillHotKeys(url);
    const next = hotSource("put-overwrite");
    await load(url, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS, next });
    await measure(workload, url, pid, workload.token === undefined ? "" : await authorize(url, workload.token));
  });
  if (isProfiled) printProfile(profile);
}

async function withServer(args: readonly string[], body: (url: URL, pid: number) => Promise<void>): Promise<void> {
  const child = Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "inherit" });
  try {
    await body(await listeningUrl(child.stdout), child.pid);
    child.kill("SIGTERM");
    await child.exited;
  } finally {
    child.kill("SIGKILL");
  }
}

/** Makes a token, and the line of the head that carries it. */
async function authorize(url: URL, grant: NonNullable<Workload["token"]>): Promise<string> {
  const body = JSON.stringify({ name: "bench", ...grant });
  const answer = await fetch(new URL("/-/tokens", url), {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
  });
  const { token } = JSON.parse(await answer.text());
  return `Authorization: Bearer ${token}\r\n`;
}

async function measure({ name, asks }: Workload, url: URL, pid: number, head = ""): Promise<void> {
  const before = cpuSeconds(pid);
  const next = hotSource(asks, HOST_FIELD + head);
  const result = await load(url, { connections: CONNECTIONS, seconds: SECONDS, next });
  report(name, result, cpuSeconds(pid) - before);
}

function report(name: string, result: LoadResult, cpu: number): void {
  const { requests, seconds, statuses } = result;
  const latencies = allLatencies(result);
  const [median, p99, p999] = [0.5, 0.99, 0.999].map((share) => latencies.quantileMs(share).toFixed(2));
  console.log(
    `${name.padEnd(14)} ${Math.round(requests / seconds)
      .toString()
      .padStart(7)} req/s   CPU ${((cpu / requests) * 1e6).toFixed(1).padStart(5)} µs a request   ` +
      `p50 ${median} ms, p99 ${p99} ms, p99.9 ${p999} ms   statuses ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(", ")}`,
  );
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Time by function, without what it called. */
function printProfile(from: string): void {
  const file = readdirSync(from).find((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) throw new Error("The server left no profile");
  const profile: Profile = JSON.parse(readFileSync(join(from, file), "utf8"));
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || "(anonymous)"} ${callFrame.url.replace(/^.*\/src\//, "src/")}:${callFrame.lineNumber + 1}`,
    ]),
  );
  const micros = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "?";
    micros.set(name, (micros.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  const total = [...micros.values()].reduce((sum, value) => sum + value, 0);
  const rows = [...micros].sort(([, a], [, b]) => b - a).slice(0, PROFILE_ROWS);
  for (const [name, value] of rows) console.log(`${((value / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
}
