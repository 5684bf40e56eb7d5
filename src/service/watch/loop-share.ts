// A share of each turn of the event loop, for work that comes to more than others can wait for. Who works asks between two
// steps whether the share is spent, and if so goes on in a later turn, in the order of asking; requests are answered in
// between. No step may take long by itself.
import { LIMITS } from "../../core/limits.ts";

export class LoopShare {
  readonly #steadyMs: () => number;
  readonly #waiting = new Set<() => void>();
  /** When the work of this turn began; null before it has. */
  #beganAtMs: number | null = null;

  /** @param steadyMs - a clock that never runs back */
  constructor(steadyMs: () => number) {
    this.#steadyMs = steadyMs;
  }

  /** Whether later() is to be awaited before the next step. To be asked before the first one too. */
  isSpent(): boolean {
    if (this.#beganAtMs !== null) return this.#steadyMs() - this.#beganAtMs >= LIMITS.watchShareMs;
    this.#begin();
    return false;
  }

  /** Resolves in a later turn, when it is the caller's. Requires: isSpent(), just before. */
  later(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #begin(): void {
    this.#beganAtMs = this.#steadyMs();
    setImmediate(() => {
      this.#beganAtMs = null;
      if (this.#waiting.size > 0) void this.#resume();
    });
  }

  async #resume(): Promise<void> {
    this.#begin();
    for (const resume of this.#waiting) {
      this.#waiting.delete(resume);
      resume();
      // What is resumed runs now, as far as it gets.
      await Promise.resolve();
      if (this.isSpent()) return;
    }
  }
}
