// When sessions were last made to last longer by this process, so that it is not done more often than is wanted. It may forget:
// a session that is forgotten is touched once more than it had to be.

/** Sessions that are remembered. */
export const TOUCHED_MAX = 10_000;

export class SessionTouches {
  readonly #intervalMs: number;
  /** In the order of the instants. */
  readonly #touchedAt = new Map<string, number>();

  /** @param intervalMs - 0 for every time, Infinity for never */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Whether it is time again, which is noted then. */
  isDue(sid: string, now: number): boolean {
    if (this.#intervalMs === Number.POSITIVE_INFINITY) return false;
    const last = this.#touchedAt.get(sid);
    if (last !== undefined && now - last < this.#intervalMs) return false;
    this.note(sid, now);
    return true;
  }

  /** It was written or touched just now. */
  note(sid: string, now: number): void {
    this.#touchedAt.delete(sid);
    this.#touchedAt.set(sid, now);
    if (this.#touchedAt.size <= TOUCHED_MAX) return;
    for (const oldest of this.#touchedAt.keys()) {
      this.#touchedAt.delete(oldest);
      return;
    }
  }
}
