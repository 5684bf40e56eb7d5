// The last changes of the log, kept in memory once for all who watch. A position is a number that only grows: the count of
// changes appended before. Changes older than the bound are forgotten; nobody can go on from before them here.
import type { ChangePage, Cursor, LoggedChange } from "../../store/store.ts";

export class ChangeTail {
  readonly #changesMax: number;
  /** The changes from position #first on; trimmed by halves, so that a full tail costs each change the same. */
  #changes: LoggedChange[] = [];
  #first = 0;
  /** Positions up to here lie before a gap. */
  #gapEnd = -1;
  /** Resumes at position #first. */
  #base: Cursor;
  #cursor: Cursor;

  constructor(base: Cursor, changesMax: number) {
    this.#base = base;
    this.#cursor = base;
    this.#changesMax = changesMax;
  }

  /** The position behind the last change. */
  get end(): number {
    return this.#first + this.#changes.length;
  }

  /** The first position that can be gone on from. */
  get oldest(): number {
    return Math.max(this.#first, this.end - this.#changesMax);
  }

  /** Resumes at the end. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  append({ changes, cursor }: Pick<ChangePage, "changes" | "cursor">): void {
    const last = changes.at(-1);
    this.#changes.push(...changes.slice(0, -1));
    if (last !== undefined) this.#changes.push({ ...last, cursor });
    this.#cursor = cursor;
    if (this.#changes.length >= 2 * this.#changesMax) this.#trim();
  }

  /** Begins anew behind changes that the log no longer held when they were to be read. */
  skipTo(cursor: Cursor): void {
    this.#gapEnd = this.end;
    this.#first = this.end + 1;
    this.#changes = [];
    this.#base = cursor;
    this.#cursor = cursor;
  }

  /** Whether changes after this position have been skipped. */
  isBeforeGap(position: number): boolean {
    return position <= this.#gapEnd;
  }

  /** The change at a position. Requires: oldest <= position < end. */
  at(position: number): LoggedChange {
    const change = this.#changes[position - this.#first];
    if (change === undefined) throw new RangeError(`No change at position ${position}`);
    return change;
  }

  /** The position that a cursor resumes at; null where it is not, or not yet, within the tail. */
  find(cursor: Cursor): number | null {
    for (let position = this.end; position >= this.oldest; position--) {
      if (this.#cursorAt(position) === cursor) return position;
    }
    return null;
  }

  #cursorAt(position: number): Cursor | null {
    return position === this.#first ? this.#base : this.at(position - 1).cursor;
  }

  #trim(): void {
    const dropped = this.#changes.length - this.#changesMax;
    this.#base = this.#changes[dropped - 1]?.cursor ?? this.#base;
    this.#changes = this.#changes.slice(dropped);
    this.#first += dropped;
  }
}
