// Reads RESP2, the replies of a Valkey server, from bytes as they arrive, however they are split. What it hands on are copies: a
// reply that is kept does not keep the chunk that it came in. It knows nothing of commands and sockets. Every length has a
// bound, and what is malformed is refused, as no byte behind it could be trusted.
import { type Reply, ReplyError } from "./reply.ts";

/** The stream is not RESP2, or beyond the bounds; nothing after it can be understood. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
}

export const RESP_BOUNDS = {
  /** Longest bulk reply, in bytes: `proto-max-bulk-len` of servers, as delivered. */
  bulkBytes: 512 * 1024 * 1024,
  /** Longest line, in bytes, without its end: errors repeat parts of what was asked. */
  lineBytes: 64 * 1024,
  /** Arrays within arrays: a reply of CLUSTER SLOTS takes four. */
  depth: 32,
  /** Items of one array. Nothing is set aside for them before they come. */
  items: 16 * 1024 * 1024,
} as const;

/** An array of which not all items have come. */
interface OpenArray {
  readonly items: Reply[];
  readonly count: number;
}

const CR = 13;
const LF = 10;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOLLAR = 36;
const ASTERISK = 42;
const ZERO = 48;
const NINE = 57;
/** Of 2^63. */
const DIGITS_MAX = 19;
/** Of the integers that are numbers without rounding, the digits that all have. */
const EXACT_DIGITS = 15;
const NOTHING = new Uint8Array(0);

export class RespParser {
  readonly #onReply: (reply: Reply) => void;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #open: OpenArray[] = [];
  /** The beginning of a line whose end has not come. */
  #begun = NOTHING;
  /** Bulk of which not all has come, with what there is of it; null while none is awaited. */
  #bulk: Uint8Array | null = null;
  /** How much of the bulk has come, its line end included. */
  #bulkHas = 0;

  /** @param onReply - told of each whole reply, in order, within push() */
  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /** Takes what has arrived, and may be reused by the caller then. @throws MalformedReply, after which it must not be used */
  push(arrived: Uint8Array): void {
    // Of a Buffer, slice() makes no copy.
    let chunk = new Uint8Array(arrived.buffer, arrived.byteOffset, arrived.byteLength);
    if (this.#begun.length > 0) {
      chunk = joined(this.#begun, chunk);
      this.#begun = NOTHING;
    }
    let at = this.#bulk === null ? 0 : this.#fillBulk(this.#bulk, chunk, 0);
    while (at < chunk.length) {
      const next = this.#readReply(chunk, at);
      if (next < 0) {
        this.#keepBegun(chunk.slice(at));
        return;
      }
      at = next;
    }
  }

  /** Reads one reply, or the head of one that has more to come. Returns where the next begins, -1 while its line is not whole. */
  #readReply(chunk: Uint8Array, start: number): number {
    const lineEnd = findLineEnd(chunk, start + 1);
    const type = chunk[start];
    if (lineEnd < 0) {
      if (!isType(type)) throw new MalformedReply(`A reply begins with byte ${type}`);
      return -1;
    }
    const next = lineEnd + 2;
    switch (type) {
      case DOLLAR:
        return this.#readBulk(chunk, next, toLength(chunk, start + 1, lineEnd, RESP_BOUNDS.bulkBytes));
      case COLON:
        this.#deliver(toInteger(chunk, start + 1, lineEnd));
        return next;
      case ASTERISK:
        this.#openArray(toLength(chunk, start + 1, lineEnd, RESP_BOUNDS.items));
        return next;
      case PLUS:
        this.#deliver(this.#text(chunk, start + 1, lineEnd));
        return next;
      case MINUS:
        this.#deliver(new ReplyError(this.#text(chunk, start + 1, lineEnd)));
        return next;
      default:
        throw new MalformedReply(`A reply begins with byte ${type}`);
    }
  }

