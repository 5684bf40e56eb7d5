// Things that many want in the same moment, made once: kept until they are cleared, and never more of them than a bound.

export class SharedCache<T> {
  readonly #lengthMax: number;
  readonly #items = new Map<string, { readonly item: T; readonly length: number }>();
  #length = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get(name: string): T | undefined {
    return this.#items.get(name)?.item;
  }

  /** Keeps it in place of what has been there longest. One that is greater than the bound is not kept. */
  set(name: string, item: T, length: number): void {
    this.delete(name);
    if (length > this.#lengthMax) return;
    this.#items.set(name, { item, length });
    this.#length += length;
    for (const oldest of this.#items.keys()) {
      if (this.#length <= this.#lengthMax) break;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#length -= this.#items.get(name)?.length ?? 0;
    this.#items.delete(name);
  }

  clear(): void {
    this.#items.clear();
    this.#length = 0;
  }
}
