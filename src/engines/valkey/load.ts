// What has been asked of one server and not been answered, in commands and bytes, against its bounds.

export interface LoadBounds {
  readonly commands: number;
  readonly bytes: number;
}

export class Load {
  readonly #bounds: LoadBounds;
  #commands = 0;
  #bytes = 0;

  constructor(bounds: LoadBounds) {
    this.#bounds = bounds;
  }

  get commands(): number {
    return this.#commands;
  }

  /** Whether there was room; where false, nothing is taken. What is larger than the bound has room while nothing else has. */
  take(bytes: number): boolean {
    const isFull = this.#commands >= this.#bounds.commands || this.#bytes + bytes > this.#bounds.bytes;
    if (isFull && this.#commands > 0) return false;
    this.#commands++;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#commands--;
    this.#bytes -= bytes;
  }
}
