// Ends what has not ended by itself in time. All have the same time, so who began first is over first, and one timer does for
// all of them however many there are.
import { every } from "./pause.ts";

export interface Expiring {
  /** On the clock of performance.now(). */
  readonly deadlineAt: number;
  expire(): void;
}

/** How late it may be noticed. */
const TICK_MS = 20;

export class Deadlines {
  /** In the order of their deadlines. */
  readonly #waiting = new Set<Expiring>();
  #stop: (() => void) | null = null;

  /** Requires: no deadline among those watched is later. */
  watch(expiring: Expiring): void {
    this.#waiting.add(expiring);
    this.#stop ??= every(TICK_MS, () => this.#tick());
  }

  forget(expiring: Expiring): void {
    this.#waiting.delete(expiring);
  }

  #tick(): void {
    const now = performance.now();
    for (const expiring of this.#waiting) {
      if (expiring.deadlineAt > now) return;
      this.#waiting.delete(expiring);
      expiring.expire();
    }
    if (this.#waiting.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }
}
