// What stands in the store, as far as one sequence of commands knows it: a plain map, with what only the server can choose (tags,
// revisions, instants to the millisecond) learnt from its answers, once, and expected from then on.
import type { Answer, Ask, Span } from "./messages.ts";
import type { Value } from "./values.ts";

export interface Entry {
  readonly key: string;
  value: Value;
  /** False where the server chose the spelling of a JSON value; what it is in bytes is then learnt by reading. */
  isSpelt: boolean;
  /** Null until an answer has told it. */
  revision: number | null;
  /** Of the raw view, with its quotes; null until an answer has told it. */
  tag: string | null;
  created: Span;
  modified: Span;
  /** Null for never. */
  ends: Span | null;
}

/** An answered write with an Idempotency-Key. */
export interface Once {
  readonly ask: Ask;
  readonly answer: Answer;
}

/** A page of a listing that an answer has named as the next. */
export interface NextPage {
  readonly target: string;
  /** Of the first page, as it was asked for. */
  readonly first: string;
  readonly accept: string | null;
  /** The last key of the page before; null for none so far. */
  readonly after: string | null;
}

export interface WorldOptions {
  /** Of every key of the sequence; "" where it has the store to itself. */
  readonly prefix: string;
  /** Unlike that of any other sequence on the server. */
  readonly name: string;
  /** Whether the store deletes a set in more than one commit. */
  readonly deletesInPages: boolean;
}

export class World {
  /** Whether an entry has: a server may still come upon it, and take it for more. */
  hasEnded = false;
  readonly prefix: string;
  readonly name: string;
  readonly deletesInPages: boolean;
  readonly entries = new Map<string, Entry>();
  readonly once = new Map<string, Once>();
  /** By their targets, in the order of their being named. */
  readonly pages = new Map<string, NextPage>();
  /** Of every key that was ever written: the tags it has had. */
  readonly #tags = new Map<string, Set<string>>();
  #onceCount = 0;
  /** The greatest revision that was answered. */
  revision = 0;

  constructor({ prefix, name, deletesInPages }: WorldOptions) {
    this.deletesInPages = deletesInPages;
    this.prefix = prefix;
    this.name = name;
  }

  /** In the order of their keys' bytes. */
  sorted(): readonly Entry[] {
    return [...this.entries.values()].toSorted((one, other) => compareKeys(one.key, other.key));
  }

  /** An entry that is written now; one that stood keeps when it was created. */
  write(key: string, value: Value, { now, ends }: { readonly now: Span; readonly ends: Span | null }): Entry {
    const created = this.entries.get(key)?.created ?? now;
    const entry = { key, value, isSpelt: true, revision: null, tag: null, created, modified: now, ends };
    this.entries.set(key, entry);
    return entry;
  }

  /** Takes the tag of an entry from an answer, or compares. @returns what is wrong with it */
  learnTag(entry: Entry, tag: string): string | null {
    if (entry.tag === null) {
      const earlier = this.#tags.get(entry.key) ?? new Set();
      if (earlier.has(tag)) return `the tag ${tag} was that of an earlier state of ${JSON.stringify(entry.key)}`;
      this.#tags.set(entry.key, earlier.add(tag));
      entry.tag = tag;
    }
    return entry.tag === tag ? null : `expected the tag ${entry.tag}, got ${tag}`;
  }

  /** Takes the revision of an entry from an answer, or compares. @returns what is wrong with it */
  learnRevision(entry: Entry, revision: number): string | null {
    if (entry.revision === null) {
      const wrong = this.learnCommit(revision);
      if (wrong !== null) return wrong;
      entry.revision = revision;
    }
    return entry.revision === revision ? null : `expected revision ${entry.revision}, got ${revision}`;
  }

  /** Of a write: greater than every one before. */
  learnCommit(revision: number): string | null {
    if (!Number.isSafeInteger(revision) || revision <= this.revision) {
      return `expected a revision above ${this.revision}, got ${revision}`;
    }
    this.revision = revision;
    return null;
  }

  /** Those tags that a key has had and has no more. */
  staleTags(key: string): readonly string[] {
    const current = this.entries.get(key)?.tag;
    return [...(this.#tags.get(key) ?? [])].filter((tag) => tag !== current);
  }

  /** A number for a write with an Idempotency-Key, each time another. */
  nameOnce(): number {
    this.#onceCount++;
    return this.#onceCount;
  }

  /** Takes out what has ended for certain. */
  forgetEnded(nowMs: number): number {
    const ended = [...this.entries.values()].filter(({ ends }) => ends !== null && ends.to <= nowMs);
    for (const { key } of ended) this.entries.delete(key);
    this.hasEnded ||= ended.length > 0;
    return ended.length;
  }
}

export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
