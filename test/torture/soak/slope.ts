// How fast something grows, told from noisy samples: the Theil–Sen estimator, the median of the slopes between all pairs. Up to a
// quarter of the samples may be far off, as memory is before a collection, without moving it much.

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

const MS_PER_HOUR = 3_600_000;
/** Of a normal distribution, so many deviations to each side hold 95 of 100. */
const NORMAL_95 = 1.96;

export interface Slope {
  /** The median of the slopes of all pairs. */
  readonly perHour: number;
  /** Between these lies the slope, in 95 of 100 cases (Sen 1968, by Kendall's variance). */
  readonly least: number;
  readonly most: number;
}

/** By so much the value grows in an hour. @param samples - at least two, at different instants; the work is that of all pairs */
export function slopePerHour(samples: readonly Sample[]): Slope {
  const slopes = samples
    .flatMap((from, index) =>
      samples.slice(index + 1).map((to) => ((to.value - from.value) / (to.atMs - from.atMs)) * MS_PER_HOUR),
    )
    .toSorted((a, b) => a - b);
  const { length: n } = samples;
  const spread = NORMAL_95 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (place: number) => slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(place)))] ?? Number.NaN;
  return {
    perHour: median(slopes),
    least: at((slopes.length - spread) / 2),
    most: at((slopes.length + spread) / 2),
  };
}

/** The least of what falls into each stretch of so many milliseconds, at its middle. */
export function leastByTime(samples: readonly Sample[], stretchMs: number): readonly Sample[] {
  const stretches = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / stretchMs));
  return [...stretches].map(([stretch, inside]) => ({
    atMs: (stretch + 0.5) * stretchMs,
    value: Math.min(...inside.map(({ value }) => value)),
  }));
}

/** Of none it is NaN. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
