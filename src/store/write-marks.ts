// Tells whether what was read of a key still stands, without asking the store again: counters in memory that the threads of a
// store share. Whoever commits makes the counter of each key that it writes odd before the commit can be seen, and even when it
// has been seen to; so a reader that finds its counter even and as it was knows that nothing has been committed meanwhile.
//
// Invariants:
// 1. One thread marks; any number look.
// 2. The commits' own counter and those of the keys are odd before COMMIT begins, and even only after it has returned, and
//    before anybody is answered. What is seen of a commit by one reader is thus never missed by another that asks later.
// 3. Keys share counters by their hash. A foreign write makes what stands look as if it did not, never the other way round.
//
// The counters wrap at 2^32. What was read would have to be looked at again exactly after 2^31 commits to its counter.
import type { Key } from "../core/key.ts";
import { hashText } from "../core/text-hash.ts";

/** What a reader takes before it reads, and asks about later: the number of the counter, and what it stood at. */
export type Stamp = number;

const COUNTERS = 1 << 20;
/** Of all keys at once, for commits whose keys are not known before. */
const EVERY_CELL = COUNTERS;
/** Of commits: whether one is under way, and how many there have been. */
const COMMITS_CELL = COUNTERS + 1;
const CELLS = COUNTERS + 2;
const RANGE = 2 ** 32;

export function makeMarksMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
}

/** A reader's side. */
export class WriteMarks {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  /** To be taken before the key is read. Null while it is being written. */
  take(key: Key): Stamp | null {
    const counter = counterOf(key);
    const own = Atomics.load(this.#cells, counter);
    const every = Atomics.load(this.#cells, EVERY_CELL);
    return ((own | every) & 1) === 1 ? null : counter * RANGE + ((own + every) >>> 0);
  }

  /** Whether nothing has been committed to the key since. */
  stands(stamp: Stamp): boolean {
    const own = Atomics.load(this.#cells, Math.floor(stamp / RANGE));
    return (own + Atomics.load(this.#cells, EVERY_CELL)) >>> 0 === stamp % RANGE;
  }

  /** Odd while a commit is under way; else it is another after each. */
  get commits(): number {
    return Atomics.load(this.#cells, COMMITS_CELL);
  }
}

/** The side of the one thread that commits. */
export class WriteMarker {
  readonly #cells: Int32Array;
  readonly #begun: number[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  /** A commit is about to begin. */
  begin(): void {
    this.#raise(COMMITS_CELL);
  }

  /** It may write this key. */
  add(key: Key): void {
    this.#raise(counterOf(key));
  }

  /** It writes keys that only the database knows. */
  addEvery(): void {
    this.#raise(EVERY_CELL);
  }

  /** The commit has returned, whatever became of it. */
  end(): void {
    for (const cell of this.#begun) Atomics.add(this.#cells, cell, 1);
    this.#begun.length = 0;
  }

  #raise(cell: number): void {
    // Odd already: another key of this commit has the same counter.
    if ((Atomics.load(this.#cells, cell) & 1) === 1) return;
    Atomics.add(this.#cells, cell, 1);
    this.#begun.push(cell);
  }
}

function counterOf(key: Key): number {
  const hash = hashText(key);
  return (hash ^ (hash >>> 16)) & (COUNTERS - 1);
}
