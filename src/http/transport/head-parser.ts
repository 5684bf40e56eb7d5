// Reads the head of a request (RFC 9112 §2 to §5), as strictly as the grammar is written: one space where one is asked for, CRLF
// at the end of every line, no folded fields, nothing between a name and its colon. It is given all bytes since the request
// began, as often as more have come, and goes on behind the last line that was whole: a head that drips in costs no more than
// one that comes at once. What is wrong is refused as soon as its line is there.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { Fields, hashStep, NUMBERS_A_FIELD } from "./fields.ts";
import { COLON, CR, FIELD_TEXT, LF, SPACE, TAB, TARGET, TOKEN } from "./octets.ts";
import { broken } from "./rules.ts";

export interface RequestHead {
  readonly method: string;
  /** As sent; of octets, each a UTF-16 unit. */
  readonly target: string;
  /** Of HTTP/1: 0 or 1. */
  readonly minorVersion: 0 | 1;
  readonly fields: Fields;
}

/** "HTTP/1.", and behind it the minor version. */
const VERSION = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e];
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
/** Empty lines before a request that are passed over (RFC 9112 §2.2), as some clients end a body with one. */
const EMPTY_LINES_MAX = 2;
/** Bytes of a request line besides method and target. */
const LINE_REST_BYTES = " HTTP/1.1\r\n".length + 1;
const METHOD_BYTES_MAX = 64;
const INCOMPLETE = -1;

export class HeadParser {
  /** Where the request begins in the bytes that are given. */
  #from = 0;
  /** Where the line begins that is read next, counted from the first byte of the request. */
  #at = 0;
  /** Bytes that have been looked at for an end of that line. */
  #searched = 0;
  #emptyLines = 0;
  #method: string | null = null;
  #target = "";
  #minorVersion: 0 | 1 = 1;
  #places: number[] = [];

  /** Bytes of the head, once it is whole. */
  get length(): number {
    return this.#at;
  }

