// The operations on entries, blind to engines and to HTTP: each makes a batch, commits it, and turns what stood in the way
// into the fault that a caller can act on.
import { type Batch, type Mutation, makeBatch } from "../core/batch.ts";
import { ALWAYS, type Condition } from "../core/condition.ts";
import type { Entry, EntryInfo, ValueForm } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Clock, Expiry } from "../core/expiry.ts";
import type { JudgedConflict } from "../core/judge.ts";
import type { Key } from "../core/key.ts";
import type { KeySet, Range } from "../core/range.ts";
import type { Outcome, Page, Store } from "../store/store.ts";

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

export class Entries {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The clock by which entries end. */
  get now(): Clock {
    return this.#store.now;
  }

  /** @throws "not-found" */
  async get(key: Key): Promise<Entry> {
    const entry = await this.#store.get(key);
    if (entry === null) throw notFound(key);
    return entry;
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
    if (written === undefined) throw new KeyholdError("internal", "The store answered no outcome");
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
    const batch = makeBatch([{ op: "touch", key, when, wantBefore: false, expiry }]);
    const [outcome] = await this.#commit(batch, missingOrFailed);
    if (outcome === undefined || outcome.after === null) throw notFound(key);
    return outcome.after;
  }

  /** @throws "not-found", "precondition-failed" */
  async delete(key: Key, when: readonly Condition[]): Promise<void> {
    await this.#delete(key, when, false);
  }

  /** Deletes the entry and gives it as it was, atomically: of several takers one has it. @throws as delete() */
  async take(key: Key, when: readonly Condition[]): Promise<Entry> {
    const before = await this.#delete(key, when, true);
    if (!("value" in before)) throw new KeyholdError("internal", "The store answered no value");
    return before;
  }

  /** Deletes the selected entries; the exact number of those that there were. */
  async deleteAll(selection: Selection): Promise<number> {
    if ("set" in selection) return (await this.#store.deleteAll(selection.set)).deleted;
    const keys = [...new Set(selection.keys)];
    const deletions = keys.map((key): Mutation => ({ op: "delete", key, when: ALWAYS, wantBefore: false }));
    const outcomes = await this.#commit(makeBatch(deletions), preconditionFailed);
    return outcomes.filter(({ before }) => before !== null).length;
  }

  async #delete(key: Key, when: readonly Condition[], wantBefore: boolean): Promise<EntryInfo | Entry> {
    const [outcome] = await this.#commit(makeBatch([{ op: "delete", key, when, wantBefore }]), missingOrFailed);
    if (outcome === undefined || outcome.before === null) throw notFound(key);
    return outcome.before;
  }

  async #commit(
    batch: Batch,
    toError: (key: Key, current: EntryInfo | null) => KeyholdError,
  ): Promise<readonly Outcome[]> {
    const result = await this.#store.commit(batch);
    if (result.committed) return result.outcomes;
    const [conflict]: readonly (JudgedConflict | undefined)[] = result.conflicts;
    const key = batch[conflict?.index ?? 0]?.key;
    if (key === undefined) throw new KeyholdError("internal", "The store answered no conflict");
    throw toError(key, conflict?.current ?? null);
  }
}

function toPut({ key, value, contentType, form, expiry }: Pair, when: readonly Condition[]): Mutation {
  return { op: "put", key, when, wantBefore: false, value, contentType, form, expiry };
}

function toWritten({ before, after }: Outcome): Written {
  if (after === null) throw new KeyholdError("internal", "The store answered no entry");
  return { info: after, isNew: before === null };
}

function notFound(key: Key): KeyholdError {
  return new KeyholdError("not-found", `There is no entry ${JSON.stringify(key)}`, { key });
}

export function preconditionFailed(key: Key, current: EntryInfo | null): KeyholdError {
  const revision = current?.revision ?? null;
  const standing = revision === null ? "there is none" : `it stands at revision ${revision}`;
  return new KeyholdError("precondition-failed", `The entry ${JSON.stringify(key)} is not as required: ${standing}`, {
    key,
    revision,
  });
}

/** RFC 9110 §13.2.1: conditions do not matter where the answer without them would be 404. */
function missingOrFailed(key: Key, current: EntryInfo | null): KeyholdError {
  return current === null ? notFound(key) : preconditionFailed(key, current);
}

function alreadyExists(key: Key, current: EntryInfo | null): KeyholdError {
  return new KeyholdError(
    "already-exists",
    `There is an entry ${JSON.stringify(key)} already, and nothing was written; PUT replaces it`,
    { key, revision: current?.revision ?? null },
  );
}
