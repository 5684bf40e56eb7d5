// Reads the answers of one connection by counting their bytes: where the head ends, what status it has, and how long the body
// is. Nothing else is looked at and nothing is kept, so that reading an answer costs a fraction of what writing it did.

const CR = 13;
const LF = 10;
const COLON = 58;
/** What the fields that count here begin with, in small letters. */
const C = 99;
const T = 116;
/** "HTTP/1.1 ". */
const STATUS_AT = 9;
const LENGTH_FIELD = Buffer.from("content-length");
const CODING_FIELD = Buffer.from("transfer-encoding");
const CONNECTION_FIELD = Buffer.from("connection");
const HEAD_BYTES_MAX = 64 * 1024;
const EXCERPT_BYTES = 1000;

/** What came is no answer that can be read here. */
export class UnreadableAnswer extends Error {}

type Phase = "head" | "body" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "whole";

export class AnswerReader {
  /** Of the answer that is read, once its head is there. */
  status = 0;
  /** Whether the server has said that it closes the connection behind this answer. */
  isLast = false;
  /** Bytes of the answer so far, head and all. */
  bytes = 0;
  #phase: Phase = "whole";
  #hasNoBody = false;
  #leftBytes = 0;
  /** The beginning of a head, or of a line of a chunk, whose end has not come. */
  #held: Buffer | null = null;
  #excerpt = "";

  /** The next bytes are those of a new answer. @param isHead - whether HEAD was asked, whose answers end at their head */
  begin(isHead: boolean): void {
    this.status = 0;
    this.isLast = false;
    this.bytes = 0;
    this.#phase = "head";
    this.#hasNoBody = isHead;
    this.#leftBytes = 0;
    this.#held = null;
  }

  /** Whether the answer is whole with these bytes. @throws UnreadableAnswer */
  take(part: Buffer): boolean {
    this.bytes += part.length;
    if (this.#phase === "body") return this.#takeBody(part, 0);
    const held = this.#held;
    this.#held = null;
    const bytes = held === null ? part : Buffer.concat([held, part]);
    if (this.#phase === "head") return this.#takeHead(bytes);
    if (this.#phase === "whole") throw new UnreadableAnswer("The server sent more than it was asked for");
    return this.#takeChunks(bytes, 0);
  }

  /** What the body began with, where it was no success; for messages. */
  excerpt(): string {
    return this.#excerpt;
  }

  #takeHead(bytes: Buffer): boolean {
    const end = this.#readHead(bytes);
    if (end < 0) {
      if (bytes.length > HEAD_BYTES_MAX) throw new UnreadableAnswer("The head of the answer does not end");
      this.#phase = "head";
      this.#held = Buffer.from(bytes);
      return false;
    }
    if (this.status >= 300) this.#excerpt = bytes.toString("latin1", end, Math.min(bytes.length, end + EXCERPT_BYTES));
    return this.#phase === "body" ? this.#takeBody(bytes, end) : this.#takeChunks(bytes, end);
  }

  /** Sets status, phase and what is left of the body; the place behind the head, or -1 where its end has not come. */
  #readHead(bytes: Buffer): number {
    let line = 0;
    this.#leftBytes = -1;
    this.#phase = "body";
    for (let index = 0; index < bytes.length; index++) {
      if (bytes[index] !== LF) continue;
      if (line > 0 && (index === line || (index === line + 1 && bytes[line] === CR)))
        return this.#endHead(bytes, index + 1);
      const first = bytes[line] ?? 0;
      if ((first | 0x20) === C || (first | 0x20) === T) this.#readField(bytes, line, index);
      line = index + 1;
    }
    return -1;
  }

  #readField(bytes: Buffer, start: number, end: number): void {
    if (isField(bytes, start, LENGTH_FIELD)) {
      this.#leftBytes = numberAt(bytes, start + LENGTH_FIELD.length + 1, end);
    } else if (isField(bytes, start, CODING_FIELD)) {
      this.#phase = "chunk-size";
      this.#leftBytes = 0;
    } else if (isField(bytes, start, CONNECTION_FIELD)) {
      this.isLast =
        bytes
          .toString("latin1", start + CONNECTION_FIELD.length + 1, end)
          .trim()
          .toLowerCase() === "close";
    }
  }

  #endHead(bytes: Buffer, end: number): number {
    this.status = digit(bytes, STATUS_AT) * 100 + digit(bytes, STATUS_AT + 1) * 10 + digit(bytes, STATUS_AT + 2);
    if (!(this.status >= 200 && this.status <= 599)) {
      throw new UnreadableAnswer(
        `The server answered ${JSON.stringify(bytes.toString("latin1", 0, Math.min(bytes.length, 40)))}, which is no HTTP/1.1`,
      );
    }
    if (this.#hasNoBody || this.status === 204 || this.status === 304) {
      this.#phase = "body";
      this.#leftBytes = 0;
    } else if (!(this.#leftBytes >= 0)) {
      throw new UnreadableAnswer("The answer has neither Content-Length nor chunks");
    }
    return end;
  }

  #takeBody(bytes: Buffer, from: number): boolean {
    this.#leftBytes -= bytes.length - from;
    if (this.#leftBytes > 0) return false;
    return this.#end(-this.#leftBytes);
  }

  /** RFC 9112 §7.1. */
  #takeChunks(bytes: Buffer, from: number): boolean {
    let at = from;
    while (at < bytes.length) {
      if (this.#phase === "chunk") {
        const taken = Math.min(this.#leftBytes, bytes.length - at);
        this.#leftBytes -= taken;
        at += taken;
        if (this.#leftBytes === 0) this.#phase = "chunk-end";
        continue;
      }
      const end = bytes.indexOf(LF, at);
      if (end < 0) {
        this.#held = Buffer.from(bytes.subarray(at));
        return false;
      }
      const isEmpty = end === at || (end === at + 1 && bytes[at] === CR);
      if (this.#phase === "trailers" && isEmpty) return this.#end(bytes.length - end - 1);
      if (this.#phase === "chunk-size") this.#beginChunk(bytes.toString("latin1", at, end));
      else if (this.#phase === "chunk-end") this.#phase = "chunk-size";
      at = end + 1;
    }
    return false;
  }

  #beginChunk(line: string): void {
    const bytes = Number.parseInt(line, 16);
    if (Number.isNaN(bytes)) throw new UnreadableAnswer(`A chunk begins with ${JSON.stringify(line)}`);
    this.#leftBytes = bytes;
    this.#phase = bytes === 0 ? "trailers" : "chunk";
  }

  #end(moreBytes: number): boolean {
    this.#phase = "whole";
    if (moreBytes > 0) throw new UnreadableAnswer("The server sent more than it was asked for");
    return true;
  }
}

/** NaN where there is none. */
function digit(bytes: Buffer, at: number): number {
  return (bytes[at] ?? Number.NaN) - 48;
}

/** The digits of a field; what else is there is blank. */
function numberAt(bytes: Buffer, start: number, end: number): number {
  let number = -1;
  for (let index = start; index < end; index++) {
    const value = digit(bytes, index);
    if (value >= 0 && value <= 9) number = Math.max(0, number) * 10 + value;
  }
  return number;
}

/** Whether a line has the field of this name, which is given in small letters. */
function isField(bytes: Buffer, start: number, name: Buffer): boolean {
  if (bytes[start + name.length] !== COLON) return false;
  for (let index = 0; index < name.length; index++) {
    if (((bytes[start + index] ?? 0) | 0x20) !== name[index]) return false;
  }
  return true;
}
