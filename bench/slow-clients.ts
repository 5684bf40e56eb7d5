// What a thousand slow heads, bodies and readers each cost the others: `npm run bench:slow-clients`. Two workloads of clients
// that are not slow are measured in turn without and with the crowd, which is cut by its deadlines and comes again, on one
// server with default options. Printed: p99 of every round, the ratio of medians, and the server's peak of memory.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { allLatencies } from "../src/load/run-load.ts";
import type { RequestSource } from "../src/load/workloads.ts";
import { peakResidentBytes } from "../test/support/process-memory.ts";
import { crowdOf, withSlowCrowd } from "../test/support/slow-crowd.ts";
import { fillHotKeys, hotSource, load } from "./hot-stock.ts";
import { startKeyhold } from "./peers/keyhold.ts";
import type { Started } from "./peers/started.ts";
import { median } from "./rounds.ts";

const SLOW = Number(process.env["SLOW"] ?? 1000);
const CONNECTIONS = Number(process.env["CONNECTIONS"] ?? 16);
const SECONDS = Number(process.env["SECONDS"] ?? 5);
const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
/** Their coming all at once is no slowness: it is over then, and the first of them have been cut. */
const SETTLING_MS = 6000;
const WARM_UP_SECONDS = 2;
const RATIO_MAX = 1.5;
const RESIDENT_BYTES_MAX = 300_000_000;
/** Of each value that the readers ask for: more than the system takes for one that reads nothing. */
const LARGE_BYTES = Number(process.env["READ_KIB"] ?? 256) * 1024;
const LISTED = 8;

interface Workload {
  readonly name: string;
  readonly next: RequestSource;
}

const WORKLOADS: readonly Workload[] = [
  { name: "get-hot", next: hotSource("get-hot") },
  { name: "put-overwrite", next: hotSource("put-overwrite") },
];

const python = Bun.which("python3");
if (python === null) throw new Error("The slow clients are a program of python3, which is not on the PATH");
const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, arguments ${process.argv.slice(2).join(" ")}`,
);
console.log(
  `${SLOW} slow heads, bodies and readers (of ${LARGE_BYTES / 1024} KiB) each, beside ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each, durability full`,
);
try {
  const server = await startKeyhold({ args: ["--store", join(directory, "store"), ...process.argv.slice(2)] });
  try {
    await fill(server);
    await compare(server, python);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function compare(server: Started, command: string): Promise<void> {
  const without = new Map<string, number[]>();
  const beside = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    await measureAll(server, without);
    if (round === 0)
      console.log(`  peak of the server's memory without: ${megabytes(peakResidentBytes(server.pid))} MB`);
    const crowd = { command, url: server.url.href, counts: { ...crowdOf(SLOW), silent: 0 }, isReplaced: true };
    await withSlowCrowd(crowd, async ({ ends }) => {
      await Bun.sleep(SETTLING_MS);
      await measureAll(server, beside);
      console.log(`  round ${round + 1}: ${ends.length} of the crowd were cut`);
    });
  }
  for (const { name } of WORKLOADS) report(name, without.get(name) ?? [], beside.get(name) ?? []);
  const peak = peakResidentBytes(server.pid);
  const verdict = peak <= RESIDENT_BYTES_MAX ? "met" : "NOT MET";
  console.log(`  → peak of the server's memory: ${megabytes(peak)} MB   bar ${RESIDENT_BYTES_MAX / 1e6} ${verdict}`);
}

async function measureAll({ url }: Started, results: Map<string, number[]>): Promise<void> {
  for (const { name, next } of WORKLOADS) {
    const result = await load(url, { connections: CONNECTIONS, seconds: SECONDS, next });
    results.set(name, [...(results.get(name) ?? []), allLatencies(result).quantileMs(0.99)]);
  }
}

function report(name: string, without: readonly number[], beside: readonly number[]): void {
  const list = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(", ");
  console.log(`  ${name.padEnd(14)} p99 without: ${list(without)} ms`);
  console.log(`  ${"".padEnd(14)} p99 beside:  ${list(beside)} ms`);
  const ratio = median(beside) / median(without);
  console.log(
    `  → ${name}, p99 beside to without: ${ratio.toFixed(2)} ×   bar ${RATIO_MAX} ${ratio <= RATIO_MAX ? "met" : "NOT MET"}`,
  );
}

async function fill({ url }: Started): Promise<void> {
  const large = ["large", ...Array.from({ length: LISTED }, (_, index) => `listed${index}`)];
  for (const key of large) {
    await mustSend(new URL(`/keys/${key}`, url), { method: "PUT", body: "x".repeat(LARGE_BYTES) });
  }
  await fillHotKeys(url);
  for (const { next } of WORKLOADS) await load(url, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS, next });
}

async function mustSend(url: URL, init: RequestInit): Promise<void> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`Cannot write: ${await answer.text()}`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
