// Hours of everything that clients do, at a steady rate, with watchers beside and backups in between: memory and descriptors of the
// server stand still after a warm-up, and nothing is answered that should not be.
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { residentBytes, tellsMemory } from "../../support/process-memory.ts";
import { KEYHOLD, keyholdAfter, SERVE, type ServerProcess, startListening } from "../../support/server-process.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { leastByTime, type Sample, type Slope, slopePerHour } from "./slope.ts";
import { SteadyLoad } from "./steady-load.ts";
import { SoakWatchers } from "./watchers.ts";

const LEAKING = fileURLToPath(new URL("leaking.ts", import.meta.url));
const PER_SECOND = 2000;
const ROUND_SECONDS = 10;
const SAMPLE_MS = 1000;
/** Of the whole run; caches fill meanwhile, and the heap finds its size. */
const WARM_UP_SHARE = 1 / 7;
/** Below so much after the warm-up, a slope would be that of noise and of caches. */
const SLOPE_SECONDS_MIN = 1800;
const SLOPE_MB_PER_HOUR_MAX = 1;
/** What a process holds goes up and down by tens of megabytes between collections; what is left after one is the least of a while. */
const FLOOR_MS = 300_000;
/** In a run that is too short for a slope: what the server may have grown by since the warm-up. */
const GROWTH_MB_MAX = 48;
/** Watchers come and go, backups and checkpoints open files; in a short run there is not always a moment without. */
const DESCRIPTORS_MAX = { long: 3, short: 20 };
/** Of the rate that is asked for: below it, a long run was no soak. */
const RATE_SHARE_MIN = 0.99;
const MB = 1e6;
/** Little is kept of the past, and of answers, so that the growth of either is over with the warm-up. */
const BOUNDS = [
  "--entry-cache",
  "64MiB",
  "--history-changes",
  "100000",
  "--idempotency-age",
  "1m",
  "--idempotency-size",
  "16MiB",
];

export const soak: Method = {
  name: "soak",
  summary: "2,000 requests a second of every kind, watchers and backups beside: memory and descriptors stand still",
  unit: "stretches of 10 s",
  rounds: { short: 1, long: 600 },
  variants: [],
  plants: [
    { name: "memory", summary: "the server keeps 40 MiB a second that nobody needs", finds: /Memory grew/, rounds: 1 },
    {
      name: "descriptors",
      summary: "the server opens ten files a second and closes none",
      finds: /more descriptors are open/,
      rounds: 1,
    },
  ],
  lacks: () => (tellsMemory ? null : "It reads what /proc tells of a process, which is there on Linux alone."),
  run,
};

interface Samples {
  readonly memory: Sample[];
  readonly descriptors: Sample[];
}

async function run({ rounds, seed, plant, directory, say }: Run): Promise<Findings> {
  const server = await start(directory, plant);
  const load = new SteadyLoad({ url: server.url, perSecond: PER_SECOND, seed });
  const watchers = new SoakWatchers(server.url);
  const samples: Samples = { memory: [], descriptors: [] };
  const seconds = rounds * ROUND_SECONDS;
  const warmUpMs = seconds * 1000 * WARM_UP_SHARE;
  const sampler = setInterval(() => takeSample(server.pid, load, samples), SAMPLE_MS);
  const teller = setInterval(() => say(tell(load, samples)), Math.max(SAMPLE_MS, (seconds * 1000) / 60));
  try {
    await load.run(seconds);
  } finally {
    clearInterval(sampler);
    clearInterval(teller);
    await watchers.stop();
    server.kill("SIGTERM");
  }
  const faults = [...load.faults, ...watchers.faults, ...faultsInLog(server.output())];
  if ((await server.exited) !== 0) faults.push(`The server did not end as asked: ${server.output().slice(-1000)}`);
  const growth = judgeGrowth(samples, warmUpMs, seconds * 1000 - warmUpMs);
  const perSecond = Math.round(load.answered / seconds);
  if (seconds >= SLOPE_SECONDS_MIN && perSecond < PER_SECOND * RATE_SHARE_MIN) {
    faults.push(`${perSecond} requests a second were answered, fewer than the ${PER_SECOND} that a soak is of`);
  }
  return {
    figures: {
      requests: load.answered,
      "requests a second": perSecond,
      "events watched": watchers.events,
      ...growth.figures,
      "longest answer, ms": Math.round(load.longestMs),
      "answers by status": load.statuses,
    },
    faults: [...faults, ...growth.faults].slice(0, FAULTS_MAX),
  };
}

