// What is put off to a later turn of the event loop: some of it in each, in the order in which it came, so that a thousand
// large answers that go on at once leave room for those who ask for little.

/** Each sends up to 128 KiB and makes the next part of a listing, or reads a large value: a few ms together. */
const RUNS_A_TURN = 4;

export class LaterTurns {
  readonly #nextTurn: (run: () => void) => void;
  #waiting: (() => void)[] = [];

  /** @param nextTurn - calls back in the next turn of the event loop */
  constructor(nextTurn: (run: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** Calls back in a later turn. */
  put(run: () => void): void {
    this.#waiting.push(run);
    if (this.#waiting.length === 1) this.#nextTurn(() => this.#run());
  }

  #run(): void {
    const due = this.#waiting.slice(0, RUNS_A_TURN);
    this.#waiting = this.#waiting.slice(RUNS_A_TURN);
    if (this.#waiting.length > 0) this.#nextTurn(() => this.#run());
    for (const run of due) run();
  }
}
