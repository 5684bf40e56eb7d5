// What one client may ask in a second, counted by several threads in one memory: as Rates, without a lock.
//
// In place of what a bucket holds stands when it will be full: what is used moves that instant on, and a bucket whose instant is
// over is full. So one number says it, which threads exchange by comparing; a client's place is found by a mark of 64 bits made
// of its name. Each mark has a few places in which it may stand; where all are taken, the client is forgotten whose bucket is
// full first, which has the least to lose.
import { BURST_SECONDS, type RateLimits, type RateOptions, tooManyOf } from "./rates.ts";

/** Places, and those of each mark. */
const PLACES = 131_072;
const PLACES_OF_MARK = 8;
/** Of each place: the mark, and when the buckets of requests and bytes are full, in nanoseconds. */
const CELLS = 3;
const REQUESTS = 1;
const BYTES = 2;
const SECOND_NS = 1_000_000_000;
const BURST_NS = BigInt(BURST_SECONDS * SECOND_NS);

/** 3 MiB, which the system gives when they are used. */
export function makeSharedRatesMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(PLACES * CELLS * BigInt64Array.BYTES_PER_ELEMENT);
}

export class SharedRates implements RateLimits {
  readonly #options: RateOptions;
  readonly #cells: BigInt64Array;

  /**
   * @param options - whose clock is the same on all threads
   * @param memory - of makeSharedRatesMemory(), for clients of one kind
   */
  constructor(options: RateOptions, memory: SharedArrayBuffer) {
    this.#options = options;
    this.#cells = new BigInt64Array(memory);
  }

  get areLimited(): boolean {
    return this.#options.requests > 0 || this.#options.bytes > 0;
  }

  admit(client: string): void {
    const { requests, bytes } = this.#options;
    const now = this.#now();
    const place = this.#placeOf(client, now);
    const needed = costOf(1, requests);
    const takes = requests > 0 ? this.#use(place + REQUESTS, needed, { now, most: BURST_NS - needed }) : 0n;
    if (takes > 0n) throw tooManyOf(this.#options, "requests", toSeconds(takes));
    const owed = this.#read(place + BYTES) - now - BURST_NS;
    if (bytes === 0 || owed < 0n) return;
    // Nothing was done, so that nothing was used.
    if (requests > 0) Atomics.sub(this.#cells, place + REQUESTS, needed);
    throw tooManyOf(this.#options, "bytes", toSeconds(owed + costOf(1, bytes)));
  }

  charge(client: string, bytes: number): void {
    if (this.#options.bytes === 0 || bytes === 0) return;
    const now = this.#now();
    this.#use(this.#placeOf(client, now) + BYTES, costOf(bytes, this.#options.bytes), { now, most: null });
  }

  /**
   * Moves on when a bucket is full, unless it is to be full more than `most` from now already. Returns by how much it is, 0
   * where it has been moved.
   */
  #use(cell: number, cost: bigint, { now, most }: { readonly now: bigint; readonly most: bigint | null }): bigint {
    for (let seen = this.#read(cell); ; ) {
      const full = seen > now ? seen : now;
      if (most !== null && full - now > most) return full - now - most;
      const found = Atomics.compareExchange(this.#cells, cell, seen, full + cost);
      if (found === seen) return 0n;
      seen = found;
    }
  }

  /** Where the client's cells begin; it is remembered from now on. */
  #placeOf(client: string, now: bigint): number {
    const [high, low] = hashesOf(client);
    const mark = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)) || 1n;
    const first = (low % (PLACES / PLACES_OF_MARK)) * PLACES_OF_MARK;
    for (;;) {
      let least = first * CELLS;
      for (let index = first; index < first + PLACES_OF_MARK; index++) {
        const place = index * CELLS;
        if (this.#read(place) === mark) return place;
        if (this.#fullAt(place) < this.#fullAt(least)) least = place;
      }
      const forgotten = this.#read(least);
      if (Atomics.compareExchange(this.#cells, least, forgotten, mark) !== forgotten) continue;
      Atomics.store(this.#cells, least + REQUESTS, now);
      Atomics.store(this.#cells, least + BYTES, now);
      return least;
    }
  }

  #fullAt(place: number): bigint {
    const [requests, bytes] = [this.#read(place + REQUESTS), this.#read(place + BYTES)];
    if (requests > bytes) return requests;
    return bytes;
  }

  #read(cell: number): bigint {
    return Atomics.load(this.#cells, cell);
  }

  #now(): bigint {
    return BigInt(Math.round(this.#options.steadyMs() * 1000)) * 1000n;
  }
}

/** The time in which a bucket is filled by so much. @param rate - a second; 0 for no bound */
function costOf(amount: number, rate: number): bigint {
  return rate === 0 ? 0n : BigInt(Math.round((amount * SECOND_NS) / rate));
}

function toSeconds(ns: bigint): number {
  return Number(ns) / SECOND_NS;
}

/** Two of 32 bits each, of FNV-1a from different beginnings, mixed so that names that end alike lie apart. */
function hashesOf(text: string): readonly [number, number] {
  let [one, other] = [0x811c9dc5, 0x9dc5811c];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x85ebca6b);
  }
  return [mix(one), mix(other)];
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
