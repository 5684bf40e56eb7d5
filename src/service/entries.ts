// The operations on entries, blind to engines and to HTTP: each makes a batch, commits it, and turns what stood in the way
// into the fault that a caller can act on.
import { type Batch, type Edit, type Mutation, makeBatch, requireMutationCount, type Want } from "../core/batch.ts";
import { ALWAYS, allHold, type Condition } from "../core/condition.ts";
import { type Entry, type EntryInfo, hasValue, type ValueForm } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Clock, Expiry } from "../core/expiry.ts";
import { type JudgedConflict, requireReadBytes } from "../core/judge.ts";
import type { Key } from "../core/key.ts";
import type { KeySet, Range } from "../core/range.ts";
import { replay } from "../store/receipt.ts";
import type { CommitResult, Outcome, Page, Store } from "../store/store.ts";
import type { Stamp } from "../store/write-marks.ts";
import type { Attempt } from "./attempt.ts";
import { deleteByPartition } from "./deletions.ts";
import { alreadyExists, missingOrFailed, notFound, preconditionFailed } from "./entry-faults.ts";
import { Turns } from "./turns.ts";

/** What is to be stored under a key. */
export interface NewEntry {
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly form: ValueForm;
  readonly expiry: Expiry;
}

export interface Pair extends NewEntry {
  readonly key: Key;
}

export interface Written {
  /** The entry as it stands now. */
  readonly info: EntryInfo;
  readonly isNew: boolean;
}

/** Which entries a deletion means. */
export type Selection = { readonly keys: readonly Key[] } | { readonly set: KeySet };

/** How a write is conditioned, and what its answer needs. */
export interface EditTerms {
  readonly when: readonly Condition[];
  readonly expiry: Expiry;
}

/** A counter's step and bounds, integers within ±(2^53−1). */
export interface Count {
  readonly delta: number;
  /** Where a missing counter starts. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** An entry after an edit; with its value where that was wanted. */
export interface Edited {
  readonly info: EntryInfo | Entry;
  readonly isNew: boolean;
}

/** Of a write that is about an entry: without one nothing is committed, and so nothing is kept under a name. */
const PRESENT: Condition = { is: "present" };

/** Runs each commit, with a name for what it does; for whoever follows a request through the store. */
export type Around = <T>(operation: "commit" | "delete-all", run: () => Promise<T>) => Promise<T>;

type Committed = Extract<CommitResult, { committed: true }>;

export class Entries {
  readonly #store: Store;
  readonly #turns: Turns;
  readonly #attempt: Attempt | null;
  readonly #around: Around | null;

  constructor(store: Store, turns = new Turns(), attempt: Attempt | null = null, around: Around | null = null) {
    this.#store = store;
    this.#turns = turns;
    this.#attempt = attempt;
    this.#around = around;
  }

