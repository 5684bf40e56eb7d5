// An order in which keys are asked for that no cache foresees: every number below `count` comes once before one comes again,
// and each next one is far from the last. It is worked out, not drawn, as a table of ten million numbers would be what is
// measured. Fast, and far from cryptographic.

/** The number that comes at a place; places from `count` on begin again. */
export type KeyOrder = (place: number) => number;

const ROUNDS = 3;
const COUNT_MAX = 2 ** 30;

/** Requires: `count` from 1 to 2^30. @param seed - another one is another order */
export function makeKeyOrder(count: number, seed: number): KeyOrder {
  if (count < 1 || count > COUNT_MAX) throw new RangeError(`There is no order of ${count} keys`);
  const bits = Math.max(2, 32 - Math.clz32(count - 1));
  const mask = 2 ** bits - 1;
  const half = bits >>> 1;
  const offset = Math.imul(seed ^ 0x5bd1e995, 0x27d4eb2f) & mask;
  /** Each step can be undone, and so is a bijection: an addition, a product with an odd number, a shifted xor. */
  const scatter = (number: number): number => {
    let mixed = (number + offset) & mask;
    for (let round = 0; round < ROUNDS; round++) {
      mixed = Math.imul(mixed, 0x9e3779b1) & mask;
      mixed ^= mixed >>> half;
    }
    return mixed;
  };
  return (place) => {
    // What falls behind the last number goes round again; a bijection comes back, after two times at the mean at most.
    let number = scatter(place % count);
    while (number >= count) number = scatter(number);
    return number;
  };
}
