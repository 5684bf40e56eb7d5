// Bytes of answers under the names by which they are asked for, in memory of a fixed size that the collector does not walk: a
// million answers as objects would cost it seconds. Written round and round, so that what was put first is forgotten first; what
// is asked for shortly before is written again.
//
// Invariants:
// 1. Places count on from round to round, and what lies at one is whole until the ring has been written once around: a place
//    older than that is never read, whatever lies there now. They wrap after 32 GiB, and everything is forgotten then.
// 2. An answer lies in one segment. Segments are made when they are reached.
// 3. Index and segments together take no more than the limit.
//
// The index is a table of buckets with eight places each, a line of the processor's cache; a ninth of one bucket takes the place of
// the oldest. So neither looking nor putting has a bad case. It begins small, as few answers are found faster in little memory, and
// is made as large as it will be once, when those are many.

import { hashText } from "../../core/text-hash.ts";

/** What is kept under a name, in the order in which it lies. */
export interface KeptAnswer {
  readonly stamp: number;
  /** A number of the caller's. */
  readonly kind: number;
  /** Bytes of `parts` in front that the caller finds again apart. */
  readonly cuts: readonly [number, number];
  readonly parts: readonly Uint8Array[];
}

/** Where an answer lies. Good until the next is put. */
export interface FoundAnswer {
  readonly bytes: Buffer;
  readonly stamp: number;
  readonly kind: number;
  readonly from: number;
  readonly firstCut: number;
  readonly secondCut: number;
  readonly to: number;
}

const UNIT_BYTES = 8;
const SEGMENT_BYTES = 1024 * 1024;
/** Places are numbers of units in 32 bits; 0 is none. */
const PLACES_END = 2 ** 32;
const WAYS = 8;
const NUMBERS_A_WAY = 2;
const BUCKET_NUMBERS = WAYS * NUMBERS_A_WAY;
/** An index has a place for each so many bytes of the limit: small answers take some 250. */
const BYTES_A_PLACE = 128;
/** Numbers of an index of 65,536 places, half a MiB; it is left when so many answers have been put that three quarters are taken. */
const SMALL_INDEX_NUMBERS = 65_536 * NUMBERS_A_WAY;
const SMALL_INDEX_PUTS = 49_152;
/** The share of a round after which an answer that is asked for is put again. */
const REWRITTEN_AFTER = 0.75;
/** Length of the name, kind, two cuts and bytes, as numbers of 32 bits; four bytes of nothing; the stamp, a double. */
const HEAD_BYTES = 32;

interface Segment {
  readonly bytes: Buffer;
  readonly numbers: Int32Array;
  readonly stamps: Float64Array;
}

export class AnswerRing {
  #index: Uint32Array;
  readonly #indexNumbersMax: number;
  #puts = 0;
  readonly #segments: (Segment | undefined)[];
  readonly #segmentUnits: number;
  readonly #ringUnits: number;
  /** The next place. */
  #head = 1;

  /** @param limitBytes - at least a few KiB */
  constructor(limitBytes: number) {
    const buckets = 2 ** Math.max(0, Math.floor(Math.log2(limitBytes / BYTES_A_PLACE / WAYS)));
    this.#indexNumbersMax = buckets * BUCKET_NUMBERS;
    this.#index = new Uint32Array(Math.min(this.#indexNumbersMax, SMALL_INDEX_NUMBERS));
    const ringBytes = limitBytes - this.#indexNumbersMax * Uint32Array.BYTES_PER_ELEMENT;
    const segmentBytes = Math.min(SEGMENT_BYTES, ringBytes);
    this.#segmentUnits = Math.floor(segmentBytes / UNIT_BYTES);
    this.#segments = new Array(Math.max(1, Math.floor(ringBytes / segmentBytes)));
    this.#ringUnits = this.#segments.length * this.#segmentUnits;
  }

  /** Bytes that it takes now. */
  get bytes(): number {
    const made = this.#segments.reduce((count, segment) => count + (segment === undefined ? 0 : 1), 0);
    return this.#index.byteLength + made * this.#segmentUnits * UNIT_BYTES;
  }

