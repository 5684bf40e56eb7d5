// What a feed has passed since the last place that can be resumed from. Where the log has a cursor behind every change that
// is nothing; where only a page as a whole can be resumed from, a feed that reads again from such a place would tell a second
// time what it has told of the page. The changes of one key come in the same order however often they are read, so it is
// enough to count them by key.
import type { Key } from "../../core/key.ts";
import type { LoggedChange } from "../../store/store.ts";

export class PassedChanges {
  /** Passed since the last place. */
  readonly #passed = new Map<Key, number>();
  /** Passed before the reading went back, and not met again yet. */
  readonly #expected = new Map<Key, number>();

  /** Everything up to here has been passed, and reading may go back to here. */
  arrive(): void {
    this.#passed.clear();
  }

  /** Whether the change, which is passed now, has been passed before the reading went back. */
  pass({ key, cursor }: LoggedChange): boolean {
    if (cursor === null) this.#passed.set(key, (this.#passed.get(key) ?? 0) + 1);
    else this.#passed.clear();
    const expected = this.#expected.get(key);
    if (expected === undefined) return false;
    if (expected === 1) this.#expected.delete(key);
    else this.#expected.set(key, expected - 1);
    return true;
  }

  /** The reading goes back to the last place. */
  goBack(): void {
    for (const [key, count] of this.#passed) this.#expected.set(key, (this.#expected.get(key) ?? 0) + count);
    this.#passed.clear();
  }

  /** Nothing of what comes has been passed. */
  forget(): void {
    this.#passed.clear();
    this.#expected.clear();
  }
}
