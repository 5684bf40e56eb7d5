// Who edits the same keys takes turns. An edit reads, thinks and commits on the condition that nothing has changed; without
// turns all but one of those that come together would have thought in vain.
import { type Count, makeCount } from "../core/count.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";

/** Tries of an edit that reads first; others that write the same key without taking turns can make one fail. */
const TRIES = 8;

export class Turns {
  /**
   * How often an edit may be tried. Those of other threads take turns of their own, and of all threads one is through at a time:
   * with so many more for each, one of ten million edits fails where all threads edit the same key without end.
   */
  readonly tries: number;
  readonly #last = new Map<Key, Promise<void>>();
  readonly #taken: Count;

  /**
   * @param taken - edits that wait or have their turn, of all who share the limit
   * @param threads - that edit the same store, each with turns of its own
   */
  constructor(taken: Count = makeCount(), threads = 1) {
    this.#taken = taken;
    this.tries = TRIES * (2 * threads - 1);
  }

  /** Runs `work` when all that came before for one of these keys are through. @throws "busy" over LIMITS.waitingEdits, and what `work` throws */
  async take<T>(keys: readonly Key[], work: () => Promise<T>): Promise<T> {
    if (this.#taken.total >= LIMITS.waitingEdits) {
      throw new KeyholdError(
        "busy",
        `Cannot queue the edit: ${LIMITS.waitingEdits} wait already, the limit; try again soon`,
        {
          limit: LIMITS.waitingEdits,
        },
      );
    }
    this.#taken.add(1);
    const before = keys.map((key) => this.#last.get(key));
    const { promise: through, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.#last.set(key, through);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      this.#taken.add(-1);
      resolve();
      for (const key of keys) if (this.#last.get(key) === through) this.#last.delete(key);
    }
  }
}
