// The values that are written: text that no compression shortens by much, cut out of one pool, so that making the next one is
// no more than copying it.

/** Each stands for itself in JSON and in a URL. */
const LETTERS = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
const POOL_BYTES = 1024 * 1024;
/** A prime, so that values that follow each other begin at places far apart. */
const STRIDE = 7919;

export class ValuePool {
  readonly valueBytes: number;
  readonly #pool: Buffer;

  /** Requires: values of at most a MiB. */
  constructor(valueBytes: number, seed: number) {
    this.valueBytes = valueBytes;
    this.#pool = Buffer.alloc(POOL_BYTES + valueBytes);
    let state = (seed ^ 0x9e3779b9) | 1;
    for (let index = 0; index < this.#pool.length; index++) {
      // Marsaglia's xorshift.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      this.#pool[index] = LETTERS[state >>> 26] ?? 0;
    }
  }

  /** The value of this number, which the pool's memory holds: to be copied. */
  value(number: number): Buffer {
    const start = this.#startOf(number);
    return this.#pool.subarray(start, start + this.valueBytes);
  }

  text(number: number): string {
    const start = this.#startOf(number);
    return this.#pool.toString("latin1", start, start + this.valueBytes);
  }

  copy(number: number, target: Uint8Array, at: number): void {
    const start = this.#startOf(number);
    this.#pool.copy(target, at, start, start + this.valueBytes);
  }

  #startOf(number: number): number {
    return (number * STRIDE) % POOL_BYTES;
  }
}