  #readBulk(chunk: Uint8Array, start: number, length: number): number {
    if (length < 0) {
      this.#deliver(null);
      return start;
    }
    const end = start + length;
    if (end + 2 > chunk.length) {
      this.#bulk = new Uint8Array(length);
      this.#bulkHas = 0;
      return this.#fillBulk(this.#bulk, chunk, start);
    }
    if (chunk[end] !== CR || chunk[end + 1] !== LF) throw new MalformedReply("Bulk does not end where it should");
    this.#deliver(chunk.slice(start, end));
    return end + 2;
  }

  /** Goes on with the bulk that is awaited, and returns where it ends in the chunk, or the chunk's end. */
  #fillBulk(bulk: Uint8Array, chunk: Uint8Array, start: number): number {
    const taken = Math.min(bulk.length - this.#bulkHas, chunk.length - start);
    let at = start;
    if (taken > 0) {
      bulk.set(chunk.subarray(start, start + taken), this.#bulkHas);
      this.#bulkHas += taken;
      at += taken;
    }
    while (at < chunk.length && this.#bulkHas >= bulk.length) {
      const expected = this.#bulkHas === bulk.length ? CR : LF;
      if (chunk[at] !== expected) throw new MalformedReply("Bulk does not end where it should");
      this.#bulkHas++;
      at++;
      if (expected === CR) continue;
      this.#bulk = null;
      this.#deliver(bulk);
      break;
    }
    return at;
  }

  #openArray(count: number): void {
    if (count < 0) {
      this.#deliver(null);
    } else if (count === 0) {
      this.#deliver([]);
    } else {
      if (this.#open.length >= RESP_BOUNDS.depth) throw new MalformedReply("Arrays are nested too deeply");
      this.#open.push({ items: [], count });
    }
  }

  /** Hands on a reply, or puts it where it belongs; so for each array that it makes whole. */
  #deliver(reply: Reply): void {
    let whole = reply;
    for (let array = this.#open.at(-1); array !== undefined; array = this.#open.at(-1)) {
      array.items.push(whole);
      if (array.items.length < array.count) return;
      this.#open.pop();
      whole = array.items;
    }
    this.#onReply(whole);
  }

  #keepBegun(begun: Uint8Array<ArrayBuffer>): void {
    const isText = begun[0] === PLUS || begun[0] === MINUS;
    if (begun.length > (isText ? RESP_BOUNDS.lineBytes : DIGITS_MAX + 1) + 2)
      throw new MalformedReply("A line is too long");
    this.#begun = begun;
  }

  #text(chunk: Uint8Array, start: number, end: number): string {
    if (end - start > RESP_BOUNDS.lineBytes) throw new MalformedReply("A line is too long");
    // By far the most common line.
    if (end - start === 2 && chunk[start] === 79 && chunk[start + 1] === 75) return "OK";
    return this.#decoder.decode(chunk.subarray(start, end));
  }
}

/** Where the line end begins; -1 while the line is not whole. @throws MalformedReply for a CR or LF by itself */
function findLineEnd(chunk: Uint8Array, start: number): number {
  // Lines are short: a loop is faster than a search by the runtime.
  for (let at = start; at < chunk.length; at++) {
    const byte = chunk[at];
    if (byte === CR) {
      if (at + 1 === chunk.length) return -1;
      if (chunk[at + 1] === LF) return at;
      throw new MalformedReply("A line holds a carriage return");
    }
    if (byte === LF) throw new MalformedReply("A line ends without a carriage return");
  }
  return -1;
}

/** A length from 0 to `max`, or -1 for nothing. */
function toLength(chunk: Uint8Array, start: number, end: number, max: number): number {
  const length = toInteger(chunk, start, end);
  if (length < -1 || length > max) throw new MalformedReply(`A length is ${length}, beyond ${max}`);
  return length;
}

function toInteger(chunk: Uint8Array, start: number, end: number): number {
  const isNegative = chunk[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end === first || end - first > DIGITS_MAX) throw new MalformedReply("An integer has no digits, or too many");
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = chunk[at] ?? 0;
    if (byte < ZERO || byte > NINE) throw new MalformedReply(`An integer holds byte ${byte}`);
    value = value * 10 + (byte - ZERO);
  }
  // What digits beyond these add up to is rounded more than once.
  if (end - first > EXACT_DIGITS) return Number(String.fromCharCode(...chunk.subarray(start, end)));
  // Not -0.
  return isNegative ? 0 - value : value;
}

function isType(byte: number | undefined): boolean {
  return byte === PLUS || byte === MINUS || byte === COLON || byte === DOLLAR || byte === ASTERISK;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
