// Takes a chunked body apart (RFC 9112 §7.1), as it comes: sizes are hexadecimal digits and nothing else, every line ends with
// CRLF, extensions and trailers are checked and dropped. A line is taken when it is whole; until then it is left to the caller.
import { LIMITS } from "../../core/limits.ts";
import { CR, LF } from "./octets.ts";
import { broken, type Rule } from "./rules.ts";

type State = "size" | "data" | "data-end" | "trailer" | "done";

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
/** As many digits as a length of 2 ** 48 has: more are never meant. */
const SIZE = /^[0-9A-Fa-f]{1,12}/;
const EXTENSIONS = new RegExp(`^(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`);
const TRAILER = new RegExp(`^${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*$`);
/** Fields that say how a message is framed, for whom it is and whether another follows: too late behind the body (RFC 9110 §6.5.1). */
const DECIDING = /^(?:content-length|transfer-encoding|host|connection):/i;
const LINE_END_BYTES = 2;

export class ChunkedDecoder {
  #state: State = "size";
  /** Of the chunk that is being read, not yet come. */
  #left = 0;
  #trailerBytes = 0;

  get isDone(): boolean {
    return this.#state === "done";
  }

  /**
   * Takes what there is of the body, and returns where that ends.
   *
   * @param take - given each piece of data, a view that is the caller's bytes
   * @throws "invalid-request"
   */
  decode(bytes: Buffer, from: number, take: (piece: Buffer) => void): number {
    let at = from;
    for (;;) {
      const next = this.#step(bytes, at, take);
      if (next === at) return at;
      at = next;
    }
  }

  /** Returns the same place where more must come first, or the body is done. */
  #step(bytes: Buffer, at: number, take: (piece: Buffer) => void): number {
    switch (this.#state) {
      case "size":
        return this.#takeSize(bytes, at);
      case "data":
        return this.#takeData(bytes, at, take);
      case "data-end":
        return this.#takeDataEnd(bytes, at);
      case "trailer":
        return this.#takeTrailer(bytes, at);
      case "done":
        return at;
      default:
        return this.#state satisfies never;
    }
  }

  #takeSize(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, { bytesMax: LIMITS.chunkLineBytes, rule: "chunk-extension" });
    if (end < 0) return at;
    const line = bytes.toString("latin1", at, end);
    const digits = SIZE.exec(line)?.[0];
    if (digits === undefined || /^[0-9A-Fa-f]/.test(line.slice(digits.length))) {
      throw broken("chunk-size", "Cannot read the chunk: its size is not 1 to 12 hexadecimal digits");
    }
    if (!EXTENSIONS.test(line.slice(digits.length))) {
      const rule = line[digits.length] === ";" ? "chunk-extension" : "chunk-size";
      throw broken(rule, "Cannot read the chunk: behind its size only ;name and ;name=value may stand");
    }
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? "trailer" : "data";
    return end + LINE_END_BYTES;
  }

  #takeData(bytes: Buffer, at: number, take: (piece: Buffer) => void): number {
    const piece = bytes.subarray(at, Math.min(bytes.length, at + this.#left));
    if (piece.length === 0) return at;
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = "data-end";
    take(piece);
    return at + piece.length;
  }

  #takeDataEnd(bytes: Buffer, at: number): number {
    const [first = CR, second = LF] = [bytes[at], bytes[at + 1]];
    if (first !== CR || second !== LF)
      throw broken("chunk-end", "Cannot read the chunk: no CRLF comes behind its data");
    if (bytes.length < at + LINE_END_BYTES) return at;
    this.#state = "size";
    return at + LINE_END_BYTES;
  }

  #takeTrailer(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, { bytesMax: LIMITS.trailerBytes - this.#trailerBytes, rule: "trailer" });
    if (end < 0) return at;
    this.#trailerBytes += end + LINE_END_BYTES - at;
    if (end === at) this.#state = "done";
    else checkTrailer(bytes.toString("latin1", at, end));
    return end + LINE_END_BYTES;
  }
}

/** What others take from a trailer, and act on, is refused here: a proxy before this server may be one of them. */
function checkTrailer(line: string): void {
  if (!TRAILER.test(line)) throw broken("trailer", "Cannot read the fields behind the body");
  if (DECIDING.test(line)) throw broken("trailer", "Cannot take this field behind the body: it belongs into the head");
}

interface LineBound {
  /** Of the line and its CRLF. */
  readonly bytesMax: number;
  /** What a longer one breaks. */
  readonly rule: Rule;
}

/** Where the line's CRLF begins; negative while it has not come. @throws "invalid-request" on a bare CR or LF, or a longer line */
function lineEnd(bytes: Buffer, from: number, { bytesMax, rule }: LineBound): number {
  const end = bytes.indexOf(LF, from);
  const length = (end < 0 ? bytes.length : end + 1) - from;
  if (length > bytesMax) {
    throw broken(rule, `Cannot read the body: a line between or behind its chunks has more than ${bytesMax} bytes`);
  }
  if (end < 0) {
    const carriageReturn = bytes.indexOf(CR, from);
    if (carriageReturn >= 0 && carriageReturn < bytes.length - 1) throw bareLineEnd();
    return -1;
  }
  if (bytes[end - 1] !== CR || end === from || bytes.indexOf(CR, from) !== end - 1) throw bareLineEnd();
  return end - 1;
}

function bareLineEnd(): Error {
  return broken("line-break", "Cannot read the body: only CRLF ends a line between its chunks");
}
