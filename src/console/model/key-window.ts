// An ordered list of keys of which only what is looked at is in memory. It is a row of segments, each from one key to the
// next; names of segments that have not been looked at for long are dropped, and read again by their first key when they
// are. Positions are found by adding up counts, so that keys that come and go move everything behind them.
//
// Invariants: 1. segments are in key order and do not overlap; 2. everything up to and with `lastKey` lies in one of them;
// 3. `isWhole` says that nothing lies behind `lastKey`; 4. a segment that holds names holds exactly `count` of them.
import { compareKeys } from "../../core/key.ts";

const SEGMENT_KEYS = 500;
/** Segments whose names are kept, some 20,000 keys. */
const HELD_SEGMENTS = 40;

interface Segment {
  start: string;
  count: number;
  names: string[] | null;
  usedAt: number;
}

/** What has to be asked of the server before a position can be shown. */
export type Wanted =
  | { readonly kind: "further"; readonly start: string | null }
  | { readonly kind: "segment"; readonly start: string; readonly end: string | null; readonly lastKey: string };

export class KeyWindow {
  #segments: Segment[] = [];
  #lastKey: string | null = null;
  #isWhole = false;
  #estimate = 0;
  #clock = 0;

  /** @param total - what the server has counted, shown until the end has been seen */
  estimate(total: number): void {
    this.#estimate = total;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  get known(): number {
    return this.#segments.reduce((sum, { count }) => sum + count, 0);
  }

  get length(): number {
    return this.#isWhole ? this.known : Math.max(this.known, this.#estimate);
  }

  /** The names at the positions; null for those that have not been read. */
  names(from: number, to: number): readonly (string | null)[] {
    const found: (string | null)[] = [];
    for (let index = from; index < Math.min(to, this.length); ) {
      const place = this.#placeOf(index);
      if (place === null) {
        found.push(null);
        index++;
        continue;
      }
      const { segment, offset } = place;
      segment.usedAt = ++this.#clock;
      const end = Math.min(segment.count, offset + to - index);
      for (let each = offset; each < end; each++) found.push(segment.names?.[each] ?? null);
      index += end - offset;
    }
    return found;
  }

  /** What to read next so that the positions can be shown; null once they can be. */
  wanted(from: number, to: number): Wanted | null {
    for (let index = from; index < Math.min(to, this.length); ) {
      const place = this.#placeOf(index);
      if (place === null) return { kind: "further", start: this.#lastKey };
      if (place.segment.names === null) return this.#wantedSegment(place.number);
      index += place.segment.count - place.offset;
    }
    return to >= this.length && !this.#isWhole ? { kind: "further", start: this.#lastKey } : null;
  }

  /** Takes a page that was asked for from `lastKey` on, which it may begin with. */
  addFurther(names: readonly string[], isEnd: boolean): void {
    const fresh = names[0] === this.#lastKey ? names.slice(1) : names;
    for (let start = 0; start < fresh.length; start += SEGMENT_KEYS) {
      const part = fresh.slice(start, start + SEGMENT_KEYS);
      const [first] = part;
      if (first !== undefined) {
        this.#segments.push({ start: first, count: part.length, names: [...part], usedAt: this.#clock });
      }
    }
    this.#lastKey = fresh.at(-1) ?? this.#lastKey;
    this.#isWhole = isEnd;
    this.#dropUnused();
  }

  /** Takes what a segment holds now. */
  setSegment(start: string, names: readonly string[]): void {
    const number = this.#segments.findIndex((segment) => segment.start === start);
    const segment = this.#segments[number];
    if (segment === undefined) return;
    if (names.length === 0) {
      this.#removeSegment(number);
      return;
    }
    segment.names = [...names];
    segment.count = names.length;
    segment.usedAt = ++this.#clock;
    this.#dropUnused();
  }

  /** Where a key stands; null where it is not among the names in memory. */
  indexOf(key: string): number | null {
    let before = 0;
    for (const { names, count } of this.#segments) {
      const place = names === null ? null : findPlace(names, key);
      if (place?.isThere === true) return before + place.index;
      before += count;
    }
    return null;
  }

  /** Whether the list is another one for it. Where the names around are not in memory, nothing can be said and nothing is done. */
  insert(key: string): boolean {
    const number = this.#segmentOf(key);
    const segment = this.#segments[number];
    if (segment === undefined) {
      if (!this.#isWhole) return false;
      this.addFurther([key], true);
      return true;
    }
    if (segment.names === null || (this.#isBehind(key) && !this.#isWhole)) return false;
    const { index, isThere } = findPlace(segment.names, key);
    if (isThere) return false;
    segment.names.splice(index, 0, key);
    segment.count++;
    if (index === 0) segment.start = key;
    if (this.#isBehind(key)) this.#lastKey = key;
    if (segment.count > 2 * SEGMENT_KEYS) this.#split(number, segment);
    return true;
  }

  remove(key: string): boolean {
    const number = this.#segmentOf(key);
    const segment = this.#segments[number];
    if (segment === undefined || segment.names === null) return false;
    const { index, isThere } = findPlace(segment.names, key);
    if (!isThere) return false;
    segment.names.splice(index, 1);
    segment.count--;
    if (segment.count === 0) this.#removeSegment(number);
    return true;
  }

  #removeSegment(number: number): void {
    this.#segments.splice(number, 1);
    // An empty list has no last key, behind which alone it would take the next.
    if (this.#segments.length === 0 && this.#isWhole) this.#lastKey = null;
  }

  /** So that a segment is always less than what is read of it at once, however many keys are put one after another. */
  #split(number: number, { names, usedAt }: Segment): void {
    const second = names?.splice(SEGMENT_KEYS) ?? [];
    const [start] = second;
    const first = this.#segments[number];
    if (start === undefined || first === undefined) return;
    first.count -= second.length;
    this.#segments.splice(number + 1, 0, { start, count: second.length, names: second, usedAt });
    this.#dropUnused();
  }

  #isBehind(key: string): boolean {
    return this.#lastKey === null || compareKeys(key, this.#lastKey) > 0;
  }

  /** The segment that a key belongs to: the last that begins no later, or else the first. */
  #segmentOf(key: string): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.#segments[middle]?.start ?? "", key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #placeOf(index: number) {
    let before = 0;
    for (const [number, segment] of this.#segments.entries()) {
      if (index < before + segment.count) return { number, segment, offset: index - before };
      before += segment.count;
    }
    return null;
  }

  #wantedSegment(number: number): Wanted {
    const start = this.#segments[number]?.start ?? "";
    const end = this.#segments[number + 1]?.start ?? null;
    return { kind: "segment", start, end, lastKey: this.#lastKey ?? start };
  }

  #dropUnused(): void {
    const held = this.#segments.filter(({ names }) => names !== null);
    if (held.length <= HELD_SEGMENTS) return;
    const oldest = held.toSorted((a, b) => a.usedAt - b.usedAt).slice(0, held.length - HELD_SEGMENTS);
    for (const segment of oldest) segment.names = null;
  }
}

/** Where a key stands in sorted names, or would stand. */
function findPlace(names: readonly string[], key: string): { readonly index: number; readonly isThere: boolean } {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(names[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return { index: low, isThere: names[low] === key };
}
