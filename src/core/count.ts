// How many there are of something that is bounded, such as connections or bytes of bodies: of one thread, or of several that
// share the bound and its memory.

export interface Count {
  /** Adds, less than nothing too, and returns how many there are then. */
  add(amount: number): number;
  /** How many there are. */
  readonly total: number;
}

/** Of one thread. */
export function makeCount(): Count {
  let total = 0;
  return {
    add(amount) {
      total += amount;
      return total;
    },
    get total() {
      return total;
    },
  };
}

/** Memory for so many counts. */
export function makeCountMemory(counts: number): SharedArrayBuffer {
  return new SharedArrayBuffer(counts * BigInt64Array.BYTES_PER_ELEMENT);
}

/**
 * Of all threads that open the same place of the same memory. Exact: two that add at once are answered different totals. Up to
 * 2^31, which does for whatever is no number of bytes, and costs 3 ns where openByteCount() costs 40.
 */
export function openCount(memory: SharedArrayBuffer, place: number): Count {
  const cells = new Int32Array(memory);
  const cell = place * (BigInt64Array.BYTES_PER_ELEMENT / Int32Array.BYTES_PER_ELEMENT);
  return {
    add: (amount) => Atomics.add(cells, cell, amount) + amount,
    get total() {
      return Atomics.load(cells, cell);
    },
  };
}

/** As openCount(), for more. Requires: a place that is opened by this alone. */
export function openByteCount(memory: SharedArrayBuffer, place: number): Count {
  const cells = new BigInt64Array(memory);
  return {
    add: (amount) => Number(Atomics.add(cells, place, BigInt(amount))) + amount,
    get total() {
      return Number(Atomics.load(cells, place));
    },
  };
}