  /** What is kept under a name; null for nothing. */
  find(name: string): FoundAnswer | null {
    const hash = hashText(name);
    const index = this.#index;
    const bucket = this.#bucketOf(hash);
    for (let at = bucket; at < bucket + BUCKET_NUMBERS; at += NUMBERS_A_WAY) {
      const place = index[at + 1] ?? 0;
      if (index[at] !== hash || !this.#isWhole(place)) continue;
      const found = this.#read(place, name);
      if (found === null) continue;
      const isOld = this.#head - place > this.#ringUnits * REWRITTEN_AFTER;
      return isOld ? this.#rewrite(at, found, name) : found;
    }
    return null;
  }

  /** Keeps an answer under a name of ASCII characters; one that is too long for a segment is not kept. */
  put(name: string, { stamp, kind, cuts, parts }: KeptAnswer): void {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const place = this.#take(HEAD_BYTES + name.length + bytes);
    if (place === null) return;
    const { segment, offset } = this.#at(place);
    const from = offset + HEAD_BYTES + name.length;
    const hash = hashText(name);
    const { numbers } = segment;
    const number = offset / Int32Array.BYTES_PER_ELEMENT;
    numbers[number] = name.length;
    numbers[number + 1] = kind;
    numbers[number + 2] = cuts[0];
    numbers[number + 3] = cuts[1];
    numbers[number + 4] = bytes;
    segment.stamps[offset / UNIT_BYTES + 3] = stamp;
    segment.bytes.write(name, offset + HEAD_BYTES, "latin1");
    let end = from;
    for (const part of parts) {
      segment.bytes.set(part, end);
      end += part.length;
    }
    if (++this.#puts === SMALL_INDEX_PUTS) this.#growIndex();
    this.#note(hash, place, name);
  }

  #growIndex(): void {
    const before = this.#index;
    if (before.length === this.#indexNumbersMax) return;
    this.#index = new Uint32Array(this.#indexNumbersMax);
    for (let at = 0; at < before.length; at += NUMBERS_A_WAY) {
      const place = before[at + 1] ?? 0;
      if (this.#isWhole(place)) this.#noteNew(before[at] ?? 0, place);
    }
  }

  /** Notes a place of a name that is not in the bucket. */
  #noteNew(hash: number, place: number): void {
    const bucket = this.#bucketOf(hash);
    let at = bucket;
    while (at < bucket + BUCKET_NUMBERS - NUMBERS_A_WAY && this.#index[at + 1] !== 0) at += NUMBERS_A_WAY;
    this.#index[at] = hash;
    this.#index[at + 1] = place;
  }

  #read(place: number, name: string): FoundAnswer | null {
    const { segment, offset } = this.#at(place);
    const { bytes, numbers, stamps } = segment;
    const number = offset / Int32Array.BYTES_PER_ELEMENT;
    if (numbers[number] !== name.length) return null;
    const nameStart = offset + HEAD_BYTES;
    for (let index = 0; index < name.length; index++) {
      if (bytes[nameStart + index] !== name.charCodeAt(index)) return null;
    }
    const from = nameStart + name.length;
    return {
      bytes,
      stamp: stamps[offset / UNIT_BYTES + 3] ?? 0,
      kind: numbers[number + 1] ?? 0,
      from,
      firstCut: from + (numbers[number + 2] ?? 0),
      secondCut: from + (numbers[number + 3] ?? 0),
      to: from + (numbers[number + 4] ?? 0),
    };
  }

  /** The same bytes at the head, which may lie over what was found. */
  #rewrite(at: number, found: FoundAnswer, name: string): FoundAnswer | null {
    const start = found.from - HEAD_BYTES - name.length;
    const place = this.#take(found.to - start);
    if (place === null) return found;
    const { segment, offset } = this.#at(place);
    found.bytes.copy(segment.bytes, offset, start, found.to);
    this.#index[at] = hashText(name);
    this.#index[at + 1] = place;
    return this.#read(place, name);
  }

  /** Room for so many bytes in a row; null where there is none so long. */
  #take(bytes: number): number | null {
    const units = Math.ceil(bytes / UNIT_BYTES);
    if (units > this.#segmentUnits) return null;
    const left = this.#segmentUnits - (this.#head % this.#segmentUnits);
    if (units > left) this.#head += left;
    if (this.#head + units >= PLACES_END) {
      this.#index.fill(0);
      this.#head = 1;
    }
    const place = this.#head;
    this.#head += units;
    return place;
  }

  #at(place: number): { readonly segment: Segment; readonly offset: number } {
    const inRing = place % this.#ringUnits;
    const number = Math.floor(inRing / this.#segmentUnits);
    const segment = this.#segments[number] ?? this.#make(number);
    return { segment, offset: (inRing % this.#segmentUnits) * UNIT_BYTES };
  }

  #make(number: number): Segment {
    const memory = new ArrayBuffer(this.#segmentUnits * UNIT_BYTES);
    const segment = {
      bytes: Buffer.from(memory),
      numbers: new Int32Array(memory),
      stamps: new Float64Array(memory),
    };
    this.#segments[number] = segment;
    return segment;
  }

  #note(hash: number, place: number, name: string): void {
    const index = this.#index;
    const bucket = this.#bucketOf(hash);
    let best = bucket;
    let oldest = Number.POSITIVE_INFINITY;
    for (let at = bucket; at < bucket + BUCKET_NUMBERS; at += NUMBERS_A_WAY) {
      const standing = index[at + 1] ?? 0;
      const age = this.#isWhole(standing) ? standing : 0;
      if (age !== 0 && index[at] === hash && this.#read(standing, name) !== null) {
        best = at;
        break;
      }
      if (age < oldest) {
        oldest = age;
        best = at;
      }
    }
    index[best] = hash;
    index[best + 1] = place;
  }

  /** Whether nothing has been written over what lies there. */
  #isWhole(place: number): boolean {
    return place !== 0 && place < this.#head && this.#head - place <= this.#ringUnits;
  }

  #bucketOf(hash: number): number {
    const buckets = this.#index.length / BUCKET_NUMBERS;
    return ((hash ^ (hash >>> 15)) & (buckets - 1)) * BUCKET_NUMBERS;
  }
}
