// A store whose revisions, tags and cursors are like nobody would guess: revisions begin high and leap, tags and cursors are
// hexadecimal. It stands before another one and translates. Who passes the suites through it assumes nothing of their form.
import { type Batch, type CommitTerms, makeBatch, type Once, UNNAMED } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import {
  type Entry,
  type EntryInfo,
  hasValue,
  type Revision,
  type Tag,
  toRevision,
  toTag,
} from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import type { Key } from "../../src/core/key.ts";
import type { KeySet, Range } from "../../src/core/range.ts";
import type { TokenRecord } from "../../src/core/token.ts";
import { toCursor } from "../../src/store/cursor.ts";
import type {
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../../src/store/store.ts";
import { makeSeededRandom } from "./seeded-random.ts";
import type { ForgedCursors } from "./store-harness.ts";

/** As high as microseconds since 1970 are. */
const FIRST_REVISION = 1_795_000_000_000_000;
const LEAP_MAX = 1_000_000;
/** Of another store, or of none. */
const UNKNOWN = toRevision(Number.MAX_SAFE_INTEGER);

export class LeapingStore implements Store {
  readonly #inner: Store;
  readonly #leaps = makeSeededRandom(1);
  /** The revision shown for each of the inner store's; a greater one for a greater one. */
  readonly #shown: number[] = [0];
  readonly #hidden = new Map<number, Revision>();

  constructor(inner: Store) {
    this.#inner = inner;
  }

  get engine(): string {
    return `leaping-${this.#inner.engine}`;
  }

  get capabilities(): Store["capabilities"] {
    return this.#inner.capabilities;
  }

  get incarnation(): string {
    return this.#inner.incarnation;
  }

  get marks(): Store["marks"] {
    return this.#inner.marks;
  }

  get now(): Store["now"] {
    return this.#inner.now;
  }

  get backup(): Store["backup"] {
    return this.#inner.backup;
  }

  partitionOf(key: Key): string {
    return this.#inner.partitionOf(key);
  }

  async get(key: Key): Promise<Entry | null> {
    return this.#entry(await this.#inner.get(key));
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    return (await this.#inner.getMany(keys)).map((entry) => this.#entry(entry));
  }

  async list(range: Range): Promise<Page<EntryInfo>> {
    const { items, next } = await this.#inner.list(range);
    return { items: items.map((info) => this.#info(info)), next };
  }

  async scan(range: Range): Promise<Page<Entry>> {
    const { items, next } = await this.#inner.scan(range);
    return { items: items.map((entry) => ({ ...this.#info(entry), value: entry.value })), next };
  }

  count(set: KeySet): Promise<number> {
    return this.#inner.count(set);
  }

  async commit(batch: Batch, terms: CommitTerms = UNNAMED): Promise<CommitResult> {
    const hidden = batch.map((mutation) => ({ ...mutation, when: mutation.when.map((each) => this.#hide(each)) }));
    const result = await this.#inner.commit(makeBatch(hidden), terms);
    if (result.committed) return this.#committed(result);
    return {
      committed: false,
      conflicts: result.conflicts.map(({ index, current }) => ({ index, current: this.#either(current) })),
      otherwise: result.otherwise.map((entry) => this.#entry(entry)),
    };
  }

  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    return this.#deleted(await this.#inner.deleteAll(set, once));
  }

  async recall(id: string): Promise<Receipt | null> {
    const receipt = await this.#inner.recall(id);
    if (receipt === null) return null;
    const { did } = receipt;
    return did.kind === "committed"
      ? { ...receipt, did: { kind: did.kind, result: this.#committed(did.result) } }
      : { ...receipt, did: { kind: did.kind, result: this.#deleted(did.result) } };
  }

  async changes(after: Cursor | null, limit: number, upTo: Cursor | null = null): Promise<ChangePage> {
    const page = await this.#inner.changes(after && uncover(after), limit, upTo && uncover(upTo));
    const changes = page.changes.map(({ cursor, ...change }) => ({
      ...change,
      revision: this.#show(change.revision),
      cursor: cursor && cover(cursor),
    }));
    return { ...page, changes, cursor: cover(page.cursor) };
  }

  async latestCursor(): Promise<Cursor> {
    return cover(await this.#inner.latestCursor());
  }

  onChange(wake: () => void): () => void {
    return this.#inner.onChange(wake);
  }

  tokens(): Promise<readonly TokenRecord[]> {
    return this.#inner.tokens();
  }

  putToken(record: TokenRecord, forgottenId: string | null): Promise<void> {
    return this.#inner.putToken(record, forgottenId);
  }

  stats(): StoreStats {
    const stats = this.#inner.stats();
    return { ...stats, revision: this.#show(stats.revision) };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #committed(result: Extract<CommitResult, { committed: true }>): Extract<CommitResult, { committed: true }> {
    const outcomes = result.outcomes.map(({ before, after }) => ({
      before: this.#either(before),
      after: this.#either(after),
    }));
    return { ...result, revision: this.#show(result.revision), outcomes };
  }

  #deleted(result: DeleteResult): DeleteResult {
    return { ...result, revision: this.#show(result.revision) };
  }

  #entry(entry: Entry | null): Entry | null {
    return entry && { ...this.#info(entry), value: entry.value };
  }

  #either(entry: EntryInfo | Entry | null): EntryInfo | Entry | null {
    return hasValue(entry) ? this.#entry(entry) : entry && this.#info(entry);
  }

  #info({ key, size, contentType, form, revision, tag, createdAt, modifiedAt, expiresAt }: EntryInfo): EntryInfo {
    const shown = { revision: this.#show(revision), tag: toTag(toHex(tag)) };
    return { key, size, contentType, form, ...shown, createdAt, modifiedAt, expiresAt };
  }

  #hide(condition: Condition): Condition {
    switch (condition.is) {
      case "at":
      case "notAt":
        return { ...condition, tags: condition.tags.map((tag): Tag => toTag(fromHex(tag))) };
      case "atRevision":
        return { ...condition, revision: this.#hidden.get(condition.revision) ?? UNKNOWN };
      default:
        return condition;
    }
  }

  #show(revision: Revision): Revision {
    while (this.#shown.length <= revision) {
      const next = Math.max(FIRST_REVISION, this.#shown.at(-1) ?? 0) + 1 + this.#leaps.below(LEAP_MAX);
      this.#hidden.set(next, toRevision(this.#shown.length));
      this.#shown.push(next);
    }
    return toRevision(this.#shown[revision] ?? 0);
  }
}

/** @param inner - those of the store behind it */
export function coveredCursors({ foreign, beyond, malformed }: ForgedCursors): ForgedCursors {
  return {
    foreign: () => cover(foreign()),
    beyond: (latest) => beyond(uncover(latest)).map(cover),
    malformed: [...malformed, ...malformed.map((text) => cover(toCursor(text)))],
  };
}

function cover(cursor: Cursor): Cursor {
  return toCursor(toHex(cursor));
}

/** @throws "invalid-request" on a text that is no cursor */
function uncover(cursor: Cursor): Cursor {
  const text = fromHex(cursor);
  if (toHex(text) !== cursor || text === "")
    throw new KeyholdError("invalid-request", "Cannot resume: it is no cursor");
  return toCursor(text);
}

function toHex(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}

/** Some other text for what is none of toHex(). */
function fromHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("utf8");
}
