// A store in this process's memory: the model that other engines are compared with, and an engine for caches and tests.
// Nothing outlives the process. Everything is applied at once, on the calling thread.
import {
  type Batch,
  batchBytes,
  type Change,
  type CommitTerms,
  isWrite,
  mayGrow,
  type Once,
  UNNAMED,
  type Write,
} from "../../core/batch.ts";
import { workOut } from "../../core/edit.ts";
import { type Entry, type EntryInfo, infoOf, type Revision, toRevision, toTag } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type Clock, type EpochMs, isAlive } from "../../core/expiry.ts";
import { judge, needsRevision, putInfo, requireReadable, requireReadBytes, touchedInfo } from "../../core/judge.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { type Quota, requireQuota } from "../../core/quota.ts";
import { boundsOf, boundsOfRange, isInSet, type KeySet, type Range } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import { ONE_PARTITION } from "../../store/partitions.ts";
import { replay } from "../../store/receipt.ts";
import { betweenSteps } from "../../store/steps.ts";
import type {
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  Done,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../../store/store.ts";
import { MEMORY_CAPABILITIES } from "./capabilities.ts";
import { ChangeLog } from "./change-log.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { SortedKeys } from "./sorted-keys.ts";

export interface MemoryStoreOptions {
  readonly now: Clock;
  /** Names this life of the store. */
  readonly incarnation: string;
  /** Changes kept in the log at least; at most twice as many, as it is trimmed by halves. */
  readonly historyChanges: number;
  /** How long the record of a write with an Idempotency-Key is kept. */
  readonly idempotencyAgeMs: number;
  /** Bytes that such records may take. */
  readonly idempotencyBytes: number;
  /** Bytes of values that there may be; 0 for any number. */
  readonly storeBytes: number;
}

/** Ends that no longer hold and are kept all the same, beside as many as there are entries. */
const STALE_ENDS_KEPT = 1024;

export class MemoryStore implements Store {
  readonly engine = "memory";
  readonly capabilities = MEMORY_CAPABILITIES;
  readonly incarnation: string;
  readonly now: Clock;
  readonly marks = null;
  readonly backup = null;
  readonly #quota: Quota;
  readonly #entries = new Map<Key, Entry>();
  readonly #keys = new SortedKeys();
  readonly #ends = new ExpiryQueue();
  readonly #receipts: ReceiptBook;
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #log: ChangeLog;
  readonly #wakes = new Set<() => void>();
  #isWakeDue = false;
  #revision = 0;
  #valueBytes = 0;
  #commits = 0;
  #expired = 0;
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.now = options.now;
    this.incarnation = options.incarnation;
    this.#log = new ChangeLog(options.incarnation, options.historyChanges);
    this.#quota = { limitBytes: options.storeBytes, usedBytes: () => this.#valueBytes };
    this.#receipts = new ReceiptBook(options.idempotencyAgeMs, options.idempotencyBytes);
  }

  partitionOf(): string {
    return ONE_PARTITION;
  }

  get(key: Key): Entry | null {
    this.#requireOpen();
    return this.#live(key, this.now());
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    this.#requireOpen();
    const now = this.now();
    return keys.map((key) => this.#live(key, now));
  }

  async list(range: Range): Promise<Page<EntryInfo>> {
    await betweenSteps(range);
    return this.#page(range, Number.POSITIVE_INFINITY);
  }

  async scan(range: Range): Promise<Page<Entry>> {
    await betweenSteps(range);
    return this.#page(range, LIMITS.stepBytes);
  }

  async count(set: KeySet): Promise<number> {
    this.#requireOpen();
    return this.#liveKeys(set).length;
  }

  async commit(batch: Batch, { once, otherwise }: CommitTerms = UNNAMED): Promise<CommitResult> {
    this.#requireOpen();
    const done = this.#recalled(once);
    if (done !== null) return requireKind(done, "committed").result;
    const result = this.#commit(batch, otherwise);
    if (result.committed && batch.some(isWrite)) this.#keep(once, { kind: "committed", result });
    this.#wake();
    return result;
  }

  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    this.#requireOpen();
    const done = this.#recalled(once);
    if (done !== null) return requireKind(done, "deleted").result;
    const keys = this.#liveKeys(set);
    if (keys.length > 0) this.#revision++;
    for (const key of keys) this.#remove(key, "delete");
    this.#commits++;
    const result = { deleted: keys.length, revision: toRevision(this.#revision), isReplay: false };
    this.#keep(once, { kind: "deleted", result });
    this.#wake();
    return result;
  }

  async recall(id: string): Promise<Receipt | null> {
    this.#requireOpen();
    return this.#receipts.find(id, this.now());
  }

  async changes(after: Cursor | null, limit: number, upTo: Cursor | null = null): Promise<ChangePage> {
    this.#requireOpen();
    return this.#log.read(after, limit, upTo);
  }

  async latestCursor(): Promise<Cursor> {
    this.#requireOpen();
    return this.#log.latestCursor;
  }

  onChange(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  async tokens(): Promise<readonly TokenRecord[]> {
    this.#requireOpen();
    return [...this.#tokens.values()];
  }

  async putToken(record: TokenRecord, forgottenId: string | null): Promise<void> {
    this.#requireOpen();
    if (forgottenId !== null) this.#tokens.delete(forgottenId);
    this.#tokens.set(record.id, record);
  }

  stats(): StoreStats {
    return {
      entries: this.#entries.size,
      bytes: this.#valueBytes,
      logBytes: null,
      revision: toRevision(this.#revision),
      records: this.#receipts.size,
      recordBytes: this.#receipts.bytes,
      queuedCommits: 0,
      commits: this.#commits,
      expired: this.#expired,
      writing: null,
    };
  }

  /** Removes entries that have ended, each with its "expire" change; at most `limit` a call. Returns how many. */
  sweep(limit: number): number {
    const now = this.now();
    this.#receipts.sweep(now);
    let swept = 0;
    while (swept < limit) {
      const end = this.#ends.takeDue(now);
      if (end === null) break;
      // An end that was put off or taken away, or that of an earlier entry: the entry's own comes in its turn, if at all.
      if (this.#entries.get(end.key)?.expiresAt !== end.at) continue;
      if (swept++ === 0) this.#revision++;
      this.#remove(end.key, "expire");
    }
    this.#wake();
    return swept;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#entries.clear();
  }

  #commit(batch: Batch, otherwise: readonly Key[]): CommitResult {
    const now = this.now();
    const current = batch.map(({ key }) => this.#live(key, now));
    const conflicts = judge(batch, current);
    if (conflicts.length > 0) return { committed: false, conflicts, otherwise: this.#readAll(otherwise, now) };
    const writes = workOut(batch, current);
    requireReadable(writes, current);
    if (writes.some(mayGrow)) requireQuota(this.#quota, batchBytes(writes));
    if (needsRevision(writes, current)) this.#revision++;
    this.#commits++;
    const left = writes.map((write, index) => this.#apply(write, current[index] ?? null, now));
    const outcomes = writes.map((write, index) => ({
      before: write.want === "before" ? (current[index] ?? null) : infoOf(current[index] ?? null),
      after: this.#after(write, left[index] ?? null, now),
    }));
    return { committed: true, revision: toRevision(this.#revision), outcomes, at: now, isReplay: false };
  }

  #after({ op, key, want }: Write, left: EntryInfo | null, now: EpochMs): EntryInfo | Entry | null {
    if (want !== "after") return infoOf(left);
    return op === "put" ? left : this.#live(key, now);
  }

  #readAll(keys: readonly Key[], now: EpochMs): readonly (Entry | null)[] {
    const entries = keys.map((key) => this.#live(key, now));
    requireReadBytes(entries.reduce((sum, entry) => sum + (entry?.size ?? 0), 0));
    return entries;
  }

  #recalled(once: Once | null): Done | null {
    const receipt = once === null ? null : this.#receipts.find(once.id, this.now());
    if (once !== null && receipt === null) this.#receipts.requireRoom();
    return once === null || receipt === null ? null : replay(receipt, once);
  }

  #keep(once: Once | null, did: Done): void {
    if (once !== null) this.#receipts.keep(once, did);
  }

  #apply(write: Write, before: Entry | null, now: EpochMs): EntryInfo | null {
    switch (write.op) {
      case "check":
        return before;
      case "put":
        return this.#put(write, before, now);
      case "touch":
        return before === null ? null : this.#touch(touchedInfo(write, before, now), before);
      case "delete":
        if (before !== null) this.#remove(write.key, "delete");
        return null;
      default:
        return write satisfies never;
    }
  }

  #put(mutation: Extract<Write, { op: "put" }>, before: Entry | null, now: EpochMs): EntryInfo {
    const revision = toRevision(this.#revision);
    const tag = toTag(`${revision}.${this.incarnation}`);
    const entry = { ...putInfo(mutation, before, { revision, tag, now }), value: mutation.value };
    // An ended entry that still awaits the sweeper is replaced in place; its end is logged first.
    const standing = this.#entries.get(mutation.key);
    if (standing === undefined) this.#keys.add(mutation.key);
    else if (before === null) this.#record("expire", mutation.key, revision);
    this.#valueBytes += entry.size - (standing?.size ?? 0);
    this.#store(entry);
    this.#record("put", mutation.key, revision);
    return entry;
  }

  #touch(touched: EntryInfo, before: Entry): EntryInfo {
    this.#store({ ...before, expiresAt: touched.expiresAt });
    this.#record("touch", before.key, before.revision);
    return touched;
  }

  #store(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    if (entry.expiresAt === null) return;
    this.#ends.add(entry.key, entry.expiresAt);
    if (this.#ends.size > 2 * this.#entries.size + STALE_ENDS_KEPT) this.#rebuildEnds();
  }

  /** An entry renewed again and again leaves an end behind each time; most of what is dropped here is those. */
  #rebuildEnds(): void {
    this.#ends.clear();
    for (const { key, expiresAt } of this.#entries.values()) if (expiresAt !== null) this.#ends.add(key, expiresAt);
  }

  #remove(key: Key, kind: "delete" | "expire"): void {
    this.#valueBytes -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
    this.#keys.delete(key);
    this.#record(kind, key, toRevision(this.#revision));
  }

  /** When a commit is whole: who is woken within it would read a part. */
  #wake(): void {
    if (!this.#isWakeDue) return;
    this.#isWakeDue = false;
    for (const wake of this.#wakes) wake();
  }

  #record(kind: Change["kind"], key: Key, revision: Revision): void {
    if (kind === "expire") this.#expired++;
    this.#log.append({ kind, key, revision });
    this.#isWakeDue = true;
  }

  #live(key: Key, now: EpochMs): Entry | null {
    const entry = this.#entries.get(key);
    return entry !== undefined && isAlive(entry.expiresAt, now) ? entry : null;
  }

  #liveKeys(set: KeySet): readonly Key[] {
    const now = this.now();
    const keys: Key[] = [];
    for (const key of this.#keys.within(boundsOf(set), false)) {
      if (isInSet(set, key) && this.#live(key, now) !== null) keys.push(key);
    }
    return keys;
  }

  #page(range: Range, bytesMax: number): Page<Entry> {
    this.#requireOpen();
    const now = this.now();
    const items: Entry[] = [];
    let bytes = 0;
    let scanned = 0;
    let last: Key | null = null;
    const scannedMax = range.pattern === null ? LIMITS.pageScannedKeys : LIMITS.pageMatchedKeys;
    for (const key of this.#keys.within(boundsOfRange(range), range.reverse)) {
      if (items.length >= range.limit || scanned >= scannedMax || bytes >= bytesMax) {
        return { items, next: last };
      }
      scanned++;
      last = key;
      const entry = isInSet(range, key) ? this.#live(key, now) : null;
      if (entry === null) continue;
      items.push(entry);
      bytes += entry.size;
    }
    return { items, next: null };
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new KeyholdError("unavailable", "The store is closed");
  }
}

/** The same request is of the same kind: its fingerprint says so. */
function requireKind<Kind extends Done["kind"]>(done: Done, kind: Kind): Extract<Done, { kind: Kind }> {
  if (isKind(done, kind)) return done;
  throw new KeyholdError("internal", "A record of another kind of write was found");
}

function isKind<Kind extends Done["kind"]>(done: Done, kind: Kind): done is Extract<Done, { kind: Kind }> {
  return done.kind === kind;
}