  /** What is known of a request whose head is not whole. */
  get begun(): { readonly method: string; readonly target: string } {
    return { method: this.#method ?? "", target: this.#target };
  }

  /** Forgets all, for the next request. */
  reset(): void {
    this.#at = 0;
    this.#searched = 0;
    this.#emptyLines = 0;
    this.#method = null;
    this.#target = "";
    this.#places = [];
  }

  /**
   * The head, or null while it is not whole.
   *
   * @param from - where the request begins in `bytes`
   * @throws "invalid-request", "target-too-long", "head-too-large", "version-not-supported"
   */
  parse(bytes: Buffer, from: number): RequestHead | null {
    this.#from = from;
    for (;;) {
      const start = from + this.#at;
      const hasLine = this.#searched <= this.#at || bytes.indexOf(LF, from + this.#searched) >= 0;
      const next = hasLine ? this.#parseLine(bytes, start) : INCOMPLETE;
      if (next === INCOMPLETE) {
        this.#searched = bytes.length - from;
        this.#requireBounds(this.#searched);
        return null;
      }
      this.#at = next - from;
      if (next === start + 2 && this.#method !== null) {
        this.#requireBounds(this.#at);
        const fields = new Fields(bytes, from, this.#places);
        return { method: this.#method, target: this.#target, minorVersion: this.#minorVersion, fields };
      }
    }
  }

  /**
   * Forgets the empty lines before a request whose first line is not whole, and returns their bytes: they are to be taken, as a
   * connection rests behind them.
   */
  passOver(): number {
    if (this.#method !== null || this.#at === 0) return 0;
    const bytes = this.#at;
    this.#at = 0;
    this.#searched = Math.max(0, this.#searched - bytes);
    return bytes;
  }

  /** Returns where the next line begins. */
  #parseLine(bytes: Buffer, start: number): number {
    if (bytes[start] === CR) return this.#parseEmptyLine(bytes, start);
    if (bytes[start] === LF) throw bareLineFeed();
    return this.#method === null ? this.#parseRequestLine(bytes, start) : this.#parseField(bytes, start);
  }

  #parseEmptyLine(bytes: Buffer, start: number): number {
    if (start + 1 >= bytes.length) return INCOMPLETE;
    if (bytes[start + 1] !== LF) throw bareCarriageReturn();
    if (this.#method === null && ++this.#emptyLines > EMPTY_LINES_MAX) {
      throw broken("request-line", "Cannot read the request line: only empty lines came in its place");
    }
    return start + 2;
  }

  #parseRequestLine(bytes: Buffer, start: number): number {
    const end = bytes.length;
    let at = start;
    while (at < end && TOKEN[bytes[at] ?? 0] === 1) at++;
    if (at - start > METHOD_BYTES_MAX)
      throw broken("method", "Cannot read the method: it is longer than any that there is");
    if (at >= end) return INCOMPLETE;
    if (at === start || bytes[at] !== SPACE) {
      throw broken("method", "Cannot read the method: a token and one space are needed; is this HTTP at all?");
    }
    const methodEnd = at++;
    const targetStart = at;
    while (at < end && TARGET[bytes[at] ?? 0] === 1) at++;
    if (at - targetStart > LIMITS.targetBytes) throw targetTooLong();
    if (at >= end) return INCOMPLETE;
    if (at === targetStart || bytes[at] !== SPACE) throw wrongTargetEnd(bytes[at] ?? 0);
    const targetEnd = at++;
    const next = this.#parseVersion(bytes, at);
    if (next === INCOMPLETE) return INCOMPLETE;
    this.#method = methodName(bytes, start, methodEnd);
    this.#target = bytes.toString("latin1", targetStart, targetEnd);
    return next;
  }

  /** The version and the end of its line. */
  #parseVersion(bytes: Buffer, start: number): number {
    const end = start + VERSION.length;
    for (let index = 0; index < VERSION.length; index++) {
      const octet = bytes[start + index];
      if (octet === undefined) return INCOMPLETE;
      if (octet === VERSION[index]) continue;
      throw isOtherVersion(bytes, start)
        ? otherVersion()
        : broken("request-line", "Cannot read the version: HTTP/1.1 is needed");
    }
    if (end + 2 >= bytes.length) return INCOMPLETE;
    const minor = bytes[end] ?? 0;
    if (minor !== ONE && minor !== ZERO) {
      throw minor > ONE && minor <= NINE
        ? otherVersion()
        : broken("request-line", "Cannot read the version: HTTP/1.1 is needed");
    }
    if (bytes[end + 1] !== CR || bytes[end + 2] !== LF) {
      const rule = bytes[end + 1] === CR || bytes[end + 1] === LF ? "line-break" : "request-line";
      throw broken(rule, "Cannot read the request line: behind the version a CRLF is needed, and nothing else");
    }
    this.#minorVersion = minor === ONE ? 1 : 0;
    return end + 3;
  }

  #parseField(bytes: Buffer, start: number): number {
    const end = bytes.length;
    let at = start;
    let hash = 0;
    for (let octet = bytes[at] ?? 0; at < end && TOKEN[octet] === 1; octet = bytes[++at] ?? 0)
      hash = hashStep(hash, octet);
    if (at >= end) return INCOMPLETE;
    if (at === start || bytes[at] !== COLON) throw wrongName(bytes, start, at);
    const nameEnd = at++;
    while (at < end && isBlank(bytes[at])) at++;
    const valueStart = at;
    while (at < end && FIELD_TEXT[bytes[at] ?? 0] === 1) at++;
    if (at + 1 >= end) return INCOMPLETE;
    if (bytes[at] !== CR) {
      if (bytes[at] === LF) throw bareLineFeed();
      throw broken(
        "field-value",
        `Cannot read the field ${nameOf(bytes, start, nameEnd)}: its value has a control character`,
      );
    }
    if (bytes[at + 1] !== LF) throw bareCarriageReturn();
    const next = at + 2;
    while (at > valueStart && isBlank(bytes[at - 1])) at--;
    if (this.#places.length >= LIMITS.headFields * NUMBERS_A_FIELD) throw tooManyFields();
    // Counted from the first byte of the request: with the next bytes that come all of it may lie elsewhere.
    const from = this.#from;
    this.#places.push(hash, start - from, nameEnd - from, valueStart - from, at - from);
    return next;
  }

