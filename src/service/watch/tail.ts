// The last changes of the log, kept in memory once for all who watch. A position is a number that only grows: the count of
// changes appended before. Changes older than the bound are forgotten; nobody can go on from before them here.
import type { ChangePage, Cursor, LoggedChange } from "../../store/store.ts";

/** Changes that follow each other. Two of them are kept, so that forgetting the older one costs nothing. */
interface Block {
  /** Position of its first change. */
  readonly first: number;
  /** Resumes there. */
  readonly base: Cursor;
  readonly changes: LoggedChange[];
  /** The position that each cursor within it resumes at. */
  readonly places: Map<Cursor, number>;
}

export class ChangeTail {
  readonly #changesMax: number;
  #older: Block | null = null;
  #newer: Block;
  /** Positions up to here lie before a gap. */
  #gapEnd = -1;
  #cursor: Cursor;

  constructor(base: Cursor, changesMax: number) {
    this.#newer = makeBlock(0, base);
    this.#cursor = base;
    this.#changesMax = changesMax;
  }

  /** The position behind the last change. */
  get end(): number {
    return this.#newer.first + this.#newer.changes.length;
  }

  /** The first position that can be gone on from. */
  get oldest(): number {
    return Math.max((this.#older ?? this.#newer).first, this.end - this.#changesMax);
  }

  /** Resumes at the end. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  append({ changes, cursor }: Pick<ChangePage, "changes" | "cursor">): void {
    if (this.#newer.changes.length >= this.#changesMax) {
      this.#older = this.#newer;
      this.#newer = makeBlock(this.end, this.#cursor);
    }
    const last = changes.at(-1);
    for (const change of changes) this.#push(change === last ? { ...change, cursor } : change);
    this.#cursor = cursor;
  }

  /** Begins anew behind changes that the log no longer held when they were to be read. */
  skipTo(cursor: Cursor): void {
    this.#gapEnd = this.end;
    this.#older = null;
    this.#newer = makeBlock(this.end + 1, cursor);
    this.#cursor = cursor;
  }

  /** Whether changes after this position have been skipped. */
  isBeforeGap(position: number): boolean {
    return position <= this.#gapEnd;
  }

  /** The change at a position. Requires: oldest <= position < end. */
  at(position: number): LoggedChange {
    const { first, changes } = this.#blockAt(position);
    const change = changes[position - first];
    if (change === undefined) throw new RangeError(`No change at position ${position}`);
    return change;
  }

  /** The position that a cursor resumes at; null where it is not, or not yet, within the tail. */
  find(cursor: Cursor): number | null {
    if (cursor === this.#cursor) return this.end;
    const position = this.#newer.places.get(cursor) ?? this.#older?.places.get(cursor) ?? null;
    return position === null || position < this.oldest ? null : position;
  }

  /** What resumes at a position; null where only the page that it lies in can be resumed from. Requires: oldest <= position <= end. */
  cursorAt(position: number): Cursor | null {
    if (position === this.end) return this.#cursor;
    const { first, base, changes } = this.#blockAt(position);
    return position === first ? base : (changes[position - first - 1]?.cursor ?? null);
  }

  #blockAt(position: number): Block {
    return this.#older === null || position >= this.#newer.first ? this.#newer : this.#older;
  }

  #push(change: LoggedChange): void {
    this.#newer.changes.push(change);
    if (change.cursor !== null) this.#newer.places.set(change.cursor, this.end);
  }
}

/** A page of the log as a tail of its own, from position 0 on. */
export function readAsTail(page: Pick<ChangePage, "changes" | "cursor">): ChangeTail {
  const tail = new ChangeTail(page.cursor, page.changes.length);
  tail.append(page);
  return tail;
}

function makeBlock(first: number, base: Cursor): Block {
  return { first, base, changes: [], places: new Map([[base, first]]) };
}
