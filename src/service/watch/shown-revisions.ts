// What a snapshot has shown of keys that changed while it was read: those changes come again from the log, and a watcher
// need not see them a second time, nor an older state after a newer one. Keys that did not change need no memory. Beyond the
// bound nothing is remembered, and all changes are told: a client that compares revisions ends in the same state. What is
// hidden is judged by the key's own revisions, which grow in the log of its partition; the rest only saves memory, and where it
// guesses wrong a change is told twice.
import type { Change } from "../../core/batch.ts";
import type { EntryInfo, Revision } from "../../core/entry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Capabilities } from "../../store/store.ts";

export class ShownRevisions {
  readonly #floor: Revision;
  readonly #growsAlong: boolean;
  readonly #byKey = new Map<Key, Revision>();
  #highest = 0;
  #hasOverflowed = false;

  /**
   * @param floor - a revision of the store no later than the cursor that the log is followed from, as far as the store can
   * tell: what is not above it is not remembered, and so never hidden
   * @param order - within what revisions grow along the log. Where that is a partition, a high one says nothing of what is
   * still to come, and everything is remembered until the owner drops this
   */
  constructor({ floor, order }: { readonly floor: Revision; readonly order: Capabilities["order"] }) {
    this.#floor = floor;
    this.#growsAlong = order === "store";
  }

  add({ key, revision }: Pick<EntryInfo, "key" | "revision">): void {
    if (revision <= this.#floor || this.#hasOverflowed) return;
    this.#byKey.set(key, revision);
    this.#highest = Math.max(this.#highest, revision);
    if (this.#byKey.size <= LIMITS.watchShownKeys) return;
    this.#hasOverflowed = true;
    this.#byKey.clear();
  }

  /** Whether the snapshot has shown what a change of the log led to, or something later. */
  hides({ kind, key, revision }: Change): boolean {
    if (this.#byKey.size === 0) return false;
    const shown = this.#byKey.get(key) ?? 0;
    // A touch keeps the revision, and the snapshot does not show expiries.
    if (kind === "touch") return revision < shown;
    // Nothing that comes now has been shown.
    if (this.#growsAlong && revision > this.#highest) this.#byKey.clear();
    return revision <= shown;
  }
}
