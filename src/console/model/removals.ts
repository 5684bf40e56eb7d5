// Deleting with a way back. A deletion is made at once, and not after a while: whoever closes the page has deleted what they
// were told they had. Before it, each entry is read; it is deleted only if it is still what was read (If-Match), and held by
// this page for as long as it can be undone. Undoing puts it back with its type and its end, unless something has taken its
// place; it then has a new revision.

import { inParallel } from "../../client/parallel.ts";
import { deleteAsk, type FullEntry, restoreAsk } from "./entry-asks.ts";
import { isFault, toFault } from "./fault.ts";
import { readEntry } from "./full-entry.ts";
import type { Notices } from "./notices.ts";
import type { Requests } from "./requests.ts";
import { plural } from "./words.ts";

/** What is held to be put back. */
const HELD_BYTES = 64 * 1024 * 1024;
export const HELD_KEYS = 1000;
const AT_ONCE = 6;

export interface Outcome {
  readonly deleted: readonly FullEntry[];
  /** Changed or deleted by somebody else between being read and being deleted. */
  readonly changed: number;
  readonly isTooLarge: boolean;
}

export class Removals {
  readonly #requests: Requests;
  readonly #notices: Notices;
  readonly #now: () => number;

  constructor(parts: { readonly requests: Requests; readonly notices: Notices; readonly now: () => number }) {
    this.#requests = parts.requests;
    this.#notices = parts.notices;
    this.#now = parts.now;
  }

  /** Deletes what can be put back. Where the values together are too large for that, the rest is left, and told. */
  async remove(keys: readonly string[]): Promise<Outcome> {
    const deleted: FullEntry[] = [];
    let changed = 0;
    let heldBytes = 0;
    let isTooLarge = false;
    await this.#forEach(keys, async (key) => {
      if (heldBytes > HELD_BYTES) {
        isTooLarge = true;
        return;
      }
      const entry = await this.#removeOne(key, keys.length === 1);
      if (entry === null) changed++;
      else deleted.push(entry);
      heldBytes += entry?.bytes.length ?? 0;
    });
    const outcome = { deleted, changed, isTooLarge };
    this.#tell(outcome);
    return outcome;
  }

  async #removeOne(key: string, isShown: boolean): Promise<FullEntry | null> {
    try {
      const by = { requests: this.#requests, now: this.#now, isShown: false };
      const entry = await readEntry(key, by, new AbortController().signal);
      const request = deleteAsk(key, entry.etag);
      await (isShown ? this.#requests.act("Delete", request) : this.#requests.act("Delete one of several", request));
      return entry;
    } catch (error) {
      if (isFault(error, "precondition-failed") || isFault(error, "not-found")) return null;
      throw error;
    }
  }

  #tell({ deleted, changed, isTooLarge }: Outcome): void {
    const [first] = deleted;
    if (first !== undefined) {
      const what = deleted.length === 1 ? `“${first.key}”` : plural(deleted.length, "key");
      this.#notices.tellUndo(`Deleted ${what}`, () => void this.#restore(deleted));
    }
    if (changed > 0) {
      const detail = `${plural(changed, "key")} had been changed or deleted by somebody else, and are as they were left`;
      this.#notices.tellFault({ title: "Not everything was deleted", detail });
    }
    if (isTooLarge) {
      const detail = "Their values together are more than 64 MiB, which is what this page holds to undo a deletion";
      this.#notices.tellFault({ title: "Stopped before all were deleted", detail });
    }
  }

  /** What cannot be put back for now is held on, to be tried again. */
  async #restore(entries: readonly FullEntry[]): Promise<void> {
    const ended = entries.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= this.#now());
    const left = new Set(entries.filter((entry) => !ended.includes(entry)));
    let restored = 0;
    let taken = 0;
    await this.#forEach([...left], async (entry) => {
      if (await this.#restoreOne(entry)) restored++;
      else taken++;
      left.delete(entry);
    });
    if (restored > 0) this.#notices.tell(`Restored ${plural(restored, "key")}`);
    if (taken + ended.length > 0) {
      const parts = [
        ...(taken > 0 ? [`${plural(taken, "key")}: somebody has put another value there since`] : []),
        ...(ended.length > 0 ? [`${plural(ended.length, "key")}: would have ended by now`] : []),
      ];
      this.#notices.tellFault({ title: "Not everything was put back", detail: parts.join("; ") });
    }
    if (left.size > 0) {
      this.#notices.tellUndo(`${plural(left.size, "key")} still deleted`, () => void this.#restore([...left]));
    }
  }

  /** Until one fails, which is told; once all that was under way is over. */
  async #forEach<Item>(items: readonly Item[], step: (item: Item) => Promise<void>): Promise<void> {
    try {
      await inParallel(items, { max: AT_ONCE }, step);
    } catch (error) {
      this.#notices.tellFault(toFault(error));
    }
  }

  async #restoreOne(entry: FullEntry): Promise<boolean> {
    try {
      await this.#requests.act("Undo the deletion", restoreAsk(entry));
      return true;
    } catch (error) {
      if (isFault(error, "precondition-failed") || isFault(error, "check-failed")) return false;
      throw error;
    }
  }
}