  /** The same operations, each write of which is that attempt: at most one is made with what this answers. */
  once(attempt: Attempt): Entries {
    return new Entries(this.#store, this.#turns, attempt, this.#around);
  }

  /** The same operations, each commit of which is run by `around`. */
  within(around: Around): Entries {
    return new Entries(this.#store, this.#turns, this.#attempt, around);
  }

  /** The same operations on another view of the same store; they take turns with these. */
  on(store: Store): Entries {
    return new Entries(store, this.#turns, this.#attempt);
  }

  /** The clock by which entries end; for a write that names itself it stands, so that every attempt reads the same. */
  get now(): Clock {
    const attempt = this.#attempt;
    return attempt === null ? this.#store.now : () => attempt.now;
  }

  /** @throws "not-found" */
  get(key: Key): Entry | Promise<Entry> {
    const entry = this.#store.get(key);
    return entry instanceof Promise ? entry.then((found) => present(found, key)) : present(entry, key);
  }

  /** To be taken before a read, to know later whether it stands (store/write-marks.ts); null where nothing tells. */
  stampOf(key: Key): Stamp | null {
    return this.#store.marks?.take(key) ?? null;
  }

  /** The entries that exist, in the order asked. */
  async getMany(keys: readonly Key[]): Promise<readonly Entry[]> {
    const entries = await this.#store.getMany(keys);
    return entries.filter((entry) => entry !== null);
  }

  list(range: Range): Promise<Page<EntryInfo>> {
    return this.#store.list(range);
  }

  scan(range: Range): Promise<Page<Entry>> {
    return this.#store.scan(range);
  }

  count(set: KeySet): Promise<number> {
    return this.#store.count(set);
  }

  /** @throws "precondition-failed", and what Store.commit throws */
  async put(key: Key, entry: NewEntry, when: readonly Condition[]): Promise<Written> {
    const [written] = await this.putAll([{ key, ...entry }], when);
    if (written === undefined) throw noOutcome();
    return written;
  }

  /** Sets all pairs or none, each under the same conditions. @throws as put() */
  async putAll(pairs: readonly Pair[], when: readonly Condition[]): Promise<readonly Written[]> {
    const outcomes = await this.#commit(makeBatch(pairs.map((pair) => toPut(pair, when))), preconditionFailed);
    return outcomes.map(toWritten);
  }

  /** Creates all pairs or none. @throws "already-exists" naming the first key that stands in the way */
  async create(pairs: readonly Pair[]): Promise<readonly Written[]> {
    const absent: readonly Condition[] = [{ is: "absent" }];
    const outcomes = await this.#commit(makeBatch(pairs.map((pair) => toPut(pair, absent))), alreadyExists);
    return outcomes.map(toWritten);
  }

  /** Changes when an entry ends; its revision and tag stay. @throws "not-found", "precondition-failed" */
  async touch(key: Key, expiry: Expiry, when: readonly Condition[]): Promise<EntryInfo> {
    const batch = makeBatch([{ op: "touch", key, when: [...when, PRESENT], want: "info", expiry }]);
    const [outcome] = await this.#commit(batch, missingOrFailed);
    if (outcome === undefined || outcome.after === null) throw noOutcome();
    return outcome.after;
  }

  /**
   * Adds to a decimal integer; creates it where there is none.
   *
   * @throws "not-an-integer", "out-of-range", "precondition-failed"
   */
  async increment(key: Key, count: Count, terms: EditTerms): Promise<Edited> {
    return this.#editInPlace({ op: "add", key, want: "after", ...count, ...terms });
  }

  /**
   * Adds text to one side of a value; creates it where there is none.
   *
   * @throws "value-too-large" beyond maxBytes, "precondition-failed"
   */
  async append(
    key: Key,
    text: { readonly side: "start" | "end"; readonly value: Uint8Array; readonly maxBytes: number },
    terms: EditTerms & { readonly want: Want },
  ): Promise<Edited> {
    return this.#editInPlace({ op: "append", key, ...text, ...terms });
  }

  /**
   * Replaces an entry by what `edit` makes of it, atomically. What is thrown by `edit` changes nothing; it may be called
   * again where another write came between.
   *
   * @param edit - told the live entry, or null
   * @throws "not-found" where it may not create; "precondition-failed"; "busy" where others kept coming between
   */
  async edit(
    key: Key,
    edit: (entry: Entry | null) => Omit<NewEntry, "expiry">,
    terms: EditTerms & { readonly creates: boolean; readonly want: Want },
  ): Promise<Edited> {
    const { when, expiry, creates, want } = terms;
    const { outcomes } = await this.editAll([key], (entries) => {
      const entry = entries.get(key) ?? null;
      if (entry === null && !creates) throw notFound(key);
      if (!allHold(when, entry)) throw preconditionFailed(key, entry);
      return [{ op: "put", key, when: ALWAYS, want, expiry, ...edit(entry) }];
    });
    const [outcome] = outcomes;
    if (outcome === undefined) throw noOutcome();
    return toEdited(outcome);
  }

  /**
   * Commits what `edit` makes of the entries read, on the condition that none of those has changed meanwhile. As edit().
   *
   * @param keys - distinct; those that `edit` is told of
   * @throws "body-too-large" over LIMITS.batchMutations keys or, of more than one, LIMITS.readBytes of values
   */
  async editAll(
    keys: readonly Key[],
    edit: (entries: ReadonlyMap<Key, Entry | null>) => readonly Mutation[],
  ): Promise<Committed> {
    requireMutationCount(keys.length);
    return this.#turns.take(keys, async () => {
      for (let tried = 0; tried < this.#turns.tries; tried++) {
        // Another attempt may have been through while this one waited: what it left is not to be edited again.
        await this.#attempt?.lookAgain(this.#store);
        const recalled = this.#recall();
        if (recalled !== null) return recalled;
        const entries = await this.#readToEdit(keys);
        const mutations = edit(entries);
        const result = await this.#submit(makeBatch(unchanged(mutations, entries)), []);
        if (result.committed) return result;
      }
      throw new KeyholdError(
        "busy",
        `Cannot apply the patch: other writes came between ${this.#turns.tries} times; nothing was written; try again soon`,
      );
    });
  }

  /** Runs `work`, told how often it may try, in the turn of who edits these keys. @throws "busy" where too many wait */
  inTurn<T>(keys: readonly Key[], work: (tries: number) => Promise<T>): Promise<T> {
    return this.#turns.take(keys, () => work(this.#turns.tries));
  }

  /** Commits all operations, or none. @param otherwise - keys to read where a condition fails */
  transact(mutations: readonly Mutation[], otherwise: readonly Key[]): Promise<CommitResult> {
    return this.#submit(makeBatch(mutations), otherwise);
  }

  /** @throws "not-found", "precondition-failed" */
  async delete(key: Key, when: readonly Condition[]): Promise<void> {
    await this.#delete(key, when, "info");
  }

  /**
   * Deletes the entry and gives it as it was, atomically: of several takers one has it. Null where an earlier attempt of the
   * same name has deleted it without asking to see it. @throws as delete()
   */
  async take(key: Key, when: readonly Condition[]): Promise<Entry | null> {
    const before = await this.#delete(key, when, "before");
    if (hasValue(before)) return before;
    if (this.#attempt?.isReplayed === true) return null;
    throw new KeyholdError("internal", "The store answered no value");
  }

  /** Deletes the selected entries; the exact number of those that there were. @throws as deleteByPartition() */
  async deleteAll(selection: Selection): Promise<number> {
    if ("set" in selection) return this.#deleteSet(selection.set);
    return deleteByPartition([...new Set(selection.keys)], {
      store: this.#store,
      hasName: this.#attempt !== null,
      deleteKeys: (keys) => this.#deleteKeys(keys),
    });
  }

  async #deleteKeys(keys: readonly Key[]): Promise<number> {
    const deletions = keys.map((key): Mutation => ({ op: "delete", key, when: ALWAYS, want: "info" }));
    const outcomes = await this.#commit(makeBatch(deletions), preconditionFailed);
    return outcomes.filter(({ before }) => before !== null).length;
  }

  /** One by one, so that no more is held than may be; that they are of one instant is the commit's condition. */
  async #readToEdit(keys: readonly Key[]): Promise<ReadonlyMap<Key, Entry | null>> {
    const entries = new Map<Key, Entry | null>();
    let bytes = 0;
    for (const key of keys) {
      const entry = await this.#store.get(key);
      bytes += entry?.size ?? 0;
      if (keys.length > 1) requireReadBytes(bytes);
      entries.set(key, entry);
    }
    return entries;
  }

