// Reads what a server has sent on one connection as a client does that knows what it asked (RFC 9112 §6.3), and more strictly:
// every byte must belong to an answer, and every answer must be framed in one way.

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x20-\x7e\x80-\xff]*)$/;

/**
 * The answers in order, 1xx included.
 *
 * @param isHead - whether the request that an answer is to, counted without 1xx, was HEAD
 * @param isEnded - whether the server has closed: an answer without a length ends so
 * @throws MalformedAnswer where a byte does not fit, or the last answer is not whole
 */
export function readAnswers(sent: string, isHead: (index: number) => boolean, isEnded: boolean): readonly Answer[] {
  const answers: Answer[] = [];
  let finals = 0;
  for (let at = 0; at < sent.length; ) {
    const headEnd = sent.indexOf("\r\n\r\n", at);
    if (headEnd < 0) throw new MalformedAnswer(`The head of answer ${answers.length} has no end`);
    const { status, fields } = readHead(sent.slice(at, headEnd));
    at = headEnd + 4;
    const isBodiless = status < 200 || status === 204 || status === 304 || isHead(finals);
    const { body, end } = isBodiless ? { body: "", end: at } : readBody(sent, at, fields, isEnded);
    answers.push({ status, fields, body });
    at = end;
    if (status >= 200) finals++;
  }
  return answers;
}

function readHead(text: string): { status: number; fields: ReadonlyMap<string, string> } {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const [, status] = STATUS_LINE.exec(statusLine) ?? [];
  if (status === undefined) throw new MalformedAnswer(`No status line: ${JSON.stringify(statusLine)}`);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ""] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) throw new MalformedAnswer(`No field: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    if (fields.has(key)) throw new MalformedAnswer(`The field ${name} is there twice`);
    fields.set(key, value);
  }
  if (Number(status) >= 200 && !fields.has("date")) throw new MalformedAnswer(`${statusLine} has no Date`);
  return { status: Number(status), fields };
}

function readBody(sent: string, at: number, fields: ReadonlyMap<string, string>, isEnded: boolean) {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (length !== undefined && coding !== undefined) throw new MalformedAnswer("An answer has a length and a coding");
  if (coding === "chunked") return readChunks(sent, at);
  if (coding !== undefined) throw new MalformedAnswer(`An answer is coded as ${coding}`);
  if (length === undefined) {
    if (!isEnded || fields.get("connection") !== "close") throw new MalformedAnswer("An answer has no end");
    return { body: sent.slice(at), end: sent.length };
  }
  if (!/^[0-9]+$/.test(length)) throw new MalformedAnswer(`An answer has the length ${length}`);
  const end = at + Number(length);
  if (end > sent.length) throw new MalformedAnswer("The last answer is shorter than its length");
  return { body: sent.slice(at, end), end };
}

function readChunks(sent: string, start: number) {
  let body = "";
  for (let at = start; ; ) {
    const lineEnd = sent.indexOf("\r\n", at);
    const digits = sent.slice(at, lineEnd);
    if (lineEnd < 0 || !/^[0-9a-fA-F]+$/.test(digits)) throw new MalformedAnswer("A chunk has no size");
    const size = Number.parseInt(digits, 16);
    const end = lineEnd + 2 + size;
    if (sent.slice(end, end + 2) !== "\r\n") throw new MalformedAnswer("A chunk has no end");
    body += sent.slice(lineEnd + 2, end);
    at = end + 2;
    if (size === 0) return { body, end: at };
  }
}
