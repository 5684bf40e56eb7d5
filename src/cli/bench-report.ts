// What `keyhold bench` prints of what it has measured: a table for people, JSON for programs. The JSON is part of what scripts
// rely on: members are added, and never given another meaning.
import type { LatencyHistogram } from "../load/latency-histogram.ts";
import { toTable } from "./table.ts";

export interface BenchSettings {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly keys: number;
  readonly valueBytes: number;
}

export interface Figures {
  readonly workload: string;
  readonly perSecond: number;
  /** Answers; of watch-fan-out, events at all watchers. */
  readonly requests: number;
  /** Of all, and where there are both, of reads and of writes. */
  readonly latencies: readonly (readonly ["all" | "reads" | "writes", LatencyHistogram])[];
}

export function toBenchTable(
  { url, connections, keys, valueBytes }: BenchSettings,
  figures: readonly Figures[],
): string {
  const rows = figures.flatMap(({ workload, perSecond, latencies }) =>
    latencies.map(([kind, latency]) => [
      kind === "all" ? workload : `  ${kind}`,
      kind === "all" ? Math.round(perSecond).toString() : "",
      ...quantilesOf(latency).map((ms) => ms.toFixed(2)),
    ]),
  );
  const head = ["WORKLOAD", "PER SECOND", "P50 MS", "P99 MS", "P99.9 MS", "LONGEST MS"];
  return `${url}, ${connections} connections, ${keys} keys, values of ${valueBytes} bytes\n${toTable([head, ...rows])}`;
}

export function toBenchJson(settings: BenchSettings, figures: readonly Figures[]): string {
  const { url, connections, seconds, keys, valueBytes } = settings;
  const workloads = figures.map(({ workload, perSecond, requests, latencies }) => ({
    workload,
    per_second: perSecond,
    requests,
    latency_ms: Object.fromEntries(latencies.map(([kind, latency]) => [kind, toLatencyJson(latency)])),
  }));
  return `${JSON.stringify({ url, connections, seconds, keys, value_bytes: valueBytes, workloads }, null, 2)}\n`;
}

function toLatencyJson(latency: LatencyHistogram) {
  const [p50, p99, p999, longest] = quantilesOf(latency);
  return { mean: latency.meanMs, p50, p99, p99_9: p999, longest };
}

function quantilesOf(latency: LatencyHistogram): readonly number[] {
  return [...[0.5, 0.99, 0.999].map((share) => latency.quantileMs(share)), latency.longestMs];
}
