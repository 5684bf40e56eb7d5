// What stands under the keys that watchers are told of, in the form in which they are shown it. A value that is damaged is
// left out, and the entry shown without: a watcher that was ended by it would resume before it, and never come past.
import type { Change } from "../../core/batch.ts";
import type { Entry, EntryInfo, Revision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type EpochMs, isAlive } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY, type Range } from "../../core/range.ts";
import type { Page, Store } from "../../store/store.ts";
import { SharedCache } from "./shared-cache.ts";

/** An entry as it stood when it was read. */
export interface ShownEntry {
  readonly key: Key;
  readonly revision: Revision;
  readonly expiresAt: EpochMs | null;
  /** The value in the form of the watchers; null where it is not wanted, or damaged. */
  readonly text: string | null;
}

export interface ShownEntriesOptions {
  readonly store: Store;
  readonly toText: (entry: Entry) => string;
  /** Told of each value that could not be shown. */
  readonly onDamage: (error: KeyholdError) => void;
}

export class ShownEntries {
  readonly #options: ShownEntriesOptions;
  readonly #store: Store;
  readonly #cache = new SharedCache<ShownEntry>(LIMITS.watchSharedLength);

  constructor(options: ShownEntriesOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * The entry as a change has left it, or later; null where it is gone. Read once for all who ask before the next forget():
   * a thousand watchers of the same keys by a filter each take a quarter less time for it (bench:watch, own-filter).
   */
  async readAtOrAfter({ key, revision }: Change): Promise<ShownEntry | null> {
    const known = this.#cache.get(key);
    const isAtOrAfter = known !== undefined && known.revision >= revision;
    if (isAtOrAfter && isAlive(known.expiresAt, this.#store.now())) return known;
    const shown = await this.read(key);
    if (shown !== null) this.#cache.set(key, shown, key.length + (shown.text?.length ?? 0));
    return shown;
  }

  /** The entry as it stands; null where there is none. */
  async read(key: Key): Promise<ShownEntry | null> {
    try {
      const entry = await this.#store.get(key);
      return entry === null ? null : this.#show(entry);
    } catch (error) {
      this.#noteDamage(error);
      return this.readInfo(key);
    }
  }

  /** As read(), without the value. */
  async readInfo(key: Key): Promise<ShownEntry | null> {
    const range: Range = { ...EVERY_KEY, start: key, end: `${key}\0`, after: null, reverse: false, limit: 1 };
    const [info] = (await this.#store.list(range)).items;
    return info === undefined ? null : withoutValue(info);
  }

  /** A page of entries; null where one of them is damaged, so that they are to be read one by one. */
  async scan(range: Range): Promise<Page<ShownEntry> | null> {
    try {
      const { items, next } = await this.#store.scan(range);
      return { items: items.map((entry) => this.#show(entry)), next };
    } catch (error) {
      this.#noteDamage(error);
      return null;
    }
  }

  /** As scan(), without values. */
  async list(range: Range): Promise<Page<ShownEntry>> {
    const { items, next } = await this.#store.list(range);
    return { items: items.map(withoutValue), next };
  }

  /** To be called when there are changes: what has been read may be of the past. */
  forget(): void {
    this.#cache.clear();
  }

  #show(entry: Entry): ShownEntry {
    return { ...withoutValue(entry), text: this.#options.toText(entry) };
  }

  /** @throws what is no damage */
  #noteDamage(error: unknown): void {
    if (!(error instanceof KeyholdError) || error.code !== "damaged-entry") throw error;
    this.#options.onDamage(error);
  }
}

function withoutValue({ key, revision, expiresAt }: EntryInfo): ShownEntry {
  return { key, revision, expiresAt, text: null };
}
