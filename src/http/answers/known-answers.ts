// Answers to plain reads of one entry, ready to be sent again: half of what such a read costs is the store, and half of the rest
// the making of its fields. They are kept as they went on the wire, found by the target that was asked for, and sent for as long
// as the marks of the store say that nothing has been committed to the entry since it was read (store/write-marks.ts).
//
// What may be kept: the answer 200 to a GET, where it depends on the entry alone. So nothing of requests with conditions other
// than one entity tag, with ranges or tokens, or that ask for another form than what comes first; and of no entry that ends.
import type { RouteSeries } from "../../observe/http-metrics.ts";
import type { WriteMarks } from "../../store/write-marks.ts";
import { FIELD } from "../../wire/headers.ts";
import type { Incoming, Prepared, RecalledRequest, Reply, ReplyHeaders } from "../exchange.ts";
import { AnswerRing } from "./answer-ring.ts";

/** What is known of a request's answer. */
export interface KnownAnswer {
  readonly answer: Prepared;
  readonly bodyBytes: number;
  /** Of the GET that was answered with it first. */
  readonly series: RouteSeries;
}

export interface KnownAnswersOptions {
  readonly marks: WriteMarks;
  /** More than none. */
  readonly limitBytes: number;
  /** Collects what the process has left behind; may take its time. */
  readonly collect: () => void;
}

/** Larger bodies are not kept: sending them costs more than making them. */
const BODY_BYTES_MAX = 16 * 1024;
/** Fields that make the answer another, or a refusal. */
const DECIDING_FIELDS = [
  FIELD.accept,
  FIELD.ifNoneMatch,
  FIELD.range,
  FIELD.ifMatch,
  FIELD.ifModifiedSince,
  FIELD.ifUnmodifiedSince,
  FIELD.idempotencyKey,
  FIELD.authorization,
] as const;
/** Those of which none may be there at all. */
const REFUSED_FIELDS = DECIDING_FIELDS.filter((name) => name !== FIELD.accept && name !== FIELD.ifNoneMatch);
/** Of the content: a client that has it is not told again (RFC 9110 §15.4.5). */
const CONTENT_FIELDS: readonly string[] = [FIELD.contentType, FIELD.contentDisposition];
/** What is the same for many entries is kept once. */
const COMMON_FIELDS: readonly string[] = [
  FIELD.cacheControl,
  FIELD.acceptRanges,
  FIELD.contentTypeOptions,
  FIELD.resourcePolicy,
  FIELD.contentSecurityPolicy,
  FIELD.vary,
];
/** What curl sends. */
const ANY_TYPE = "*/*";
const KINDS_MAX = 64;
/**
 * The runtime lets garbage grow with all memory that it knows of, the answers kept among it; so they are collected for it, every
 * so many requests of some kilobytes each.
 */
const REQUESTS_A_COLLECTION = 16_384;
const COLLECTED_FROM_BYTES = 16 * 1024 * 1024;

interface Kind {
  readonly common: Buffer;
  readonly series: RouteSeries;
}

export class KnownAnswers {
  readonly #options: KnownAnswersOptions;
  readonly #ring: AnswerRing;
  readonly #kinds: Kind[] = [];
  #requests = 0;

  constructor(options: KnownAnswersOptions) {
    this.#options = options;
    this.#ring = new AnswerRing(options.limitBytes);
  }

  /** To be told of every request, whatever it asks. */
  noteRequest(): void {
    if (++this.#requests % REQUESTS_A_COLLECTION !== 0) return;
    if (this.#ring.bytes > COLLECTED_FROM_BYTES) this.#options.collect();
  }

  /** The answer to a request, where it is known. To be sent before anything else is put here. */
  find(request: RecalledRequest): KnownAnswer | null {
    const { method, target } = request;
    if (method !== "GET" && method !== "HEAD") return null;
    const isBare = !request.mayHave(DECIDING_FIELDS);
    if (!isBare && !isPlain(request)) return null;
    const found = this.#ring.find(target);
    if (found === null || !this.#options.marks.stands(found.stamp)) return null;
    const kind = this.#kinds[found.kind];
    if (kind === undefined) return null;
    const { bytes, from, firstCut, secondCut, to } = found;
    const { common, series } = kind;
    const asked = isBare ? null : request.header(FIELD.ifNoneMatch);
    if (asked !== null) {
      if (!isTagAt(asked, bytes, secondCut)) return null;
      return { answer: { status: 304, common, bytes, from: firstCut, to: secondCut }, bodyBytes: 0, series };
    }
    const bodyBytes = method === "HEAD" ? 0 : to - secondCut;
    return { answer: { status: 200, common, bytes, from, to: secondCut + bodyBytes }, bodyBytes, series };
  }

  /** Keeps the answer that a request has been given, where others may be given the same. */
  keep(incoming: Incoming, reply: Reply, series: RouteSeries): void {
    const { stands, body, status, headers } = reply;
    if (stands === undefined || status !== 200 || incoming.method !== "GET" || !isPlain(incoming)) return;
    const tag = headers[FIELD.etag];
    if (tag === undefined || incoming.header(FIELD.ifNoneMatch) !== null) return;
    const bodyBytes = typeof body === "string" ? Buffer.from(body) : body;
    if (!(bodyBytes instanceof Uint8Array) || bodyBytes.length > BODY_BYTES_MAX) return;
    const kind = this.#kindOf(headers, series);
    if (kind === null) return;
    const content = `${FIELD.contentLength}: ${bodyBytes.length}\r\n${linesOf(headers, (name) => CONTENT_FIELDS.includes(name))}`;
    const own = `${linesOf(headers, isOwn)}${lineOf(FIELD.etag, tag)}\r\n`;
    const cuts = [content.length, content.length + own.length] as const;
    const parts = [Buffer.from(content, "latin1"), Buffer.from(own, "latin1"), bodyBytes];
    this.#ring.put(incoming.target, { stamp: stands, kind, cuts, parts });
  }

  #kindOf(headers: ReplyHeaders, series: RouteSeries): number | null {
    const lines = linesOf(headers, (name) => COMMON_FIELDS.includes(name));
    const known = this.#kinds.findIndex((kind) => kind.series === series && kind.common.toString("latin1") === lines);
    if (known >= 0) return known;
    if (this.#kinds.length === KINDS_MAX) return null;
    return this.#kinds.push({ common: Buffer.from(lines, "latin1"), series }) - 1;
  }
}

/** Whether the answer follows from the entry alone, but for an entity tag that the client may have. */
function isPlain(incoming: Pick<Incoming, "header">): boolean {
  const accept = incoming.header(FIELD.accept);
  return (accept === null || accept === ANY_TYPE) && REFUSED_FIELDS.every((name) => incoming.header(name) === null);
}

function isOwn(name: string): boolean {
  return name !== FIELD.etag && !CONTENT_FIELDS.includes(name) && !COMMON_FIELDS.includes(name);
}

function linesOf(headers: ReplyHeaders, isWanted: (name: string) => boolean): string {
  let lines = "";
  for (const name in headers) if (isWanted(name)) lines += lineOf(name, headers[name] ?? "");
  return lines;
}

function lineOf(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

/** Whether the line of the entity tag, which ends before the two line ends at `end`, says exactly this. */
function isTagAt(tag: string, bytes: Buffer, end: number): boolean {
  const from = end - "\r\n\r\n".length - tag.length;
  const line = `${FIELD.etag}: ${tag}`;
  return from >= 0 && bytes.toString("latin1", from - FIELD.etag.length - 2, from + tag.length) === line;
}
