// The parts of `npm run bench:peers` that measure Keyhold alone: against the disk, against itself without writes or with fewer
// keys, and against bounds. Each is a server with default settings.
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runFanOut } from "../src/load/fan-out.ts";
import { LatencyHistogram } from "../src/load/latency-histogram.ts";
import { FAN_OUT, workloadOf } from "../src/load/workloads.ts";
import type { Contender } from "./contender.ts";
import { filledStore, type StoreSize, withFilled } from "./filled-stores.ts";
import { startKeyhold } from "./peers/keyhold.ts";
import { makeDirectory, removeDirectory } from "./peers/started.ts";
import { anonymousBytes, cpuSeconds, ON_SERVER_CORE, residentBytes } from "./process.ts";
import { beginPart, printFigure, printRatio, printRatios, printResults, rate } from "./report.ts";
import { type Lane, measure, measureInTurn, median } from "./rounds.ts";
import { numberOf, SEED } from "./settings.ts";

export interface AloneSettings extends StoreSize {
  readonly rounds: number;
  readonly seconds: number;
}

export const ALONE: Readonly<Record<string, (settings: AloneSettings) => Promise<void>>> = {
  "one-connection": measureOneConnection,
  "beside-writes": measureBesideWrites,
  listing: measureListing,
  [FAN_OUT]: measureFanOut,
  minute: measureMinute,
  "ten-million": measureTenMillion,
  start: measureStart,
};

const CONNECTIONS = 64;
const SYNC_RATIO_MAX = 1.5;
const BESIDE_RATIO_MAX = 2;
const P999_MS_MAX = 40;
const ENTRIES_PER_SECOND_LEAST = 300_000;
const GROWTH_MIB_MAX = 64;
const LARGER = 10;
const LARGER_RATIO_LEAST = 0.7;
const START_MS_MAX = 250;
const LISTING_SECONDS_MAX = 600;
const SAMPLE_MS = 20;
const WRITES_PER_SECOND = 1000;
const ENDLESS = new AbortController().signal;
const MINUTE_SECONDS = numberOf("MINUTE", 60);

/** One page of SQLite. */
const BLOCK = Buffer.alloc(4096, "b");
/** As many as the log of a store has before it begins again. */
const BLOCKS = 4096;

/**
 * A durable PUT over one connection, against a write and fsync on the same disk: of blocks at the end of a file that grows, and
 * of blocks in their place, which spares the file system its own log. The log of a store grows at first, and is then written in
 * place.
 */
async function measureOneConnection({ rounds, seconds, ...size }: AloneSettings): Promise<void> {
  beginPart("one-connection", "a durable put-overwrite, against a bare write and fsync");
  await withFilled(size, async (contender) => {
    const lane = laneOf(contender, "put-overwrite", size.keys);
    await measure(lane, { seconds, connections: 1 });
    const times: { readonly put: number; readonly growing: number; readonly inPlace: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const growing = syncLoop(seconds, "growing").quantileMs(0.5);
      const inPlace = syncLoop(seconds, "in place").quantileMs(0.5);
      const { medianMs } = (await measure(lane, { seconds, connections: 1 })).times;
      times.push({ put: medianMs, growing, inPlace });
    }
    const mid = (what: "put" | "growing" | "inPlace") => median(times.map((each) => each[what])).toFixed(3);
    console.log(
      `  p50 of a PUT ${mid("put")} ms, of a write and fsync ${mid("growing")} ms in a growing file, ${mid("inPlace")} ms in place`,
    );
    const bar = { most: SYNC_RATIO_MAX };
    printRatios(
      "latency, PUT to write and fsync in a growing file",
      times.map(({ put, growing }) => put / growing),
      bar,
    );
    printRatios(
      "latency, PUT to write and fsync in place",
      times.map(({ put, inPlace }) => put / inPlace),
      null,
    );
  });
}

