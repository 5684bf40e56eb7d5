// Changes as watchers are shown them: with the value that stands when they are sent, in parts of bounded size. A part is made
// once for all who are sent it, and remembers the forms in which it has been written down.
import type { Change } from "../../core/batch.ts";
import type { Entry, EntryInfo, Revision } from "../../core/entry.ts";
import { type EpochMs, isAlive } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { LoggedChange, Store } from "../../store/store.ts";
import type { Interest } from "./channels.ts";
import { SharedCache } from "./shared-cache.ts";

/** An entry as it stood when it was read. */
export interface ShownEntry {
  readonly key: Key;
  readonly revision: Revision;
  readonly expiresAt: EpochMs | null;
  /** The value in the form of the watchers; null where values are not wanted. */
  readonly text: string | null;
}

export interface ChangeEvent {
  readonly change: LoggedChange;
  /** What stands under the key, where the change's kind and the interest ask for it; null where that is nothing. */
  readonly entry: ShownEntry | null;
}

export class ChangeBatch {
  readonly events: readonly ChangeEvent[];
  /** What it takes to keep it, in UTF-16 units, roughly. */
  readonly length: number;
  readonly #ends: readonly EpochMs[];
  readonly #forms = new Map<string, Uint8Array>();

  constructor(events: readonly ChangeEvent[]) {
    this.events = events;
    this.length = events.reduce((sum, event) => sum + lengthOf(event), 0);
    this.#ends = events.flatMap(({ entry }) => (entry === null || entry.expiresAt === null ? [] : [entry.expiresAt]));
  }

  /** Whether everything that it shows is still there. */
  isCurrent(now: EpochMs): boolean {
    return this.#ends.every((end) => isAlive(end, now));
  }

  /** Writes the batch down in a form, or gives what was written before. */
  inForm(form: string, write: (events: readonly ChangeEvent[]) => Uint8Array): Uint8Array {
    const standing = this.#forms.get(form);
    if (standing !== undefined) return standing;
    const written = write(this.events);
    this.#forms.set(form, written);
    return written;
  }
}

/** Members of an event besides key and value take about this much. */
const EVENT_LENGTH = 100;

/** Reads what stands under keys, each once for all who ask between two calls of forget(). */
export class ShownEntries {
  readonly #store: Store;
  readonly #toText: (entry: Entry) => string;
  readonly #cache = new SharedCache<ShownEntry>(LIMITS.watchSharedLength);

  constructor(store: Store, toText: (entry: Entry) => string) {
    this.#store = store;
    this.#toText = toText;
  }

  /** The entry as a change has left it, or later; null where it is gone. */
  async behind({ kind, key, revision }: Change): Promise<ShownEntry | null> {
    const known = this.#cache.get(key);
    // A feed may be ahead of the one that forgot last; a touch is not seen from the revision.
    const isBehind = known !== undefined && known.revision >= revision && kind !== "touch";
    if (isBehind && isAlive(known.expiresAt, this.#store.now())) return known;
    const shown = await this.read(key);
    if (shown !== null) this.#cache.set(key, shown, EVENT_LENGTH + key.length + (shown.text?.length ?? 0));
    return shown;
  }

  /** The entry as it stands; null where there is none. */
  async read(key: Key): Promise<ShownEntry | null> {
    const entry = await this.#store.get(key);
    return entry === null ? null : this.show(entry);
  }

  show(entry: Entry): ShownEntry {
    return { ...shownInfo(entry), text: this.#toText(entry) };
  }

  /** To be called when there are changes: what has been read may be of the past. */
  forget(): void {
    this.#cache.clear();
  }
}

export function shownInfo({ key, revision, expiresAt }: EntryInfo): ShownEntry {
  return { key, revision, expiresAt, text: null };
}

/** As many of the changes, from the first on, as fit into one part; at least one. */
export async function showSome(
  changes: readonly LoggedChange[],
  { hasValues }: Pick<Interest, "hasValues">,
  entries: ShownEntries,
): Promise<ChangeBatch> {
  const events: ChangeEvent[] = [];
  let length = 0;
  for (const change of changes) {
    const isShown = change.kind === "touch" || (change.kind === "put" && hasValues);
    const event = { change, entry: isShown ? await entries.behind(change) : null };
    events.push(event);
    length += lengthOf(event);
    if (length >= LIMITS.watchPartLength) break;
  }
  return new ChangeBatch(events);
}

function lengthOf({ change, entry }: ChangeEvent): number {
  return EVENT_LENGTH + change.key.length + (change.kind === "put" ? (entry?.text?.length ?? 0) : 0);
}
