// Ends what has not ended by itself in time. All have the same time, so who began first is over first, and one timer does for
// all of them however many there are. They stand in a list that leads through them, as a Set costs half of what a read does.
import { every } from "./pause.ts";

export interface Expiring {
  /** On the clock of performance.now(). */
  readonly deadlineAt: number;
  /** Who stands before and behind in the list; for Deadlines alone. */
  before: Expiring | null;
  behind: Expiring | null;
  expire(): void;
}

/** How late it may be noticed. */
const TICK_MS = 20;

export class Deadlines {
  /** In the order of their deadlines. */
  #first: Expiring | null = null;
  #last: Expiring | null = null;
  #stop: (() => void) | null = null;

  /** Requires: no deadline among those watched is later. */
  watch(expiring: Expiring): void {
    expiring.before = this.#last;
    if (this.#last === null) this.#first = expiring;
    else this.#last.behind = expiring;
    this.#last = expiring;
    this.#stop ??= every(TICK_MS, () => this.#tick());
  }

  /** Requires: it is watched, and not yet forgotten. */
  forget(expiring: Expiring): void {
    const { before, behind } = expiring;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    // An old one that leads to younger ones keeps them from being collected.
    expiring.before = null;
    expiring.behind = null;
  }

  /** Who expires is forgotten by who watches it. */
  #tick(): void {
    const now = performance.now();
    for (let next = this.#first; next !== null && next.deadlineAt <= now; next = this.#first) next.expire();
    if (this.#first !== null) return;
    this.#stop?.();
    this.#stop = null;
  }
}
