// The requests of the model on the wire, and what their answers tell, in the model's words (contract §4 to §9).
import type { KeptAnswer } from "../../support/kept-connection.ts";
import { type Answer, type Condition, NOTHING_TOLD, type ReadView, type Request, type Shown } from "./key-model.ts";

/** An answer that no request here may get, such as 500. */
export class UnexpectedAnswer extends Error {}

/** @param host - for the field Host */
export function renderRequest(request: Request, key: string, host: string): string {
  switch (request.kind) {
    case "read":
      return `${readLine(request.view, key)} HTTP/1.1\r\nHost: ${host}\r\n${request.view === "unless" ? `If-None-Match: ${request.tag}\r\n` : ""}\r\n`;
    case "put":
      return withBody(`PUT /${key}`, host, `Content-Type: text/plain\r\n${field(request.condition)}`, request.value);
    case "delete":
      return `DELETE /${key} HTTP/1.1\r\nHost: ${host}\r\n${field(request.condition)}${request.isTake ? "Prefer: return=representation\r\n" : ""}\r\n`;
    case "count": {
      const { by, min, max } = request;
      const bounds = `${min === null ? "" : `&min=${min}`}${max === null ? "" : `&max=${max}`}`;
      return withBody(`PATCH /${key}`, host, FORM, `${by < 0 ? `decr=${-by}` : `incr=${by}`}${bounds}`);
    }
    case "append":
      return withBody(`PATCH /${key}`, host, FORM, `append=${request.text}`);
  }
}

/** Null where the server says that it has done nothing, and does not say of the key what would let it be judged. @throws UnexpectedAnswer */
export function readAnswer(request: Request, key: string, answer: KeptAnswer): Answer | null {
  const { status, body } = answer;
  if (status === 503) return null;
  if (status === 504) return { kind: "unknown" };
  if (request.kind === "read") {
    const entry = readShown(request, key, answer);
    if (entry !== "other") return { kind: "shown", entry };
  } else if (status === 412) return { kind: "mismatch", revision: memberOf(body, "revision") };
  else if (request.kind === "delete") {
    if (status === 404) return { kind: "missing" };
    if (status === 204) return { kind: "removed", entry: NOTHING_TOLD };
    if (status === 200) return { kind: "removed", entry: shownBy(answer, body) };
  } else if (status === 200 || status === 201 || status === 204) {
    const hasValue = request.kind === "count";
    return { kind: "written", isNew: status === 201, entry: shownBy(answer, hasValue ? body : null) };
  } else if (status === 409 && request.kind === "count") {
    if (body.includes('"code":"not-an-integer"')) return { kind: "refused", code: "not-an-integer", value: null };
    const stands = memberOf(body, "value");
    return { kind: "refused", code: "out-of-range", value: stands === null ? null : String(stands) };
  } else if (status === 413 && request.kind === "append") {
    return { kind: "refused", code: "value-too-large", value: null };
  }
  throw new UnexpectedAnswer(`${JSON.stringify(request)} of ${key} was answered ${answer.head} ${body}`);
}

const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";

function readLine(view: ReadView, key: string): string {
  switch (view) {
    case "value":
    case "unless":
      return `GET /${key}`;
    case "head":
      return `HEAD /${key}`;
    case "listing":
      return `GET /keys?key=${key}`;
    case "entry":
      return `GET /keys/${key}?meta`;
  }
}

function withBody(line: string, host: string, fields: string, body: string): string {
  return `${line} HTTP/1.1\r\nHost: ${host}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function field(condition: Condition): string {
  if (condition.kind === "none") return "";
  return condition.kind === "absent" ? "If-None-Match: *\r\n" : `If-Match: ${condition.tag}\r\n`;
}

/** "other" where the answer is none of such a read. */
function readShown(
  { view, tag }: Extract<Request, { kind: "read" }>,
  key: string,
  answer: KeptAnswer,
): Shown | null | "other" {
  const { status, head, body } = answer;
  if (status === 404 && view !== "listing") return null;
  if (status === 304 && view === "unless") {
    const shown = shownBy(answer, null);
    // It says of the tag that was sent that it is the entry's.
    return shown.tag === tag ? shown : "other";
  }
  if (status !== 200) return "other";
  // Where the tag that was sent is the entry's, it is 304.
  if (view === "unless" && shownBy(answer, null).tag === tag) return "other";
  if (view === "head") return { ...shownBy(answer, null), bytes: Number(fieldOf(head, "Content-Length")) };
  if (view === "value" || view === "unless") return shownBy(answer, body);
  const told = JSON.parse(body);
  if (view === "entry") {
    return { value: String(told.value), bytes: told.size, tag: told.etag, revision: told.revision };
  }
  const [pair] = told;
  return pair === undefined ? null : { ...NOTHING_TOLD, value: String(pair[key]) };
}

function shownBy({ head }: KeptAnswer, value: string | null): Shown {
  const revision = fieldOf(head, "Revision");
  return { value, bytes: null, tag: fieldOf(head, "ETag"), revision: revision === null ? null : Number(revision) };
}

/** The server's own spelling is looked for. */
function fieldOf(head: string, name: string): string | null {
  const at = head.indexOf(`\r\n${name}: `);
  if (at < 0) return null;
  const start = at + name.length + 4;
  const end = head.indexOf("\r\n", start);
  return head.slice(start, end < 0 ? head.length : end);
}

/** A number, or null; of a problem, which is JSON of one line. */
function memberOf(problem: string, name: string): number | null {
  const [, number] = new RegExp(`"${name}":(-?\\d+)`).exec(problem) ?? [];
  return number === undefined ? null : Number(number);
}
