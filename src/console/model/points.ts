// What a chart shows at one instant: rates and quantiles of what has grown between two readings of the metrics. A server that
// was started again begins at 0, which counts as nothing.
import type { Bucket, Reading } from "./metrics-text.ts";

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
