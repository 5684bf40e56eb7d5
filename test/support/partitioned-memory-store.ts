// A store in partitions, as a cluster is one: several memory engines, each with its own revisions and its own log, behind
// one contract. It keeps no more than such a store can: cursors are vectors, read partition by partition while others write;
// pages of the log are short and mixed at random; figures may lag. For tests of what stands above the engines.
import { type Batch, type CommitTerms, type Once, UNNAMED } from "../../src/core/batch.ts";
import { type Entry, type EntryInfo, toRevision } from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import type { Clock } from "../../src/core/expiry.ts";
import { compareKeys, type Key } from "../../src/core/key.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { isInSet, type KeySet, type Range } from "../../src/core/range.ts";
import type { TokenRecord } from "../../src/core/token.ts";
import { MemoryStore, type MemoryStoreOptions } from "../../src/engines/memory/store.ts";
import { formatCursor, parseCursor, toCursor } from "../../src/store/cursor.ts";
import { namedDeletion, requireOnePartition, taggedPart } from "../../src/store/partitions.ts";
import type {
  Capabilities,
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  LoggedChange,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../../src/store/store.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface PartitionedMemoryOptions extends MemoryStoreOptions {
  readonly partitions: number;
  readonly random: SeededRandom;
  /** Whether stats() may name any revision that there was, as where others have written since it was last looked. */
  readonly hasLaggingStats?: boolean;
}

const CAPABILITIES: Capabilities = {
  atomicity: "partition",
  order: "partition",
  reads: "per-entry",
  durability: "none",
  deletions: "page-by-page",
  servers: "many",
  promise: "applied",
};

/** Entries deleted in one commit. */
const DELETED_AT_ONCE = 3;

/** Changes of a page that is short for no reason that its reader could see. */
const SHORT_PAGE = 4;

export class PartitionedMemoryStore implements Store {
  readonly engine = "partitioned-memory";
  readonly capabilities = CAPABILITIES;
  readonly incarnation: string;
  readonly now: Clock;
  readonly marks = null;
  readonly backup = null;
  readonly #parts: readonly MemoryStore[];
  readonly #random: SeededRandom;
  readonly #hasLaggingStats: boolean;
  #latestRevision = toRevision(0);
  #isClosed = false;

  constructor(options: PartitionedMemoryOptions) {
    this.incarnation = options.incarnation;
    this.now = options.now;
    this.#random = options.random;
    this.#hasLaggingStats = options.hasLaggingStats ?? true;
    this.#parts = Array.from({ length: options.partitions }, () => new MemoryStore(options));
  }

  partitionOf(key: Key): string {
    return String(this.#indexOf(key));
  }

  async get(key: Key): Promise<Entry | null> {
    return this.#partOf(key).get(key);
  }

  getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  list(range: Range): Promise<Page<EntryInfo>> {
    return this.#merged(range, Number.POSITIVE_INFINITY, (part, asked) => part.list(asked));
  }

  scan(range: Range): Promise<Page<Entry>> {
    return this.#merged(range, LIMITS.stepBytes, (part, asked) => part.scan(asked));
  }

  async count(set: KeySet): Promise<number> {
    let total = 0;
    for (const part of this.#parts) total += await part.count(set);
    return total;
  }

  async commit(batch: Batch, terms: CommitTerms = UNNAMED): Promise<CommitResult> {
    this.#requireOpen();
    const keys = [...batch.map(({ key }) => key), ...terms.otherwise];
    const [first] = keys;
    if (first === undefined) throw new Error("A batch is empty");
    requireOnePartition(keys, (key) => this.partitionOf(key));
    const result = await this.#partOf(first).commit(batch, terms);
    if (result.committed && !result.isReplay) this.#latestRevision = result.revision;
    return result;
  }

  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    this.#requireOpen();
    if (once !== null) throw namedDeletion();
    let deleted = 0;
    let latest = 0;
    for (const part of this.#parts) {
      for (let after: Key | null = null; ; await new Promise(setImmediate)) {
        const page: Page<EntryInfo> = await part.list({ ...set, after, reverse: false, limit: DELETED_AT_ONCE });
        for (const { key } of page.items) {
          const result = await part.deleteAll({ ...set, prefix: "", start: key, end: `${key}\0` });
          deleted += result.deleted;
          latest = Math.max(latest, result.revision);
        }
        if (page.next === null) break;
        after = page.next;
      }
    }
    if (deleted > 0) this.#latestRevision = toRevision(latest);
    return { deleted, revision: this.#latestRevision, isReplay: false };
  }

  async recall(id: string): Promise<Receipt | null> {
    for (const part of this.#parts) {
      const receipt = await part.recall(id);
      if (receipt !== null) return receipt;
    }
    return null;
  }

  async changes(after: Cursor | null, limit: number, upTo: Cursor | null = null): Promise<ChangePage> {
    this.#requireOpen();
    const latest = await this.#latest();
    const from = after === null ? this.#parts.map(() => 0) : this.#parse(after, latest);
    const bounds = upTo === null ? latest : this.#parse(upTo, latest);
    if (from === null || bounds === null) {
      return { changes: [], cursor: this.#format(latest), hasMore: false, isIncomplete: true };
    }
    const places = [...from];
    const queues: LoggedChange[][] = [];
    let isIncomplete = false;
    for (const [index, part] of this.#parts.entries()) {
      const page = await part.changes(this.#place(from[index]), limit, this.#place(bounds[index]));
      queues.push([...page.changes]);
      isIncomplete ||= page.isIncomplete;
      if (page.isIncomplete) places[index] = this.#sequenceOf(page.cursor) - page.changes.length;
      await this.#perhapsLater();
    }
    const changes = this.#mix(queues, places, limit);
    const cursor = this.#format(places);
    const hasMore = places.some((place, index) => place < (bounds[index] ?? 0));
    return { changes: withLastCursor(changes, cursor), cursor, hasMore, isIncomplete };
  }

  async latestCursor(): Promise<Cursor> {
    return this.#format(await this.#latest());
  }

  onChange(wake: () => void): () => void {
    const ends = this.#parts.map((part) => part.onChange(wake));
    return () => {
      for (const end of ends) end();
    };
  }

  tokens(): Promise<readonly TokenRecord[]> {
    return this.#part(0).tokens();
  }

  putToken(record: TokenRecord, forgottenId: string | null): Promise<void> {
    return this.#part(0).putToken(record, forgottenId);
  }

  stats(): StoreStats {
    const all = this.#parts.map((part) => part.stats());
    const sum = (figure: (stats: StoreStats) => number) => all.reduce((total, stats) => total + figure(stats), 0);
    return {
      entries: sum(({ entries }) => entries),
      bytes: sum(({ bytes }) => bytes ?? 0),
      logBytes: null,
      revision: this.#hasLaggingStats
        ? toRevision(this.#random.below(1 + Math.max(...all.map(({ revision }) => revision))))
        : this.#latestRevision,
      records: sum(({ records }) => records),
      recordBytes: sum(({ recordBytes }) => recordBytes),
      queuedCommits: 0,
      commits: sum(({ commits }) => commits),
      expired: sum(({ expired }) => expired),
      writing: null,
    };
  }

  sweep(limit: number): number {
    let total = 0;
    for (const part of this.#parts) {
      const swept = part.sweep(limit);
      if (swept > 0) this.#latestRevision = part.stats().revision;
      total += swept;
    }
    return total;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const part of this.#parts) await part.close();
  }

  #indexOf(key: Key): number {
    let hash = 0;
    for (const unit of taggedPart(key)) hash = (Math.imul(hash, 31) + (unit.codePointAt(0) ?? 0)) >>> 0;
    return hash % this.#parts.length;
  }

  #partOf(key: Key): MemoryStore {
    return this.#part(this.#indexOf(key));
  }

  #part(index: number): MemoryStore {
    const part = this.#parts[index];
    if (part === undefined) throw new RangeError(`No partition ${index}`);
    return part;
  }

  /**
   * Each partition's part of a page is whole up to where it ends; all of it together is whole up to the first of those ends.
   * The pattern is asked of the merged keys, so that a page compares no more of them than one of another engine.
   */
  async #merged<T extends EntryInfo>(
    range: Range,
    bytesMax: number,
    read: (part: MemoryStore, asked: Range) => Promise<Page<T>>,
  ): Promise<Page<T>> {
    this.#requireOpen();
    const compare = (a: Key, b: Key) => (range.reverse ? compareKeys(b, a) : compareKeys(a, b));
    const scannedMax = range.pattern === null ? LIMITS.pageScannedKeys : LIMITS.pageMatchedKeys;
    const limit = range.pattern === null ? Math.min(range.limit, scannedMax) : scannedMax;
    const pages: Page<T>[] = [];
    for (const part of this.#parts) pages.push(await read(part, { ...range, pattern: null, limit }));
    const end = pages.flatMap(({ next }) => (next === null ? [] : [next])).toSorted(compare)[0] ?? null;
    const found = pages
      .flatMap((page) => page.items)
      .filter(({ key }) => end === null || compare(key, end) <= 0)
      .toSorted((a, b) => compare(a.key, b.key));
    const items: T[] = [];
    let last: Key | null = null;
    let bytes = 0;
    for (const [index, item] of found.entries()) {
      if (items.length >= range.limit || index >= scannedMax || bytes >= bytesMax) return { items, next: last };
      last = item.key;
      if (!isInSet(range, item.key)) continue;
      items.push(item);
      bytes += item.size;
    }
    return { items, next: end };
  }

  /** Some of what each has, in its own order, mixed at random. Moves the places on. */
  #mix(queues: readonly LoggedChange[][], places: number[], limit: number): LoggedChange[] {
    const mixed: LoggedChange[] = [];
    const wanted = this.#random.oneIn(3) ? Math.min(limit, this.#random.below(SHORT_PAGE)) : limit;
    while (mixed.length < wanted) {
      const filled = queues.flatMap((queue, index) => (queue.length > 0 ? [index] : []));
      if (filled.length === 0) break;
      const index = this.#random.pick(filled);
      const change = queues[index]?.shift();
      if (change === undefined) break;
      mixed.push(change);
      places[index] = (places[index] ?? 0) + 1;
    }
    return mixed;
  }

  /** Where each partition's log ends, looked at one after the other. */
  async #latest(): Promise<readonly number[]> {
    const places: number[] = [];
    for (const part of this.#parts) {
      places.push(this.#sequenceOf(await part.latestCursor()));
      await this.#perhapsLater();
    }
    return places;
  }

  async #perhapsLater(): Promise<void> {
    if (this.#random.oneIn(3)) await new Promise(setImmediate);
  }

  #sequenceOf(cursor: Cursor): number {
    return parseCursor(cursor, this.incarnation, Number.MAX_SAFE_INTEGER) ?? 0;
  }

  #place(sequence: number | undefined): Cursor {
    return formatCursor(this.incarnation, sequence ?? 0);
  }

  #format(places: readonly number[]): Cursor {
    return toCursor(`${places.join("-")}.${this.incarnation}`);
  }

  /** Null for a vector of another life, or beyond the end. */
  #parse(cursor: Cursor, latest: readonly number[]): readonly number[] | null {
    const [, vector = "", incarnation = ""] = /^([^.]+)\.([a-z0-9]+)$/.exec(cursor) ?? [];
    const places = vector.split("-").map((text) => {
      const sequence = parseCursor(toCursor(`${text}.${incarnation}`), incarnation, Number.MAX_SAFE_INTEGER);
      return sequence ?? Number.POSITIVE_INFINITY;
    });
    const isHere = incarnation === this.incarnation && places.length === latest.length;
    return isHere && places.every((place, index) => place <= (latest[index] ?? 0)) ? places : null;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new KeyholdError("unavailable", "The store is closed");
  }
}

/** Only behind the last of a page can be resumed. */
function withLastCursor(changes: readonly LoggedChange[], cursor: Cursor): readonly LoggedChange[] {
  return changes.map((change, index) => ({ ...change, cursor: index === changes.length - 1 ? cursor : null }));
}
