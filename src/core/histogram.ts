// Counts of observations by size, in cells that can lie in memory shared by two threads: one thread observes, and any may
// read while it does. Observing costs some nanoseconds and allocates nothing.

/** What was observed up to now. Counts only grow. */
export interface Distribution {
  /** Upper ends of the buckets, ascending; what lies above the last has a bucket of its own. */
  readonly bounds: readonly number[];
  /** Observations of each bucket alone, one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  /** The buckets, then the sum. */
  readonly #cells: Float64Array;

  /**
   * @param bounds - ascending, in the unit of what is observed
   * @param cells - where to count, of histogramCells(bounds) zeroes; memory of its own without it
   */
  constructor(bounds: readonly number[], cells: Float64Array = new Float64Array(histogramCells(bounds))) {
    this.#bounds = bounds;
    this.#cells = cells;
  }

  /** Requires: one thread that does. */
  observe(value: number): void {
    const cells = this.#cells;
    const sum = this.#bounds.length + 1;
    const bucket = bucketOf(value, this.#bounds);
    cells[bucket] = (cells[bucket] ?? 0) + 1;
    cells[sum] = (cells[sum] ?? 0) + value;
  }

  /** A reading by another thread may have an observation in its counts and not yet in its sum. */
  read(): Distribution {
    const bounds = this.#bounds;
    const cells = [...this.#cells];
    return { bounds, counts: cells.slice(0, bounds.length + 1), sum: cells[bounds.length + 1] ?? 0 };
  }
}

/** How many numbers a histogram of these bounds takes. */
export function histogramCells(bounds: readonly number[]): number {
  return bounds.length + 2;
}

export function countOf({ counts }: Distribution): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function bucketOf(value: number, bounds: readonly number[]): number {
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
  return bucket;
}
