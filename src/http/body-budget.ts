// Bounds the bytes of request bodies that are in memory at once, over all connections: a limit per body alone would let
// many half-sent uploads fill the memory together.
import { type Count, makeCount } from "../core/count.ts";
import { KeyholdError } from "../core/errors.ts";

export class BodyBudget {
  readonly #limitBytes: number;
  readonly #reserved: Count;

  /** @param reserved - the bytes, of all who share the limit */
  constructor(limitBytes: number, reserved: Count = makeCount()) {
    this.#limitBytes = limitBytes;
    this.#reserved = reserved;
  }

  /** What has been taken and not given back. */
  get bytes(): number {
    return this.#reserved.total;
  }

  /**
   * Takes bytes from the budget; one body alone is always let through.
   *
   * @param ownBytes - what the same body has taken before
   * @throws "busy" when others hold too much
   */
  reserve(bytes: number, ownBytes: number): void {
    const others = this.#reserved.total - ownBytes;
    if (others > 0 && others + ownBytes + bytes > this.#limitBytes) {
      throw new KeyholdError(
        "busy",
        `Cannot take another body of ${bytes} bytes: ${others} bytes of bodies are being received, limit ${this.#limitBytes}; try again soon`,
        { limit: this.#limitBytes },
      );
    }
    this.#reserved.add(bytes);
  }

  release(bytes: number): void {
    this.#reserved.add(-bytes);
  }
}
