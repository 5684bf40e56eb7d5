// Workloads measured in turn, round after round, on servers that stand beside each other: what the machine does meanwhile
// falls on all of them, so that ratios within a round mean something where absolute figures do not.
import { type Load, quantileMs, runLoad } from "./load.ts";
import { cpuSeconds } from "./process.ts";

export interface Workload {
  readonly name: string;
  readonly url: URL;
  readonly next: Load["next"];
  /** What every answer must be. */
  readonly status: number;
  /** The process that speaks HTTP. */
  readonly frontPid: number;
  /** The servers of the store; none where the workload does not reach them. */
  readonly storePids: readonly number[];
}

export interface Measured {
  readonly perSecond: number;
  /** Of the process that speaks HTTP, for each request. */
  readonly frontMicros: number;
  /** Of the servers of the store together, for each request. */
  readonly storeMicros: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export type Results = ReadonlyMap<string, readonly Measured[]>;

const WARM_UP_SECONDS = 3;

/** Every workload once a round, there and back, after a warm-up. @throws on an answer with another status */
export async function measureInTurn(workloads: readonly Workload[], pace: Pace): Promise<Results> {
  const results = new Map<string, Measured[]>(workloads.map(({ name }) => [name, []]));
  for (const workload of workloads) await measure(workload, { ...pace, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < pace.rounds; round++) {
    const order = round % 2 === 0 ? workloads : workloads.toReversed();
    for (const workload of order) results.get(workload.name)?.push(await measure(workload, pace));
  }
  return results;
}

async function measure(
  { name, url, next, status, frontPid, storePids }: Workload,
  { seconds, connections }: Pick<Pace, "seconds" | "connections">,
): Promise<Measured> {
  const [frontBefore, storeBefore] = [cpuSeconds(frontPid), sum(storePids.map(cpuSeconds))];
  const result = await runLoad({ url, connections, seconds, next });
  const [frontAfter, storeAfter] = [cpuSeconds(frontPid), sum(storePids.map(cpuSeconds))];
  if (result.statuses.get(status) !== result.requests) {
    throw new Error(`${name}: not all answers are ${status}: ${JSON.stringify([...result.statuses])}`);
  }
  return {
    perSecond: result.requests / result.seconds,
    frontMicros: ((frontAfter - frontBefore) / result.requests) * 1e6,
    storeMicros: ((storeAfter - storeBefore) / result.requests) * 1e6,
    medianMs: quantileMs(result, 0.5),
    p99Ms: quantileMs(result, 0.99),
  };
}

/** A line for each workload: medians over the rounds, and the spread of the rate. */
export function printResults(results: Results): void {
  for (const [name, rounds] of results) {
    const rates = rounds.map(({ perSecond }) => perSecond);
    const [front, store] = [median(rounds.map((r) => r.frontMicros)), median(rounds.map((r) => r.storeMicros))];
    const [half, p99] = [median(rounds.map((r) => r.medianMs)), median(rounds.map((r) => r.p99Ms))];
    const spread = `(${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})`;
    console.log(
      `  ${name.padEnd(30)} ${median(rates).toFixed(0).padStart(7)}/s ${spread.padEnd(18)} CPU a request: ` +
        `server ${front.toFixed(1).padStart(5)} µs, store ${store.toFixed(1).padStart(5)} µs   p50 ${half.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
    );
  }
}

/** What of the one comes to what of the other, round by round. */
export interface Comparison {
  readonly results: Results;
  readonly of: string;
  readonly to: string;
  readonly what: (measured: Measured) => number;
}

/** The median of the rounds' ratios, with its spread. `bar` is the least that it should be; null where there is none. */
export function printRatio(title: string, comparison: Comparison, bar: number | null = null): void {
  const ratios = ratiosOf(comparison);
  const value = median(ratios);
  const verdict = bar === null ? "" : `   bar ${bar} ${value >= bar ? "met" : "NOT MET"}`;
  console.log(
    `  → ${title}: ${value.toFixed(2)} × (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})${verdict}`,
  );
}

function ratiosOf({ results, of, to, what }: Comparison): readonly number[] {
  const others = results.get(to) ?? [];
  return (results.get(of) ?? []).flatMap((measured, round) => {
    const other = others[round];
    return other === undefined ? [] : [what(measured) / what(other)];
  });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
