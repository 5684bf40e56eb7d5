// Who edits the same keys takes turns. An edit reads, thinks and commits on the condition that nothing has changed; without
// turns all but one of those that come together would have thought in vain.
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";

export class Turns {
  readonly #last = new Map<Key, Promise<void>>();
  #taken = 0;

  /** Runs `work` when all that came before for one of these keys are through. @throws "busy" over LIMITS.waitingEdits, and what `work` throws */
  async take<T>(keys: readonly Key[], work: () => Promise<T>): Promise<T> {
    if (this.#taken >= LIMITS.waitingEdits) {
      throw new KeyholdError(
        "busy",
        `Cannot queue the edit: ${LIMITS.waitingEdits} wait already, the limit; try again soon`,
        {
          limit: LIMITS.waitingEdits,
        },
      );
    }
    this.#taken++;
    const before = keys.map((key) => this.#last.get(key));
    const { promise: through, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.#last.set(key, through);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      this.#taken--;
      resolve();
      for (const key of keys) if (this.#last.get(key) === through) this.#last.delete(key);
    }
  }
}
