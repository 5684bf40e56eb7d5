// The highest instant that a thread of this store has told, in memory that its threads share: reads and commits must agree
// on which entries are over, also where the wall clock jumps and only one of them looked meanwhile.
import type { HighestInstant } from "../../core/expiry.ts";

export function makeSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

export function openHighestInstant(memory: SharedArrayBuffer): HighestInstant {
  const cell = new BigInt64Array(memory);
  let raised = 0;
  return {
    load: () => Number(Atomics.load(cell, 0)),
    raise(instant) {
      // It never falls: most instants are told many times.
      if (instant <= raised) return;
      raised = instant;
      const wanted = BigInt(instant);
      for (let seen = Atomics.load(cell, 0); seen < wanted; ) {
        const found = Atomics.compareExchange(cell, 0, seen, wanted);
        if (found === seen) return;
        seen = found;
      }
    },
  };
}
