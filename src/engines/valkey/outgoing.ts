// Commands on their way to the socket: written down as RESP2 one behind the other, and handed over as far as the socket takes
// them. Small arguments are copied into one buffer, large bytes are not copied at all. Places are counted from the first byte
// of the connection, so that it can be told of each command whether any of it was handed over.
import type { Argument } from "./reply.ts";

/** What commands are handed to. */
export interface ByteSink {
  /** How many of the bytes it has taken; -1 once it is closed. */
  write(bytes: Uint8Array, offset: number, length: number): number;
}

/** Bytes of at least so many are handed over from where they are; a copy of fewer costs less than a write of their own. */
const LARGE_BYTES = 16 * 1024;
/** Room for the commands of a turn; where they need more, there are more buffers. */
const BUFFER_BYTES = 64 * 1024;
/** Of a head, such as "*1000000\r\n" or "$536870912\r\n", and of a line end. */
const HEAD_BYTES = 16;
/** Texts up to so many UTF-16 units are written by a loop, which is faster for them than the runtime. */
const SHORT_LENGTH = 64;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ASTERISK = 42;
const ZERO = 48;
const FIRST_BEYOND_ASCII = 128;

/** Bytes that wait from `start` to `end`. */
interface Segment {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

export class Outgoing {
  readonly #isTls: boolean;
  /** What waits before the content of the buffer. */
  readonly #segments: Segment[] = [];
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What of the buffer waits, and is in no segment. */
  #start = 0;
  #end = 0;
  /** The place of the buffer's first byte, less what went past the buffer since. */
  #base = 0;
  #handedOver = 0;
  #mayHaveLeft = 0;

  /** @param isTls - whether bytes that the socket has not taken may already be in a record of it */
  constructor(isTls: boolean) {
    this.#isTls = isTls;
  }

  /** The place where the next command begins. */
  get place(): number {
    return this.#base + this.#end;
  }

  /** Bytes that the socket has not taken. */
  get waitingBytes(): number {
    return this.place - this.#handedOver;
  }

  /** Whether a byte of the command that begins at this place may have left this process. */
  hasBegun(place: number): boolean {
    return place < this.#mayHaveLeft;
  }

  /** Writes down a command. Its large bytes are read when the socket takes them, and must stay as they are until then. */
  append(args: readonly Argument[]): void {
    this.#reserve(HEAD_BYTES);
    this.#head(ASTERISK, args.length);
    for (const arg of args) {
      if (typeof arg !== "string") this.#bytes(arg);
      else if (arg.length > SHORT_LENGTH || !this.#shortText(arg)) this.#text(arg);
    }
  }

  /** Hands over what waits; false where the socket has not taken all of it. */
  flush(sink: ByteSink): boolean {
    for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
      segment.start += this.#write(sink, segment.bytes, segment.start, segment.end);
      if (segment.start < segment.end) return false;
      this.#segments.shift();
    }
    this.#start += this.#write(sink, this.#buffer, this.#start, this.#end);
    if (this.#start < this.#end) return false;
    this.#base += this.#end;
    this.#start = 0;
    this.#end = 0;
    return true;
  }

  #write(sink: ByteSink, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    // TLS may send a record in part, say that it has taken nothing, and ask for the same bytes again.
    if (this.#isTls) this.#mayHaveLeft = this.#handedOver + length;
    const taken = Math.max(0, sink.write(bytes, start, length));
    this.#handedOver += taken;
    this.#mayHaveLeft = Math.max(this.#mayHaveLeft, this.#handedOver);
    return taken;
  }

  /** False where the text has characters of more than one byte, and nothing is written. */
  #shortText(text: string): boolean {
    this.#reserve(HEAD_BYTES + text.length + 2);
    const begin = this.#end;
    this.#head(DOLLAR, text.length);
    const buffer = this.#buffer;
    let at = this.#end;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= FIRST_BEYOND_ASCII) {
        this.#end = begin;
        return false;
      }
      buffer[at++] = code;
    }
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.#end = at + 2;
    return true;
  }

  #text(text: string): void {
    const length = Buffer.byteLength(text);
    if (length >= LARGE_BYTES) {
      this.#bytes(Buffer.from(text));
      return;
    }
    this.#reserve(HEAD_BYTES + length + 2);
    this.#head(DOLLAR, length);
    this.#end += this.#buffer.write(text, this.#end);
    this.#lineEnd();
  }

  #bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    const isLarge = length >= LARGE_BYTES;
    this.#reserve(HEAD_BYTES + (isLarge ? 0 : length) + 2);
    this.#head(DOLLAR, length);
    if (isLarge) {
      this.#seal();
      this.#segments.push({ bytes, start: 0, end: length });
      this.#base += length;
    } else {
      this.#buffer.set(bytes, this.#end);
      this.#end += length;
    }
    this.#lineEnd();
  }

  #head(type: number, value: number): void {
    const buffer = this.#buffer;
    let at = this.#end;
    buffer[at++] = type;
    if (value < 10) {
      buffer[at++] = ZERO + value;
    } else {
      const end = at + digitsOf(value);
      let rest = value;
      for (let index = end - 1; index >= at; index--) {
        const tenth = Math.floor(rest / 10);
        buffer[index] = ZERO + rest - tenth * 10;
        rest = tenth;
      }
      at = end;
    }
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.#end = at + 2;
  }

  #lineEnd(): void {
    this.#buffer[this.#end++] = CR;
    this.#buffer[this.#end++] = LF;
  }

  /** Makes room in the buffer. Requires: no more than a buffer has. */
  #reserve(length: number): void {
    if (this.#end + length <= BUFFER_BYTES) return;
    this.#seal();
    this.#base += this.#end;
    this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#start = 0;
    this.#end = 0;
  }

  /** What is in the buffer waits before what comes behind it. */
  #seal(): void {
    if (this.#start === this.#end) return;
    this.#segments.push({ bytes: this.#buffer, start: this.#start, end: this.#end });
    this.#start = this.#end;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}
