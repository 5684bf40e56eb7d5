// A set of keys in key order. Chunks of bounded length in one list: adding or removing moves at most one chunk, finding is
// two binary searches, walking is reading arrays.
import { compareKeys, type Key } from "../../core/key.ts";
import type { Bounds } from "../../core/range.ts";

const CHUNK_KEYS_MAX = 512;

export class SortedKeys {
  /** Never holds an empty chunk. */
  #chunks: Key[][] = [];

  /** Requires: not in the set. */
  add(key: Key): void {
    const index = Math.max(0, this.#chunkAtOrAfter(key));
    const chunk = this.#chunks[Math.min(index, this.#chunks.length - 1)];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > CHUNK_KEYS_MAX) {
      this.#chunks.splice(this.#chunks.indexOf(chunk) + 1, 0, chunk.splice(chunk.length >> 1));
    }
  }

  /** Without effect when not in the set. */
  delete(key: Key): void {
    const index = this.#chunkAtOrAfter(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return;
    chunk.splice(position, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** The keys within the bounds, first to last or last to first. The set must not change while it is walked. */
  *within(bounds: Bounds, reverse: boolean): Generator<Key> {
    if (reverse) yield* this.#backwards(bounds);
    else yield* this.#forwards(bounds);
  }

  *#forwards({ low, high }: Bounds): Generator<Key> {
    let index = this.#chunkAtOrAfter(low);
    let position = lowerBound(this.#chunks[index] ?? [], low);
    for (; index < this.#chunks.length; index++, position = 0) {
      const chunk = this.#chunks[index] ?? [];
      for (const key of chunk.slice(position)) {
        if (high !== null && compareKeys(key, high) >= 0) return;
        yield key;
      }
    }
  }

  *#backwards({ low, high }: Bounds): Generator<Key> {
    let index = high === null ? this.#chunks.length - 1 : Math.min(this.#chunkAtOrAfter(high), this.#chunks.length - 1);
    for (; index >= 0; index--) {
      const chunk = this.#chunks[index] ?? [];
      const end = high === null ? chunk.length : lowerBound(chunk, high);
      for (const key of chunk.slice(0, end).reverse()) {
        if (compareKeys(key, low) < 0) return;
        yield key;
      }
    }
  }

  /** Index of the first chunk whose last key is not before `key`; the number of chunks when all are. */
  #chunkAtOrAfter(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#chunks[middle]?.at(-1) ?? "";
      if (compareKeys(last, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first key that is not before `key`. */
function lowerBound(keys: readonly Key[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