function start(directory: string, plant: string | null): Promise<ServerProcess> {
  const backups = ["--backup-directory", `${directory}/backups`, "--backup-interval", "5m", "--backup-keep", "2"];
  const args = [...SERVE, "--store", `${directory}/store`, ...BOUNDS, ...backups];
  const environment = { PATH: process.env["PATH"], LEAK: plant ?? "" };
  const keyhold = plant === null ? KEYHOLD : keyholdAfter(LEAKING);
  return startListening([...keyhold, ...args], { environment });
}

/** Instants count from the first sample. Descriptors are those beside the connections of the load, which are as many as it needs. */
function takeSample(pid: number, load: SteadyLoad, { memory, descriptors }: Samples): void {
  // A server that has ended is told by the load.
  if (load.isStopping || !existsSync(`/proc/${pid}/fd`)) return;
  const atMs = memory.length * SAMPLE_MS;
  memory.push({ atMs, value: residentBytes(pid) / MB });
  descriptors.push({ atMs, value: readdirSync(`/proc/${pid}/fd`).length - load.open });
}

function tell(load: SteadyLoad, { memory, descriptors }: Samples): string {
  const memoryMb = Math.round(memory.at(-1)?.value ?? 0);
  return `${load.answered} answers, ${memoryMb} MB, ${descriptors.at(-1)?.value ?? 0} descriptors, ${load.faults.length} faults`;
}

function judgeGrowth(samples: Samples, warmUpMs: number, measuredMs: number): Findings {
  const later = (all: readonly Sample[]) => all.filter(({ atMs }) => atMs >= warmUpMs);
  const [memory, descriptors] = [later(samples.memory), later(samples.descriptors)];
  const grownMb = growthOf(memory);
  const opened = growthOf(descriptors);
  const isLong = measuredMs >= SLOPE_SECONDS_MIN * 1000;
  const slope = isLong ? slopePerHour(leastByTime(memory, FLOOR_MS)) : null;
  const faults: string[] = [];
  if (slope !== null && slope.least > SLOPE_MB_PER_HOUR_MAX) {
    faults.push(`Memory grows by ${slope.perHour.toFixed(2)} MB an hour, by ${slope.least.toFixed(2)} at the least`);
  }
  if (grownMb > GROWTH_MB_MAX) faults.push(`Memory grew by ${Math.round(grownMb)} MB after the warm-up`);
  if (opened > DESCRIPTORS_MAX[isLong ? "long" : "short"])
    faults.push(`${opened} more descriptors are open than after the warm-up`);
  return {
    figures: {
      "memory at the end, MB": Math.round(memory.at(-1)?.value ?? 0),
      "slope of the least memory after the warm-up, MB/h": slope === null ? "too short to tell" : showSlope(slope),
      "descriptors beside the load's connections, least and most": rangeOf(descriptors),
    },
    faults,
  };
}

/** From the first of five parts to the last, by the least of each. */
function growthOf(samples: readonly Sample[]): number {
  const first = samples[0]?.atMs ?? 0;
  const stretchMs = Math.max(SAMPLE_MS, ((samples.at(-1)?.atMs ?? 0) - first + SAMPLE_MS) / 5);
  const least = leastByTime(
    samples.map(({ atMs, value }) => ({ atMs: atMs - first, value })),
    stretchMs,
  );
  return (least.at(-1)?.value ?? 0) - (least[0]?.value ?? 0);
}

function showSlope({ perHour, least, most }: Slope): string {
  return `${perHour.toFixed(2)}, between ${least.toFixed(2)} and ${most.toFixed(2)}`;
}

function rangeOf(samples: readonly Sample[]): string {
  const values = samples.map(({ value }) => value);
  return `${Math.min(...values)} to ${Math.max(...values)}`;
}

/** Errors that the server wrote. */
function faultsInLog(output: string): readonly string[] {
  return output
    .split("\n")
    .filter((line) => /"level":"error"/.test(line))
    .slice(0, FAULTS_MAX);
}