  #requireBounds(bytes: number): void {
    if (this.#method === null && bytes > LIMITS.targetBytes + METHOD_BYTES_MAX + LINE_REST_BYTES) throw targetTooLong();
    if (bytes > LIMITS.headBytes) throw headTooLarge();
  }
}

/** The methods that come most, without making a text of their bytes. */
function methodName(bytes: Buffer, start: number, end: number): string {
  const [first, second, third] = [bytes[start], bytes[start + 1], bytes[start + 2]];
  if (end - start === 3) {
    if (first === 0x47 && second === 0x45 && third === 0x54) return "GET";
    if (first === 0x50 && second === 0x55 && third === 0x54) return "PUT";
  }
  return bytes.toString("latin1", start, end);
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}

/** "HTTP/" and a digit, but not 1. */
function isOtherVersion(bytes: Buffer, start: number): boolean {
  return /^HTTP\/[02-9]/.test(bytes.toString("latin1", start, start + VERSION.length));
}

/** Of what stands where the space behind a target should. */
function wrongTargetEnd(octet: number): KeyholdError {
  if (octet === SPACE || octet === TAB || octet === CR || octet === LF) {
    return broken(
      "request-line",
      "Cannot read the request line: METHOD TARGET HTTP/1.1 is needed, with one space between",
    );
  }
  return broken("target", "Cannot read the target: it has a control character; percent-encode it");
}

function wrongName(bytes: Buffer, start: number, at: number): KeyholdError {
  const octet = bytes[at];
  if (octet === LF) return bareLineFeed();
  if (octet === CR) return broken("field-name", `Cannot read the field ${nameOf(bytes, start, at)}: it has no colon`);
  if (!isBlank(octet)) return broken("field-name", "Cannot read a field: its name has a character that no name has");
  if (at === start) {
    return broken("field-fold", "Cannot read a field that is folded over lines: send its value in one (RFC 9112 §5.2)");
  }
  return broken(
    "space-before-colon",
    `Cannot read the field ${nameOf(bytes, start, at)}: there is a space before its colon`,
  );
}

/** Made of the characters of a token, so that it can be shown. */
function nameOf(bytes: Buffer, start: number, end: number): string {
  return JSON.stringify(bytes.toString("latin1", start, Math.min(end, start + METHOD_BYTES_MAX)));
}

function bareLineFeed(): KeyholdError {
  return broken("line-break", "Cannot read the head: a line ends with a bare LF; CRLF is needed");
}

function bareCarriageReturn(): KeyholdError {
  return broken("line-break", "Cannot read the head: a bare CR stands in it; only CRLF ends a line");
}

function otherVersion(): KeyholdError {
  return new KeyholdError(
    "version-not-supported",
    "Cannot answer this version of HTTP: HTTP/1.1 is spoken here, and HTTP/1.0",
  );
}

function targetTooLong(): KeyholdError {
  return new KeyholdError(
    "target-too-long",
    `Cannot read the target: it has more than ${LIMITS.targetBytes} bytes; send what is long in a body, as QUERY /keys and POST /keys take it`,
    { limit: LIMITS.targetBytes },
  );
}

function headTooLarge(): KeyholdError {
  return new KeyholdError(
    "head-too-large",
    `Cannot read the head: it has more than ${LIMITS.headBytes} bytes; send fewer or shorter fields`,
    { limit: LIMITS.headBytes },
  );
}

function tooManyFields(): KeyholdError {
  return new KeyholdError(
    "head-too-large",
    `Cannot read the head: it has more than ${LIMITS.headFields} fields; send fewer`,
    {
      limit: LIMITS.headFields,
    },
  );
}
