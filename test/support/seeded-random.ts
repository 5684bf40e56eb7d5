// Randomness that a failing test can print and be given again: SEED=<number> reruns the one history that failed.

export interface SeededRandom {
  /** An integer from 0 up to, but not including, `end`. */
  below(end: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** mulberry32: small, and good enough to draw test cases. */
export function makeSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const below = (end: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick<T>(items: readonly T[]): T {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("Nothing to pick from");
      return item;
    },
  };
}

/** In an order that is drawn. */
export function shuffled<T>(random: SeededRandom, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: random.below(2 ** 30) }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

/** The seeds to try: the one that SEED names, or `count` from `first` on. */
export function seedsToTry(first: number, count: number): readonly number[] {
  const asked = process.env["SEED"];
  return asked === undefined ? Array.from({ length: count }, (_, index) => first + index) : [Number(asked)];
}

/** Runs `body`, and on a failure says which seed reruns it. */
export async function withSeed(seed: number, body: (random: SeededRandom) => void | Promise<void>): Promise<void> {
  try {
    await body(makeSeededRandom(seed));
  } catch (error) {
    throw new Error(`Failed with SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
