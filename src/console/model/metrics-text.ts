// Reads the text format of Prometheus (version 0.0.4) as far as the console draws it: counters and gauges by name, and the
// buckets of histograms, summed over routes.

export interface Reading {
  readonly atMs: number;
  /** Sums over all labels, by the name of the family. */
  readonly sums: ReadonlyMap<string, number>;
  readonly requests: { readonly good: number; readonly bad: number };
  /** Requests that took at most so many seconds, ascending; the last is infinite. */
  readonly latency: readonly Bucket[];
}

export interface Bucket {
  readonly atMost: number;
  readonly count: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)$/;
const REQUESTS = "keyhold_http_requests_total";
const DURATION = "keyhold_http_request_duration_seconds_bucket";
/** What this page itself asks every two seconds. */
const OWN_ROUTE = '"/-/metrics"';

export function readMetrics(text: string, atMs: number): Reading {
  const sums = new Map<string, number>();
  const latency = new Map<number, number>();
  let good = 0;
  let bad = 0;
  for (const line of text.split("\n")) {
    const [, name = "", labels = "", shown = ""] = LINE.exec(line) ?? [];
    if (name === "" || labels.includes(`route=${OWN_ROUTE}`)) continue;
    const value = Number(shown);
    if (name === DURATION) {
      const atMost = boundOf(labels);
      latency.set(atMost, (latency.get(atMost) ?? 0) + value);
      continue;
    }
    sums.set(name, (sums.get(name) ?? 0) + value);
    if (name !== REQUESTS) continue;
    if (isGood(labels)) good += value;
    else bad += value;
  }
  const buckets = [...latency].map(([atMost, count]) => ({ atMost, count })).toSorted((a, b) => a.atMost - b.atMost);
  return { atMs, sums, requests: { good, bad }, latency: buckets };
}

/** Codes of problems are words, all others statuses. */
function isGood(labels: string): boolean {
  return /\bcode="[123]\d\d"/.test(labels);
}

function boundOf(labels: string): number {
  const bound = /\ble="([^"]+)"/.exec(labels)?.[1] ?? "+Inf";
  return bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
}
