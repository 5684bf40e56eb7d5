// What is counted of each request, in typed arrays, one series for each route and method: the request's own path does no
// more than add to numbers. Hits, misses and totals are worked out when they are asked for.
import { ERRORS, type ErrorCode } from "../core/errors.ts";
import { type Distribution, Histogram } from "../core/histogram.ts";
import type { DurationSamples } from "./duration-samples.ts";
import { METRICS } from "./metric-families.ts";
import type { Registry, Sample } from "./registry.ts";

/** In seconds: from a read out of memory to a disk in trouble. */
export const DURATION_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];
/** In bytes. */
const SIZE_BOUNDS: readonly number[] = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 8_388_608];
/** Methods that have a label of their own; a client may send any word. */
const METHODS: readonly string[] = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "QUERY", "OPTIONS"];
/** As OpenTelemetry calls the others. */
export const OTHER_METHOD = "_OTHER";
const STATUS_MIN = 100;
const STATUS_END = 600;
/** Routes that read one entry. */
const ENTRY_ROUTES: readonly string[] = ["/{key}", "/keys/{key}"];
const READ_METHODS: readonly string[] = ["GET", "HEAD"];
/** What is answered of an entry that there is. */
const FOUND_STATUSES: readonly number[] = [200, 206, 304, 412, 416];
const MISSED_STATUS = 404;

/** The requests of one route and method. */
export class RouteSeries {
  readonly route: string;
  readonly method: string;
  readonly #codes = new Float64Array(STATUS_END - STATUS_MIN);
  readonly #duration = new Histogram(DURATION_BOUNDS);
  readonly #requestBytes = new Histogram(SIZE_BOUNDS);
  readonly #responseBytes = new Histogram(SIZE_BOUNDS);
  readonly #samples: DurationSamples | null;

  constructor(route: string, method: string, samples: DurationSamples | null) {
    this.route = route;
    this.method = method;
    this.#samples = samples;
  }

  /** @param status - from 100 to 599 */
  noteStatus(status: number): void {
    const code = status - STATUS_MIN;
    this.#codes[code] = (this.#codes[code] ?? 0) + 1;
  }

  noteDuration(durationMs: number): void {
    this.#duration.observe(durationMs / 1000);
    this.#samples?.note(durationMs);
  }

  noteRequestBytes(bytes: number): void {
    if (bytes > 0) this.#requestBytes.observe(bytes);
  }

  noteResponseBytes(bytes: number): void {
    if (bytes > 0) this.#responseBytes.observe(bytes);
  }

  /** Requests answered with this status. */
  count(status: number): number {
    return this.#codes[status - STATUS_MIN] ?? 0;
  }

  /** The statuses that have been answered, and how often. */
  counts(): readonly (readonly [status: number, count: number])[] {
    return [...this.#codes].flatMap((count, code) => (count === 0 ? [] : [[code + STATUS_MIN, count] as const]));
  }

  get duration(): Distribution {
    return this.#duration.read();
  }

  get requestBytes(): Distribution {
    return this.#requestBytes.read();
  }

  get responseBytes(): Distribution {
    return this.#responseBytes.read();
  }
}

export class HttpMetrics {
  /** Requests whose answer is being worked out. */
  inFlight = 0;
  /** Streamed answers being sent. */
  streams = 0;
  /** Bytes that watchers have been handed. */
  watchBytes = 0;
  /** Reads that were sent an answer kept in memory. */
  recalls = 0;
  readonly #routes = new Map<string, Map<string, RouteSeries>>();
  readonly #problems = new Map<ErrorCode, number>();
  readonly #samples: DurationSamples | null;

  /** @param samples - where single durations are kept for who wants them */
  constructor(samples: DurationSamples | null = null) {
    this.#samples = samples;
  }

  /** @param route - a pattern of the route table, or one word for all that is none */
  seriesOf(route: string, method: string): RouteSeries {
    const known = this.#routes.get(route)?.get(method);
    return known ?? this.#openSeries(route, METHODS.includes(method) ? method : OTHER_METHOD);
  }

  noteProblem(code: ErrorCode): void {
    this.#problems.set(code, (this.#problems.get(code) ?? 0) + 1);
  }

  problemsOf(code: ErrorCode): number {
    return this.#problems.get(code) ?? 0;
  }

  /** Every series that there is. */
  series(): readonly RouteSeries[] {
    return [...this.#routes.values()].flatMap((methods) => [...methods.values()]);
  }

  addTo(registry: Registry): void {
    registry.add(METRICS.httpRequests, () =>
      this.series().flatMap((each) =>
        each.counts().map(([status, value]) => ({ labels: [each.route, each.method, String(status)], value })),
      ),
    );
    registry.add(METRICS.httpDuration, () => this.#each(({ duration }) => duration));
    registry.add(METRICS.httpRequestBytes, () => this.#each(({ requestBytes }) => requestBytes));
    registry.add(METRICS.httpResponseBytes, () => this.#each(({ responseBytes }) => responseBytes));
    registry.addValue(METRICS.httpInFlight, () => this.inFlight);
    registry.addValue(METRICS.httpStreams, () => this.streams);
    registry.add(METRICS.problems, () => ERROR_CODES.map((code) => ({ labels: [code], value: this.problemsOf(code) })));
    registry.addValue(METRICS.hits, () => this.#readsAnswered(FOUND_STATUSES));
    registry.addValue(METRICS.misses, () => this.#readsAnswered([MISSED_STATUS]));
    registry.addValue(METRICS.recalls, () => this.recalls);
    registry.addValue(METRICS.watchBytes, () => this.watchBytes);
  }

  #openSeries(route: string, method: string): RouteSeries {
    const methods = this.#routes.get(route) ?? new Map<string, RouteSeries>();
    this.#routes.set(route, methods);
    const series = methods.get(method) ?? new RouteSeries(route, method, this.#samples);
    methods.set(method, series);
    return series;
  }

  /** A series in which nothing has been observed is not shown. */
  #each(read: (series: RouteSeries) => Distribution): readonly Sample[] {
    return this.series()
      .map((each) => ({ labels: [each.route, each.method], value: read(each) }))
      .filter(({ value }) => value.counts.some((count) => count > 0));
  }

  #readsAnswered(statuses: readonly number[]): number {
    return this.series()
      .filter(({ route, method }) => ENTRY_ROUTES.includes(route) && READ_METHODS.includes(method))
      .reduce((sum, each) => sum + statuses.reduce((all, status) => all + each.count(status), 0), 0);
  }
}

const ERROR_CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS);
