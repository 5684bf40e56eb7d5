// Bounds the bytes of request bodies that are in memory at once, over all connections: a limit per body alone would let
// many half-sent uploads fill the memory together.
import { KeyholdError } from "../core/errors.ts";

export class BodyBudget {
  readonly #limitBytes: number;
  #reservedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** What has been taken and not given back. */
  get bytes(): number {
    return this.#reservedBytes;
  }

  /**
   * Takes bytes from the budget; one body alone is always let through.
   *
   * @param ownBytes - what the same body has taken before
   * @throws "busy" when others hold too much
   */
  reserve(bytes: number, ownBytes: number): void {
    const others = this.#reservedBytes - ownBytes;
    if (others > 0 && others + ownBytes + bytes > this.#limitBytes) {
      throw new KeyholdError(
        "busy",
        `Cannot take another body of ${bytes} bytes: ${others} bytes of bodies are being received, limit ${this.#limitBytes}; try again soon`,
        { limit: this.#limitBytes },
      );
    }
    this.#reservedBytes += bytes;
  }

  release(bytes: number): void {
    this.#reservedBytes -= bytes;
  }
}
