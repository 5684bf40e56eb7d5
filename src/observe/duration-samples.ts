// Some of the durations of an interval, evenly spread over it, in bounded memory: every one until there are too many, then
// every second, every fourth, and so on. What is kept stands for `stride` each.

/** Durations kept of one interval. */
export const SAMPLES_MAX = 128;

export interface TakenSamples {
  readonly durationsMs: readonly number[];
  /** How many durations each of them stands for: a power of two. */
  readonly stride: number;
}

export class DurationSamples {
  readonly #kept = new Float64Array(SAMPLES_MAX);
  #count = 0;
  #stride = 1;
  /** Durations still to be passed over. */
  #skip = 0;

  note(durationMs: number): void {
    if (this.#skip-- > 0) return;
    if (this.#count === SAMPLES_MAX) this.#thin();
    this.#kept[this.#count++] = durationMs;
    this.#skip = this.#stride - 1;
  }

  /** What has been kept since the last call. */
  take(): TakenSamples {
    const taken = { durationsMs: [...this.#kept.subarray(0, this.#count)], stride: this.#stride };
    this.#count = 0;
    this.#stride = 1;
    this.#skip = 0;
    return taken;
  }

  /** Keeps every second. */
  #thin(): void {
    this.#count /= 2;
    for (let index = 0; index < this.#count; index++) this.#kept[index] = this.#kept[2 * index] ?? 0;
    this.#stride *= 2;
  }
}
