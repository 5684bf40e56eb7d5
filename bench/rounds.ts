// Workloads measured in turn, round after round, on servers that stand beside each other: what the machine does meanwhile
// falls on all of them, so that ratios within a round mean something where absolute figures do not.
import type { LatencyHistogram } from "../src/load/latency-histogram.ts";
import { allLatencies, runLoad } from "../src/load/run-load.ts";
import type { RequestSource } from "../src/load/workloads.ts";
import { type Contender, cpuOf, forgetPeaksOf, memoryOf } from "./contender.ts";

export interface Lane extends Pick<Contender, "target" | "frontPid" | "storePids"> {
  readonly name: string;
  readonly next: RequestSource;
}

export interface Times {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly longestMs: number;
}

export interface Measured {
  readonly perSecond: number;
  /** Of the process that speaks HTTP, for each request. */
  readonly frontMicros: number;
  /** Of the servers of the store together, for each request. */
  readonly storeMicros: number;
  /** Reads and writes together. */
  readonly times: Times;
  /** Of each alone; NaN where there were none. */
  readonly reads: Times;
  readonly writes: Times;
  /** Of all processes, at the end of the round. */
  readonly residentBytes: number;
  readonly peakBytes: number;
  /** How much of a core the load generator took: near 1, it is what is measured. */
  readonly loadCores: number;
  readonly receivedBytes: number;
}

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export type Results = ReadonlyMap<string, readonly Measured[]>;

/** What comes before the rounds: so long, or until so many requests have been answered. */
export type WarmUp = Pick<Pace, "seconds"> & { readonly requests?: number };

const WARM_UP_SECONDS_MAX = 3;
const ENDLESS = new AbortController().signal;

/**
 * Every lane once a round, there and back, after a warm-up.
 *
 * @param onWarmUp - told what that has measured
 * @throws LoadFailed on an answer with another status
 */
export async function measureInTurn(
  lanes: readonly Lane[],
  pace: Pace,
  warmUp: WarmUp = { seconds: Math.min(WARM_UP_SECONDS_MAX, pace.seconds) },
  onWarmUp: (name: string, measured: Measured) => void = () => {},
): Promise<Results> {
  const results = new Map<string, Measured[]>(lanes.map(({ name }) => [name, []]));
  for (const lane of lanes) onWarmUp(lane.name, await measure(lane, { ...pace, ...warmUp }));
  for (let round = 0; round < pace.rounds; round++) {
    const order = round % 2 === 0 ? lanes : lanes.toReversed();
    for (const lane of order) results.get(lane.name)?.push(await measure(lane, pace));
  }
  return results;
}

/** @param requests - ends the round before its time */
export async function measure(
  lane: Lane,
  { seconds, connections, requests = Number.POSITIVE_INFINITY }: Omit<Pace, "rounds"> & { readonly requests?: number },
): Promise<Measured> {
  const { name, target, next, frontPid, storePids } = lane;
  const servers = { frontPid, storePids };
  forgetPeaksOf(servers);
  const before = cpuOf(servers);
  const ownBefore = process.cpuUsage();
  const result = await runLoad({ target, connections, seconds, requests, next, signal: ENDLESS }).catch((error) => {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  });
  const { user, system } = process.cpuUsage(ownBefore);
  const after = cpuOf(servers);
  const memory = memoryOf(servers);
  return {
    perSecond: result.requests / result.seconds,
    frontMicros: ((after.front - before.front) / result.requests) * 1e6,
    storeMicros: ((after.store - before.store) / result.requests) * 1e6,
    times: timesOf(allLatencies(result)),
    reads: timesOf(result.latencies.read),
    writes: timesOf(result.latencies.write),
    residentBytes: memory.bytes,
    peakBytes: memory.peakBytes,
    loadCores: (user + system) / 1e6 / result.seconds,
    receivedBytes: result.receivedBytes,
  };
}

function timesOf(latencies: LatencyHistogram): Times {
  return {
    medianMs: latencies.quantileMs(0.5),
    p99Ms: latencies.quantileMs(0.99),
    p999Ms: latencies.quantileMs(0.999),
    longestMs: latencies.longestMs,
  };
}

/** The middle one; of an even number, the upper of both. NaN where there is none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