  async #deleteSet(set: KeySet): Promise<number> {
    const store = this.#store;
    const around = this.#around;
    const once = this.#attempt?.once() ?? null;
    const { deleted, isReplay } = await (around === null
      ? store.deleteAll(set, once)
      : around("delete-all", () => store.deleteAll(set, once)));
    this.#attempt?.noteDone(null, isReplay);
    return deleted;
  }

  async #editInPlace(edit: Edit): Promise<Edited> {
    const [outcome] = await this.#commit(makeBatch([edit]), preconditionFailed);
    if (outcome === undefined) throw noOutcome();
    return toEdited(outcome);
  }

  /** What an earlier write of this name has done; null where this one is to be made. @throws "idempotency-key-reused" */
  #recall(): Committed | null {
    const attempt = this.#attempt;
    if (attempt === null || attempt.receipt === null) return null;
    const done = replay(attempt.receipt, attempt.once());
    if (done.kind !== "committed") throw new KeyholdError("internal", "A record of another kind of write was found");
    attempt.noteDone(done.result.at, true);
    return done.result;
  }

  async #submit(batch: Batch, otherwise: readonly Key[]): Promise<CommitResult> {
    const store = this.#store;
    const around = this.#around;
    const terms = { once: this.#attempt?.once() ?? null, otherwise };
    const result = await (around === null
      ? store.commit(batch, terms)
      : around("commit", () => store.commit(batch, terms)));
    if (result.committed) this.#attempt?.noteDone(result.at, result.isReplay);
    return result;
  }

  async #delete(key: Key, when: readonly Condition[], want: Want): Promise<EntryInfo | Entry> {
    const [outcome] = await this.#commit(
      makeBatch([{ op: "delete", key, when: [...when, PRESENT], want }]),
      missingOrFailed,
    );
    if (outcome === undefined || outcome.before === null) throw noOutcome();
    return outcome.before;
  }

  async #commit(
    batch: Batch,
    toError: (key: Key, current: EntryInfo | null) => KeyholdError,
  ): Promise<readonly Outcome[]> {
    const result = await this.#submit(batch, []);
    if (result.committed) return result.outcomes;
    const [conflict]: readonly (JudgedConflict | undefined)[] = result.conflicts;
    const key = batch[conflict?.index ?? 0]?.key;
    if (key === undefined) throw new KeyholdError("internal", "The store answered no conflict");
    throw toError(key, conflict?.current ?? null);
  }
}

/** The mutations, each of a key that was read on the condition that it is still as it was. */
function unchanged(mutations: readonly Mutation[], entries: ReadonlyMap<Key, Entry | null>): readonly Mutation[] {
  return mutations.map((mutation) => {
    const entry = entries.get(mutation.key);
    if (entry === undefined) return mutation;
    const condition: Condition = entry === null ? { is: "absent" } : { is: "at", tags: [entry.tag] };
    return { ...mutation, when: [...mutation.when, condition] };
  });
}

function toEdited({ before, after }: Outcome): Edited {
  if (after === null) throw noOutcome();
  return { info: after, isNew: before === null };
}

function noOutcome(): KeyholdError {
  return new KeyholdError("internal", "The store answered no outcome");
}

function toPut({ key, value, contentType, form, expiry }: Pair, when: readonly Condition[]): Mutation {
  return { op: "put", key, when, want: "info", value, contentType, form, expiry };
}

function toWritten({ before, after }: Outcome): Written {
  if (after === null) throw new KeyholdError("internal", "The store answered no entry");
  return { info: after, isNew: before === null };
}

function present(entry: Entry | null, key: Key): Entry {
  if (entry === null) throw notFound(key);
  return entry;
}
