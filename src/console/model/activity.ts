// What the server does, as series over the last minutes: asked every two seconds while somebody looks, and worked out from
// what has grown between two readings. A server that was started again begins at 0, and makes a gap.
import { type ReadonlySignal, signal } from "@preact/signals";
import { ask } from "./ask.ts";
import { type Fault, isAbort, toFault } from "./fault.ts";
import { type Bucket, type Reading, readMetrics } from "./metrics-text.ts";
import type { Requests } from "./requests.ts";

export const POLL_MS = 2000;
/** Ten minutes. */
const KEPT_POINTS = 300;

export interface Point {
  readonly atMs: number;
  readonly goodPerSecond: number;
  readonly badPerSecond: number;
  /** Seconds; null while nothing is asked. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly commitsPerSecond: number;
  readonly residentBytes: number | null;
  readonly heapBytes: number | null;
}

export const METRICS_ASK = ask("GET", "/-/metrics");

export class Activity {
  readonly #requests: Requests;
  readonly #now: () => number;
  readonly #points = signal<readonly Point[]>([]);
  readonly #latest = signal<Reading | null>(null);
  readonly #fault = signal<Fault | null>(null);

  constructor({ requests, now }: { readonly requests: Requests; readonly now: () => number }) {
    this.#requests = requests;
    this.#now = now;
  }

  get points(): ReadonlySignal<readonly Point[]> {
    return this.#points;
  }

  get latest(): ReadonlySignal<Reading | null> {
    return this.#latest;
  }

  get fault(): ReadonlySignal<Fault | null> {
    return this.#fault;
  }

  async poll(signal: AbortSignal): Promise<void> {
    try {
      const response = await this.#requests.read(METRICS_ASK, signal);
      const reading = readMetrics(await response.text(), this.#now());
      const before = this.#latest.value;
      this.#latest.value = reading;
      this.#fault.value = null;
      if (before === null || reading.atMs <= before.atMs) return;
      this.#points.value = [...this.#points.value, pointBetween(before, reading)].slice(-KEPT_POINTS);
    } catch (error) {
      if (!isAbort(error, signal)) this.#fault.value = toFault(error);
    }
  }
}

export function pointBetween(before: Reading, after: Reading): Point {
  const seconds = (after.atMs - before.atMs) / 1000;
  const rate = (from: number, to: number) => Math.max(0, to - from) / seconds;
  const sum = (reading: Reading, name: string) => reading.sums.get(name) ?? null;
  const spread = grown(before.latency, after.latency);
  return {
    atMs: after.atMs,
    goodPerSecond: rate(before.requests.good, after.requests.good),
    badPerSecond: rate(before.requests.bad, after.requests.bad),
    p50: quantile(spread, 0.5),
    p99: quantile(spread, 0.99),
    commitsPerSecond: rate(
      sum(before, "keyhold_commits_total") ?? sum(before, "keyhold_store_revision") ?? 0,
      sum(after, "keyhold_commits_total") ?? sum(after, "keyhold_store_revision") ?? 0,
    ),
    residentBytes: sum(after, "process_resident_memory_bytes"),
    heapBytes: sum(after, "keyhold_heap_bytes"),
  };
}

/** What has come to each bucket between two readings. */
function grown(before: readonly Bucket[], after: readonly Bucket[]): readonly Bucket[] {
  const earlier = new Map(before.map(({ atMost, count }) => [atMost, count]));
  return after.map(({ atMost, count }) => ({ atMost, count: Math.max(0, count - (earlier.get(atMost) ?? 0)) }));
}

/** As Prometheus does it: on a line between the bounds of the bucket that the share lies in. Null where there is nothing. */
export function quantile(buckets: readonly Bucket[], share: number): number | null {
  const all = buckets.at(-1)?.count ?? 0;
  if (all === 0) return null;
  const rank = all * share;
  let lower: Bucket = { atMost: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (!Number.isFinite(bucket.atMost)) return lower.atMost;
      const within = bucket.count === lower.count ? 1 : (rank - lower.count) / (bucket.count - lower.count);
      return lower.atMost + (bucket.atMost - lower.atMost) * within;
    }
    lower = bucket;
  }
  return lower.atMost;
}
