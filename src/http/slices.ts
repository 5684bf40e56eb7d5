// A streamed answer cut into what is sent at once, each slice with what it holds in memory until the client takes it. Bytes that
// many clients are sent alike, such as the events of a watch, count by the slice; what is one client's own counts by all that
// is left of it.

export interface Slice {
  readonly bytes: Uint8Array;
  /** Bytes of memory that are freed only when the client takes this, and what follows from the same part. */
  readonly heldBytes: number;
}

/** The longest slice. */
const SLICE_BYTES = 64 * 1024;
const encoder = new TextEncoder();

export class Slices {
  readonly #parts: AsyncIterator<string | Uint8Array>;
  readonly #isShared: boolean;
  #rest: Uint8Array | null = null;
  /** Whether others are sent that too. */
  #isRestShared = false;

  /** @param isShared - whether parts that come as bytes are sent to others as well */
  constructor(parts: AsyncIterable<string | Uint8Array>, isShared: boolean) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#isShared = isShared;
  }

  /** Whether more of the last slice's part is to come. */
  get isWithinPart(): boolean {
    return this.#rest !== null;
  }

  /** Null at the end. */
  async next(): Promise<Slice | null> {
    if (this.#rest !== null) return this.#cut(this.#rest, this.#isRestShared);
    for (;;) {
      const { done, value } = await this.#parts.next();
      if (done === true) return null;
      if (value.length === 0) continue;
      if (typeof value !== "string") return this.#cut(value, this.#isShared);
      return this.#cut(encoder.encode(value), false);
    }
  }

  async end(): Promise<void> {
    this.#rest = null;
    await this.#parts.return?.();
  }

  #cut(bytes: Uint8Array, isShared: boolean): Slice {
    const slice = bytes.subarray(0, SLICE_BYTES);
    this.#rest = bytes.length > SLICE_BYTES ? bytes.subarray(SLICE_BYTES) : null;
    this.#isRestShared = isShared;
    return { bytes: slice, heldBytes: isShared ? slice.length : bytes.length };
  }
}
