// What has befallen keys, in order, each with a sequence number: as much of it as is to be kept at least, and at most twice
// as much, as it is trimmed by halves.
import type { Change } from "../../core/batch.ts";
import { formatCursor, parseCursor } from "../../store/cursor.ts";
import type { ChangePage, Cursor } from "../../store/store.ts";

interface LogRecord extends Change {
  readonly sequence: number;
}

export class ChangeLog {
  readonly #incarnation: string;
  readonly #changesKept: number;
  #records: LogRecord[] = [];
  #latest = 0;

  /** @param changesKept - at least */
  constructor(incarnation: string, changesKept: number) {
    this.#incarnation = incarnation;
    this.#changesKept = changesKept;
  }

  append(change: Change): void {
    this.#records.push({ ...change, sequence: ++this.#latest });
    // Trimmed by halves, so that a full log costs each change the same.
    if (this.#records.length >= 2 * this.#changesKept)
      this.#records = this.#records.slice(this.#records.length - this.#changesKept);
  }

  get latestCursor(): Cursor {
    return formatCursor(this.#incarnation, this.#latest);
  }

  /** As Store.changes(). @throws "invalid-request" on a text that is no cursor */
  read(after: Cursor | null, limit: number, upTo: Cursor | null): ChangePage {
    const sequence = after === null ? 0 : parseCursor(after, this.#incarnation, this.#latest);
    const bound = upTo === null ? this.#latest : parseCursor(upTo, this.#incarnation, this.#latest);
    if (sequence === null || bound === null) {
      return { changes: [], cursor: this.latestCursor, hasMore: false, isIncomplete: true };
    }
    const oldest = this.#records[0]?.sequence ?? this.#latest + 1;
    const from = Math.max(0, sequence + 1 - oldest);
    const records = this.#records.slice(from, Math.min(from + limit, Math.max(from, bound + 1 - oldest)));
    const last = records.at(-1)?.sequence ?? Math.max(sequence, oldest - 1);
    const changes = records.map(({ kind, key, revision, sequence: number }) => ({
      kind,
      key,
      revision,
      cursor: formatCursor(this.#incarnation, number),
    }));
    const isIncomplete = sequence + 1 < oldest;
    return { changes, cursor: formatCursor(this.#incarnation, last), hasMore: last < bound, isIncomplete };
  }
}
