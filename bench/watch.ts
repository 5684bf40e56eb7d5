// What watchers cost the server, and how soon they hear: `npm run bench:watch`. A real server on a new store, a thousand open
// watchers, and a writer that keeps to a rate; watchers of one prefix, of a prefix each, of the same keys by a filter each,
// and some that stop reading. Writer and watchers are one process beside the server, so that one clock measures.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuSeconds, listeningUrl } from "./process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const WATCHERS = Number(process.env["WATCHERS"] ?? 1000);
const WRITES_PER_SECOND = Number(process.env["RATE"] ?? 1000);
const SECONDS = Number(process.env["SECONDS"] ?? 5);
const STALLED_SECONDS = 20;
const WRITERS = 16;
const TICK_MS = 5;
const PAGE_KIB = 4;
const SETTLE_MS = 1000;
const PATIENCE_MS = 10_000;
const VALUE_MARK = '"value":';

interface Workload {
  readonly name: string;
  readonly watchers: number;
  /** How many of them stop reading. */
  readonly stalled: number;
  readonly seconds: number;
  readonly valueBytes: number;
  readonly flags: readonly string[];
  readonly writesPerSecond: number;
  /** Whether a write is of the keys of one watcher, instead of those of all. */
  readonly isForOne: boolean;
  /** What a watcher selects. */
  readonly queryOf: (watcher: number) => string;
  readonly keyOf: (write: number) => string;
}

const ONE_PREFIX: Workload = {
  name: "one-prefix",
  watchers: WATCHERS,
  stalled: 0,
  seconds: SECONDS,
  valueBytes: 32,
  flags: [],
  writesPerSecond: WRITES_PER_SECOND,
  isForOne: false,
  queryOf: () => "prefix=w",
  keyOf: (write) => `w${write % 1000}`,
};
const WORKLOADS: readonly Workload[] = [
  ONE_PREFIX,
  {
    ...ONE_PREFIX,
    name: "own-prefix",
    isForOne: true,
    queryOf: (watcher) => `prefix=w${watcher}x`,
    keyOf: (write) => `w${write % WATCHERS}x${write % 7}`,
  },
  // Nothing of what is sent is shared: each event is made once a watcher.
  {
    ...ONE_PREFIX,
    name: "own-filter",
    writesPerSecond: WRITES_PER_SECOND / 20,
    queryOf: (watcher) => `filter=w*&start=a${watcher}`,
  },
  {
    ...ONE_PREFIX,
    name: "stalled",
    watchers: 100,
    stalled: 50,
    seconds: STALLED_SECONDS,
    valueBytes: 1000,
    flags: ["--idle-timeout", "8s"],
  },
];

/** A watcher, and what it has got. */
interface Watcher {
  isOpen: boolean;
  /** The number of the last write that it has seen. */
  lastSeen: string;
}

const latencies: number[] = [];
let receivedBytes = 0;