function syncLoop(seconds: number, where: "growing" | "in place"): LatencyHistogram {
  const directory = makeDirectory("sync");
  const file = openSync(join(directory, "blocks"), "w");
  const latencies = new LatencyHistogram();
  const blocks = where === "growing" ? Number.POSITIVE_INFINITY : BLOCKS;
  try {
    if (where === "in place") writeSync(file, Buffer.alloc(BLOCKS * BLOCK.length));
    fsyncSync(file);
    const endsAt = performance.now() + seconds * 1000;
    for (let block = 0; performance.now() < endsAt; block++) {
      const begunAt = performance.now();
      writeSync(file, BLOCK, 0, BLOCK.length, (block % blocks) * BLOCK.length);
      fsyncSync(file);
      latencies.record(performance.now() - begunAt);
    }
  } finally {
    closeSync(file);
    removeDirectory(directory);
  }
  return latencies;
}

async function measureBesideWrites({ rounds, seconds, ...size }: AloneSettings): Promise<void> {
  beginPart("beside-writes", `reads of mixed-75-25 against reads alone, ${CONNECTIONS} connections`);
  await withFilled(size, async (contender) => {
    const [alone, mixed] = ["get-random", "mixed-75-25"].map((name) => laneOf(contender, name, size.keys));
    if (alone === undefined || mixed === undefined) return;
    const results = await measureInTurn([alone, mixed], { rounds, seconds, connections: CONNECTIONS });
    printResults(results);
    const compared = { results, of: mixed.name, to: alone.name };
    printRatio(
      "p99 of reads, mixed to alone",
      { ...compared, what: ({ reads }) => reads.p99Ms },
      { most: BESIDE_RATIO_MAX },
    );
    printRatio("p50 of reads, mixed to alone", { ...compared, what: ({ reads }) => reads.medianMs });
  });
}

async function measureListing({ rounds, ...size }: AloneSettings): Promise<void> {
  beginPart("listing", `all ${size.keys} entries with values by one request`);
  await withFilled(size, async (contender) => {
    const lane = laneOf(contender, "list-all", size.keys);
    const once = { seconds: LISTING_SECONDS_MAX, connections: 1, requests: 1 };
    const rates: number[] = [];
    let growth = { anonymous: 0, resident: 0 };
    for (let round = 0; round < rounds; round++) {
      const grown = trackGrowth(contender.frontPid);
      const { perSecond } = await measure(lane, once);
      rates.push(perSecond * size.keys);
      const { anonymous, resident } = grown();
      growth = { anonymous: Math.max(growth.anonymous, anonymous), resident: Math.max(growth.resident, resident) };
    }
    printFigure("entries", { value: median(rates), unit: "/s", bar: { least: ENTRIES_PER_SECOND_LEAST } });
    const bar = { most: GROWTH_MIB_MAX };
    printFigure("growth of memory of its own (RssAnon)", { value: growth.anonymous / 2 ** 20, unit: "MiB", bar });
    console.log(
      `  with pages of the database, which are the system's cache (VmRSS): ${(growth.resident / 2 ** 20).toFixed(0)} MiB`,
    );
  });
}

/** The most by which a process has grown since. */
function trackGrowth(pid: number): () => { readonly anonymous: number; readonly resident: number } {
  const now = () => ({ anonymous: anonymousBytes([pid]), resident: residentBytes([pid]) });
  const before = now();
  let most = before;
  const look = () => {
    const { anonymous, resident } = now();
    most = { anonymous: Math.max(most.anonymous, anonymous), resident: Math.max(most.resident, resident) };
  };
  const timer = setInterval(look, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    look();
    return { anonymous: most.anonymous - before.anonymous, resident: most.resident - before.resident };
  };
}

