// How long the other side may take to move bytes: nothing may rest for long, and on average it must be faster than a least
// rate once a grace is over, or a trickle would hold a connection for ever.

export interface PaceLimits {
  /** The longest time without a byte, and the time before the rate counts. */
  readonly idleMs: number;
  /** Bytes a second; 0 for any. */
  readonly bytesPerSecond: number;
}

export class Pace {
  readonly #limits: PaceLimits;
  #startedAtMs = 0;
  #movedAtMs = 0;
  #bytes = 0;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  start(nowMs: number): void {
    this.#startedAtMs = nowMs;
    this.#movedAtMs = nowMs;
    this.#bytes = 0;
  }

  moved(bytes: number, nowMs: number): void {
    if (bytes <= 0) return;
    this.#bytes += bytes;
    this.#movedAtMs = nowMs;
  }

  isTooSlow(nowMs: number): boolean {
    const { idleMs, bytesPerSecond } = this.#limits;
    if (nowMs - this.#movedAtMs > idleMs) return true;
    if (bytesPerSecond === 0) return false;
    return nowMs - this.#startedAtMs > idleMs + (this.#bytes / bytesPerSecond) * 1000;
  }
}
