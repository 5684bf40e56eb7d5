// A store as a token with prefixes sees it: the one place where keys are checked, whatever the route, the dialect and the
// encoding they came in. What names a key outside is refused, the same whether there is an entry or not; what speaks of sets
// is narrowed to the keys within.
//
// A listing goes through the prefixes in key order, or against it, and so stays one listing: its pages continue from key to
// key, and a page reads on in the next prefix until it is full. Nothing outside is looked at, so what is left out costs
// nothing, and tells nothing by how long it takes.
import type { Batch, CommitTerms, Once } from "../core/batch.ts";
import type { Entry, EntryInfo } from "../core/entry.ts";
import type { Clock } from "../core/expiry.ts";
import type { Key } from "../core/key.ts";
import { narrowSet, narrowToOne, outside, requireWithin } from "../core/key-scope.ts";
import { LIMITS } from "../core/limits.ts";
import { EVERY_KEY, type KeySet, type Range } from "../core/range.ts";
import type { TokenRecord } from "../core/token.ts";
import type {
  Capabilities,
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../store/store.ts";

/** No key sorts before itself. */
const NO_KEY: KeySet = { ...EVERY_KEY, start: "a", end: "a" };

export class ScopedStore implements Store {
  readonly engine: string;
  readonly capabilities: Capabilities;
  readonly incarnation: string;
  readonly now: Clock;
  /** What is remembered of answers is not for those who may see a part of it. */
  readonly marks = null;
  /** A copy of the whole store is not for those who may see a part of it. */
  readonly backup = null;
  readonly #store: Store;
  readonly #prefixes: readonly string[];

  /** @param prefixes - at least one, as in Grant */
  constructor(store: Store, prefixes: readonly string[]) {
    this.engine = store.engine;
    this.capabilities = store.capabilities;
    this.incarnation = store.incarnation;
    this.now = store.now;
    this.#store = store;
    this.#prefixes = prefixes;
  }

  /** @throws "forbidden" on a key outside, as everything here that names keys */
  partitionOf(key: Key): string {
    requireWithin(this.#prefixes, [key]);
    return this.#store.partitionOf(key);
  }

  get(key: Key): Entry | null | Promise<Entry | null> {
    requireWithin(this.#prefixes, [key]);
    return this.#store.get(key);
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    requireWithin(this.#prefixes, keys);
    return this.#store.getMany(keys);
  }

  list(range: Range): Promise<Page<EntryInfo>> {
    return this.#page(range, { read: (part) => this.#store.list(part), bytesMax: Number.POSITIVE_INFINITY });
  }

  scan(range: Range): Promise<Page<Entry>> {
    return this.#page(range, { read: (part) => this.#store.scan(part), bytesMax: LIMITS.stepBytes });
  }

  async count(set: KeySet): Promise<number> {
    let total = 0;
    for (const part of narrowSet(set, this.#prefixes)) total += await this.#store.count(part);
    return total;
  }

  async commit(batch: Batch, terms?: CommitTerms): Promise<CommitResult> {
    const keys = batch.map(({ key }) => key);
    requireWithin(this.#prefixes, [...keys, ...(terms?.otherwise ?? [])]);
    return this.#store.commit(batch, terms);
  }

  /** @throws "forbidden" on a set that lies within several prefixes, which no one commit deletes; and as commit() */
  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    // Also a set without any key of its own goes to the store, which remembers the request where it has a name.
    return this.#store.deleteAll(narrowToOne(set, this.#prefixes) ?? NO_KEY, once);
  }

  /** Records are found by names that hold the token's id: nobody else's are. */
  recall(id: string): Promise<Receipt | null> {
    return this.#store.recall(id);
  }

  /** Changes are for those who watch, through a hub view (watch/hub-view.ts). @throws "forbidden" */
  async changes(): Promise<ChangePage> {
    throw outside(this.#prefixes, "the change log, which tells of every key");
  }

  latestCursor(): Promise<Cursor> {
    return this.#store.latestCursor();
  }

  onChange(wake: () => void): () => void {
    return this.#store.onChange(wake);
  }

  /** @throws "forbidden", as it gives leave for no more than its own keys */
  async tokens(): Promise<readonly TokenRecord[]> {
    throw outside(this.#prefixes, "tokens");
  }

  /** @throws as tokens() */
  async putToken(): Promise<void> {
    throw outside(this.#prefixes, "tokens");
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  /** The store is not the token's to close. */
  async close(): Promise<void> {}

  /** Reads at most LIMITS.tokenPrefixes steps of the store, and no more values than one step of it does, and one more. */
  async #page<T extends EntryInfo>(range: Range, { read, bytesMax }: PageParts<T>): Promise<Page<T>> {
    const parts = narrowSet(range, this.#prefixes);
    const items: T[] = [];
    let bytes = 0;
    for (const part of range.reverse ? parts.toReversed() : parts) {
      const isFull = items.length >= range.limit || bytes >= bytesMax;
      // A full page says whether there is more: one entry, without its value, is looked for.
      const limit = isFull ? 1 : range.limit - items.length;
      const asked: Range = { ...range, ...part, limit };
      const page: Page<EntryInfo> = isFull ? await this.#store.list(asked) : await this.#take(items, await read(asked));
      if (isFull && (page.items.length > 0 || page.next !== null)) return { items, next: items.at(-1)?.key ?? null };
      if (page.next !== null) return { items, next: page.next };
      bytes = items.reduce((sum, { size }) => sum + size, 0);
    }
    return { items, next: null };
  }

  #take<T>(items: T[], page: Page<T>): Page<T> {
    items.push(...page.items);
    return page;
  }
}

interface PageParts<T> {
  readonly read: (range: Range) => Promise<Page<T>>;
  /** Bytes of values after which a page ends. */
  readonly bytesMax: number;
}