/** 64 watchers of the same keys, which one writes a thousand times a second. */
async function measureFanOut({ rounds, seconds, ...size }: AloneSettings): Promise<void> {
  beginPart(FAN_OUT, `${CONNECTIONS} watch, one writes ${WRITES_PER_SECOND} times a second`);
  await withFilled(size, async ({ target, frontPid }) => {
    const settings = {
      watchers: CONNECTIONS,
      writesPerSecond: WRITES_PER_SECOND,
      valueBytes: size.valueBytes,
      seconds,
    };
    const figures: {
      readonly p50: number;
      readonly p99: number;
      readonly perSecond: number;
      readonly cpuMicros: number;
    }[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = cpuSeconds(frontPid);
      const {
        events,
        latencies,
        seconds: taken,
      } = await runFanOut({
        ...settings,
        url: new URL(`http://${target.hostname}:${target.port}`),
        headers: {},
        prefix: "fan",
        rest: (ms) => Bun.sleep(ms),
        signal: ENDLESS,
      });
      const cpuMicros = ((cpuSeconds(frontPid) - before) / events) * 1e6;
      figures.push({
        p50: latencies.quantileMs(0.5),
        p99: latencies.quantileMs(0.99),
        perSecond: events / taken,
        cpuMicros,
      });
    }
    const mid = (what: "p50" | "p99" | "perSecond" | "cpuMicros") => median(figures.map((each) => each[what]));
    console.log(
      `  ${mid("perSecond").toFixed(0)} events/s, from the sending of a write to its event p50 ${mid("p50").toFixed(2)} ms, ` +
        `p99 ${mid("p99").toFixed(2)} ms; CPU an event, the writes included, ${mid("cpuMicros").toFixed(1)} µs`,
    );
  });
}

async function measureMinute(size: AloneSettings): Promise<void> {
  beginPart("minute", `put-overwrite for ${MINUTE_SECONDS} s, ${CONNECTIONS} connections, checkpoints included`);
  await withFilled(size, async (contender) => {
    const lane = laneOf(contender, "put-overwrite", size.keys);
    const measured = await measure(lane, { seconds: MINUTE_SECONDS, connections: CONNECTIONS });
    printResults(new Map([[lane.name, [measured]]]));
    printFigure("p99.9", { value: measured.times.p999Ms, unit: "ms", bar: { most: P999_MS_MAX } });
  });
}

async function measureTenMillion({ rounds, seconds, ...size }: AloneSettings): Promise<void> {
  const larger = { ...size, keys: size.keys * LARGER };
  beginPart("ten-million", `get-random of ${larger.keys} keys against ${size.keys}, ${CONNECTIONS} connections`);
  await withFilled(size, (few) =>
    withFilled(larger, async (many) => {
      const lanes = [
        { ...laneOf(few, "get-random", size.keys), name: `${size.keys} keys` },
        { ...laneOf(many, "get-random", larger.keys), name: `${larger.keys} keys` },
      ];
      const results = await measureInTurn(lanes, { rounds, seconds, connections: CONNECTIONS });
      printResults(results);
      const compared = { results, of: `${larger.keys} keys`, to: `${size.keys} keys`, what: rate };
      printRatio("rate, many to few", compared, { least: LARGER_RATIO_LEAST });
    }),
  );
}

/** From the start of the process to its first answer, on stores that were stopped in order. */
async function measureStart({ rounds, keys, valueBytes }: AloneSettings): Promise<void> {
  beginPart("start", "from the start of the process to its first answer");
  const sizes: readonly StoreSize[] = [
    { keys: 0, valueBytes },
    { keys, valueBytes },
    { keys: keys * LARGER, valueBytes },
    // 10 GB at a million keys.
    { keys: Math.ceil(keys * 0.16), valueBytes: 65_536 },
  ];
  for (const size of sizes) {
    const directory = await filledStore(size);
    const times: number[] = [];
    for (let round = 0; round <= rounds; round++) times.push(await timeToAnswer(directory));
    const title = `${size.keys} keys of ${size.valueBytes} bytes (median of ${rounds} starts)`;
    printFigure(title, { value: median(times.slice(1)), unit: "ms", bar: { most: START_MS_MAX } });
  }
}

async function timeToAnswer(directory: string): Promise<number> {
  const startedAt = performance.now();
  const server = await startKeyhold({ args: ["--store", directory], launcher: ON_SERVER_CORE });
  try {
    const { status } = await fetch(new URL("/-/ready", server.url));
    if (status !== 200) throw new Error(`/-/ready answered ${status}`);
    return performance.now() - startedAt;
  } finally {
    await server.stop();
  }
}

function laneOf(contender: Contender, name: string, keys: number): Lane {
  return { ...contender, name, next: workloadOf(name).make(contender.dialect, { keys, seed: SEED }) };
}
