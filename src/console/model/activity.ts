// What the server does, as series over the last minutes, asked every two seconds while somebody looks.
import { type ReadonlySignal, signal } from "@preact/signals";
import { ask } from "./ask.ts";
import { type Fault, isAbort, toFault } from "./fault.ts";
import { type Reading, readMetrics } from "./metrics-text.ts";
import { type Point, pointBetween } from "./points.ts";
import type { Requests } from "./requests.ts";

export const POLL_MS = 2000;
/** Ten minutes. */
const KEPT_POINTS = 300;

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
