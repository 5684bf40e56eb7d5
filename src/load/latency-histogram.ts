// How long requests took, counted in buckets whose width is a share of their height: any latency is told to within 1 %, in
// memory that does not grow, and recording one takes some nanoseconds.

/** Buckets for each doubling of the latency: 1/128 is under 1 %. */
const STEPS = 128;
const STEP_BITS = 7;
/** A latency is counted in these, so that the short ones are told apart, too. */
const TICKS_PER_MS = 10_000;
/** 2^32 ticks are seven minutes; what takes longer counts as that. */
const TICKS_MAX = 2 ** 32 - 1;
const BUCKETS = (32 - STEP_BITS) * STEPS + STEPS;

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #longestMs = 0;

  get count(): number {
    return this.#count;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** NaN where nothing was recorded. */
  get meanMs(): number {
    return this.#sumMs / this.#count;
  }

  record(ms: number): void {
    const bucket = bucketOf(Math.min(TICKS_MAX, ms * TICKS_PER_MS) >>> 0);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#longestMs) this.#longestMs = ms;
  }

  /** The latency that this share of requests did not exceed; NaN where nothing was recorded. */
  quantileMs(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (rank === this.#count) return this.#longestMs;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket] ?? 0;
      if (below >= rank) return Math.min(this.#longestMs, middleOf(bucket) / TICKS_PER_MS);
    }
    return this.#longestMs;
  }

  /** Counts what the other has counted. */
  add(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    }
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#longestMs = Math.max(this.#longestMs, other.#longestMs);
  }
}

/** Below 2 × STEPS a bucket for each tick; above, STEPS of them for each doubling. */
function bucketOf(ticks: number): number {
  const shift = Math.max(0, 31 - Math.clz32(ticks) - STEP_BITS);
  return (shift << STEP_BITS) + (ticks >>> shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = (bucket >>> STEP_BITS) - 1;
  return (bucket - (shift << STEP_BITS) + 0.5) * 2 ** shift;
}
