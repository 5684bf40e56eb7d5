// What is said to StatsD of an interval, as lines, and lines as datagrams. A sent format
// (https://github.com/statsd/statsd/blob/master/docs/metric_types.md). Counters are sums of the interval; durations are
// those that were kept, each with the share that it stands for; gauges are as they stand.
import type { TakenSamples } from "./duration-samples.ts";

/** Everything that the lines are made of. Counts are since the start. */
export interface StatsdReading {
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly logged: { readonly warn: number; readonly error: number };
  /** Requests that failed by a fault of the server, whose error is logged with its trace. */
  readonly exceptions: number;
  readonly durations: TakenSamples;
  /** By dotted name, such as "store.bytes". */
  readonly gauges: Readonly<Record<string, number>>;
}

export type StatsdNames = "keyhold" | "gunicorn";

/** Fits an Ethernet frame without being cut, with headers of IPv6 and a tunnel. */
export const DATAGRAM_BYTES = 1432;

/** @param before - the reading before this one; null for the first */
export type ToLines = (now: StatsdReading, before: StatsdReading | null) => readonly string[];

/** @param prefix - what names begin with, without a dot at the end. @param workers - threads that serve */
export function linesOf(names: StatsdNames, prefix: string, workers: number): ToLines {
  return names === "gunicorn" ? gunicornLines(`${prefix}.gunicorn`, workers) : keyholdLines(prefix);
}

function keyholdLines(prefix: string): ToLines {
  const count = (name: string, value: number) => (value > 0 ? [`${prefix}.${name}:${value}|c`] : []);
  return (now, before) => {
    const statuses = statusesSince(now, before);
    return [
      ...count("http.requests", total(statuses)),
      ...statuses.flatMap(([status, value]) => count(`http.status.${status}`, value)),
      ...count("log.warn", now.logged.warn - (before?.logged.warn ?? 0)),
      ...count("log.error", now.logged.error - (before?.logged.error ?? 0)),
      ...durationLines(`${prefix}.http.duration`, now.durations),
      ...Object.entries(now.gauges).map(([name, value]) => `${prefix}.${name}:${value}|g`),
    ];
  };
}

/** The names and forms of gunicorn/instrument/statsd.py: counters carry the sample rate 1.0, a serving thread is a worker. */
function gunicornLines(prefix: string, workers: number): ToLines {
  const count = (name: string, value: number) => (value > 0 ? [`${prefix}.${name}:${value}|c|@1.0`] : []);
  return (now, before) => {
    const statuses = statusesSince(now, before);
    const exceptions = now.exceptions - (before?.exceptions ?? 0);
    const errors = now.logged.error - (before?.logged.error ?? 0);
    return [
      ...durationLines(`${prefix}.request.duration`, now.durations),
      ...count("requests", total(statuses)),
      ...statuses.flatMap(([status, value]) => count(`request.status.${status}`, value)),
      ...count("log.warning", now.logged.warn - (before?.logged.warn ?? 0)),
      ...count("log.error", errors - exceptions),
      ...count("log.exception", exceptions),
      `${prefix}.workers:${workers}|g`,
    ];
  };
}

/** Lines in order, as many in each datagram as it holds. */
export function packLines(lines: readonly string[], datagramBytes: number = DATAGRAM_BYTES): readonly string[] {
  const datagrams: string[] = [];
  let packed = "";
  for (const line of lines) {
    // Names and numbers are ASCII.
    if (packed !== "" && packed.length + 1 + line.length > datagramBytes) {
      datagrams.push(packed);
      packed = "";
    }
    packed += packed === "" ? line : `\n${line}`;
  }
  if (packed !== "") datagrams.push(packed);
  return datagrams;
}

function statusesSince(
  { statuses }: StatsdReading,
  before: StatsdReading | null,
): readonly (readonly [status: number, count: number])[] {
  return [...statuses]
    .map(([status, count]) => [status, count - (before?.statuses.get(status) ?? 0)] as const)
    .filter(([, count]) => count > 0);
}

function total(statuses: readonly (readonly [number, number])[]): number {
  return statuses.reduce((sum, [, count]) => sum + count, 0);
}

function durationLines(name: string, { durationsMs, stride }: TakenSamples): readonly string[] {
  const rate = stride === 1 ? "" : `|@${1 / stride}`;
  return durationsMs.map((durationMs) => `${name}:${Math.round(durationMs * 1000) / 1000}|ms${rate}`);
}
