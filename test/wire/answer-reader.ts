// Reads answers off a raw connection as strictly as RFC 9112 is written: what a lenient client would forgive is an error here.
// Of one answer at a time, from the bytes that have come so far.

export interface RawAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** One octet a character. */
  readonly body: string;
  readonly framing: "length" | "chunked" | "close" | "none";
  /** Where the next one begins. */
  readonly end: number;
}

export interface AnswerSource {
  readonly bytes: Buffer;
  /** Where the answer begins. */
  readonly start: number;
  /** Whether it answers HEAD. */
  readonly isHead: boolean;
  /** Whether no more bytes come. */
  readonly hasEnded: boolean;
}

/** The answer breaks a rule of HTTP. */
export class BadAnswer extends Error {}

interface Body {
  readonly text: string;
  readonly end: number;
}

const END_OF_HEAD = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [\t\x20-\x7e]*$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;
const LENGTH = /^(?:0|[1-9][0-9]*)$/;
const CHUNK_SIZE = /^[0-9a-f]{1,8}$/i;

/** Null while it is not whole. @throws BadAnswer */
export function readAnswer({ bytes, start, isHead, hasEnded }: AnswerSource): RawAnswer | null {
  const headEnd = bytes.indexOf(END_OF_HEAD, start, "latin1");
  if (headEnd < 0) return null;
  const [statusLine = "", ...lines] = bytes.toString("latin1", start, headEnd).split("\r\n");
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? wrong(`the status line is ${JSON.stringify(statusLine)}`));
  const fields = readFields(lines);
  const at = headEnd + END_OF_HEAD.length;
  const framing = framingOf(status, fields, isHead);
  const body = readBody({ bytes, start: at, isHead, hasEnded }, framing, Number(fields.get("content-length")));
  return body === null ? null : { status, fields, body: body.text, framing, end: body.end };
}

function readFields(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = wrong(`a field is ${JSON.stringify(line)}`), value = ""] = FIELD_LINE.exec(line) ?? [];
    if (fields.has(name.toLowerCase())) wrong(`the field ${name} comes twice`);
    fields.set(name.toLowerCase(), value);
  }
  return fields;
}

/** RFC 9112 §6.3, and what RFC 9110 §8.6 forbids beside it. */
function framingOf(status: number, fields: ReadonlyMap<string, string>, isHead: boolean): RawAnswer["framing"] {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== undefined && coding !== "chunked") wrong(`Transfer-Encoding is ${coding}`);
  if (coding !== undefined && length !== undefined) wrong("Content-Length stands beside Transfer-Encoding");
  if (length !== undefined && !LENGTH.test(length)) wrong(`Content-Length is ${length}`);
  if (status < 200 || status === 204) {
    if (coding !== undefined || length !== undefined) wrong(`${status} speaks of a body`);
    return "none";
  }
  if (isHead || status === 304) return "none";
  if (coding !== undefined) return "chunked";
  return length === undefined ? "close" : "length";
}

function readBody(source: AnswerSource, framing: RawAnswer["framing"], length: number): Body | null {
  const { bytes, start, hasEnded } = source;
  switch (framing) {
    case "none":
      return { text: "", end: start };
    case "length":
      return bytes.length < start + length
        ? null
        : { text: bytes.toString("latin1", start, start + length), end: start + length };
    case "close":
      return hasEnded ? { text: bytes.toString("latin1", start), end: bytes.length } : null;
    case "chunked":
      return readChunks(bytes, start);
    default:
      return framing satisfies never;
  }
}

/** Without extensions and trailers, which no answer of ours has. */
function readChunks(bytes: Buffer, start: number): Body | null {
  const pieces: string[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at, "latin1");
    if (lineEnd < 0) return null;
    const line = bytes.toString("latin1", at, lineEnd);
    if (!CHUNK_SIZE.test(line)) wrong(`a chunk begins with ${JSON.stringify(line)}`);
    const dataStart = lineEnd + 2;
    const dataEnd = dataStart + Number.parseInt(line, 16);
    if (bytes.length < dataEnd + 2) return null;
    if (bytes.toString("latin1", dataEnd, dataEnd + 2) !== "\r\n") wrong("no CRLF stands behind a chunk");
    if (dataEnd === dataStart) return { text: pieces.join(""), end: dataEnd + 2 };
    pieces.push(bytes.toString("latin1", dataStart, dataEnd));
    at = dataEnd + 2;
  }
}

function wrong(what: string): never {
  throw new BadAnswer(`The answer is no HTTP: ${what}`);
}