console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${WRITES_PER_SECOND} writes/s,`);
console.log("durability full, server and clients on the same cores");
for (const workload of WORKLOADS) await measure(workload);

async function measure(workload: Workload): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
  const args = [MAIN, "serve", "--port", "0", "--store", join(directory, "store"), "--log-format", "json"];
  const child = Bun.spawn([process.execPath, ...args, ...workload.flags], { stdout: "pipe", stderr: "inherit" });
  try {
    await run(workload, await listeningUrl(child.stdout), child.pid);
    child.kill("SIGTERM");
    await child.exited;
  } finally {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(workload: Workload, url: URL, pid: number): Promise<void> {
  latencies.length = 0;
  receivedBytes = 0;
  // What the server takes for writing alone is no part of what watchers take.
  await write({ ...workload, seconds: 1 }, url);
  await Bun.sleep(SETTLE_MS);
  const before = memoryMiB(pid);
  const sockets = await openWatchers(workload, url);
  await Bun.sleep(SETTLE_MS);
  const opened = memoryMiB(pid);
  for (const socket of sockets.slice(0, workload.stalled)) socket.pause();
  const cpu = cpuSeconds(pid);
  const startedAt = performance.now();
  const peak = trackPeak(pid);
  const { writes, lateMs, last } = await write(workload, url);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuShare = (cpuSeconds(pid) - cpu) / seconds;
  const reading = sockets.slice(workload.stalled).map(({ data }) => data);
  if (!workload.isForOne) await untilAll(reading, ({ lastSeen }) => lastSeen === last);
  report(workload, {
    "writes/s": Math.round(writes / seconds),
    "events/s": Math.round(eventsOf(workload, writes) / seconds),
    "MB/s": Math.round(receivedBytes / seconds / 1e6),
    "p50 ms": quantile(0.5),
    "p99 ms": quantile(0.99),
    "write ms": lateMs.toFixed(1),
    "CPU cores": cpuShare.toFixed(2),
    "KiB/watcher": (((opened - before) * 1024) / workload.watchers).toFixed(1),
    "MiB before": before.toFixed(0),
    "MiB open": opened.toFixed(0),
    "MiB peak": peak().toFixed(0),
    ...(workload.stalled > 0 && {
      "cut off": sockets.length - (await watchersOf(url)),
    }),
  });
  for (const socket of sockets) socket.terminate();
}

/** Every write reaches all watchers that read, or the one whose keys it is of. */
function eventsOf({ isForOne, watchers, stalled }: Workload, writes: number): number {
  return isForOne ? writes : writes * (watchers - stalled);
}

async function openWatchers(workload: Workload, url: URL): Promise<readonly Bun.Socket<Watcher>[]> {
  const sockets: Bun.Socket<Watcher>[] = [];
  for (let index = 0; index < workload.watchers; index++) {
    sockets.push(await openWatcher(url, workload.queryOf(index)));
  }
  await untilAll(
    sockets.map(({ data }) => data),
    ({ isOpen }) => isOpen,
  );
  return sockets;
}

function openWatcher(url: URL, query: string): Promise<Bun.Socket<Watcher>> {
  return Bun.connect<Watcher>({
    hostname: url.hostname,
    port: Number(url.port),
    data: { isOpen: false, lastSeen: "" },
    socket: {
      open: (socket) => void socket.write(`GET /keys?watch&${query} HTTP/1.1\r\nHost: a\r\n\r\n`),
      data: receive,
    },
  });
}

/** One latency of each chunk, of an event drawn at random from it. */
function receive(socket: Bun.Socket<Watcher>, chunk: Buffer): void {
  receivedBytes += chunk.length;
  const { data } = socket;
  if (!data.isOpen) {
    data.isOpen = chunk.includes("event: ready");
    return;
  }
  const drawn = chunk.indexOf(VALUE_MARK, Math.floor(Math.random() * chunk.length));
  const sentAt = valueAt(chunk, drawn < 0 ? chunk.indexOf(VALUE_MARK) : drawn);
  if (sentAt !== null) latencies.push(performance.now() - Number(sentAt));
  data.lastSeen = valueAt(chunk, chunk.lastIndexOf(VALUE_MARK)) ?? data.lastSeen;
}

/** The number at the beginning of a value. */
function valueAt(chunk: Buffer, position: number): string | null {
  if (position < 0) return null;
  return /^"value":"([\d.]+) /.exec(chunk.toString("latin1", position, position + 40))?.[1] ?? null;
}

interface Written {
  readonly writes: number;
  /** Mean time to the acknowledgement. */
  readonly lateMs: number;
  /** The beginning of the last value. */
  readonly last: string;
}

/** Writes at the rate, over some connections, each value beginning with the instant at which it was sent. */
async function write({ seconds, valueBytes, keyOf, writesPerSecond }: Workload, url: URL): Promise<Written> {
  const startedAt = performance.now();
  let writes = 0;
  let sumMs = 0;
  let last = "";
  const inFlight = new Set<Promise<void>>();
  const put = async () => {
    const sentAt = performance.now();
    last = sentAt.toFixed(3);
    const body = `${last} `.padEnd(valueBytes, "v");
    await fetch(new URL(`/${keyOf(writes++)}`, url), { method: "PUT", body });
    sumMs += performance.now() - sentAt;
  };
  while (performance.now() - startedAt < seconds * 1000) {
    const due = ((performance.now() - startedAt) * writesPerSecond) / 1000;
    while (writes < due && inFlight.size < WRITERS) {
      const putting: Promise<void> = put().finally(() => inFlight.delete(putting));
      inFlight.add(putting);
    }
    await Bun.sleep(TICK_MS);
  }
  await Promise.all(inFlight);
  return { writes, lateMs: sumMs / writes, last };
}

async function untilAll(watchers: readonly Watcher[], condition: (watcher: Watcher) => boolean): Promise<void> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  while (!watchers.every(condition)) {
    if (performance.now() > givenUpAt) {
      throw new Error(
        `${watchers.filter((watcher) => !condition(watcher)).length} watchers have not got what they should`,
      );
    }
    await Bun.sleep(TICK_MS);
  }
}

async function watchersOf(url: URL): Promise<number> {
  const info: { readonly watchers: number } = JSON.parse(await (await fetch(new URL("/-/info", url))).text());
  return info.watchers;
}

function report({ name, watchers }: Workload, figures: Readonly<Record<string, string | number>>): void {
  const text = Object.entries(figures).map(([label, figure]) => `${label} ${figure}`);
  console.log(`${name.padEnd(10)} ${watchers} watchers   ${text.join("   ")}`);
}

function quantile(share: number): string {
  const sorted = Float64Array.from(latencies).sort();
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1);
}

/** The greatest memory seen from now on. */
function trackPeak(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryMiB(pid));
  }, SETTLE_MS / 10);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** Resident memory of a process. */
function memoryMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  return (pages * PAGE_KIB) / 1024;
}
