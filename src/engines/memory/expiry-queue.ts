// Keys by the instant at which their entries end: a binary heap. Ends that no longer hold stay in it until their instant,
// when the store finds that the entry ends elsewhere, or until there are too many of them and the store asks for a new heap.
import type { EpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";

export interface End {
  readonly at: EpochMs;
  readonly key: Key;
}

export class ExpiryQueue {
  #heap: End[] = [];

  /** Ends held, those that no longer hold included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Forgets every end. */
  clear(): void {
    this.#heap = [];
  }

  add(key: Key, at: EpochMs): void {
    this.#heap.push({ at, key });
    this.#rise(this.#heap.length - 1);
  }

  /** Takes out the earliest end that is not after `now`; null when there is none. */
  takeDue(now: EpochMs): End | null {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= this.#at(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(least) >= this.#at(index)) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}
