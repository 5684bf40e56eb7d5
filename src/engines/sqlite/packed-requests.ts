// Requests to the writer in one buffer that changes hands. Structured clone takes some 7 µs on either side for a request of a few
// small objects, a fifth of what a PUT costs; this takes one. What comes most is packed: one put without conditions, of a
// value that is not large. All others go beside it as they are.
//
// Not a stored format: both sides are of one process.
import { type Mutation, makeBatch, UNNAMED } from "../../core/batch.ts";
import { ALWAYS } from "../../core/condition.ts";
import { type Expiry, KEEP, NEVER, toEpochMs } from "../../core/expiry.ts";
import { keyOfText } from "./key-bytes.ts";
import { VALUE_FORMS } from "./layout.ts";
import type { WriteRequest } from "./messages.ts";

export interface PackedRequests {
  /** One record for each request. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Those whose record says that they are here, in order. */
  readonly others: readonly WriteRequest[];
}

/** What a record begins with: a word of its kind, the lengths of key, media type and value, and the instant or time of its end. */
const HEAD_BYTES = 24;
const UNIT_BYTES = 8;
const WORD_BYTES = 4;
/** A larger value is copied by the clone as fast as here. */
const VALUE_BYTES_MAX = 64 * 1024;
const UTF8_BYTES_A_UNIT = 3;
const OTHER = 0;
/** Kinds of expiry, each with 1 added, in the lowest byte of the first word; the form of the value in the next. */
const EXPIRIES: readonly Expiry["kind"][] = ["never", "keep", "at", "in"];
const FORM_SHIFT = 8;
/** In place of a length: the media type is that of the record before. */
const SAME_TYPE = -1;

type Put = Extract<Mutation, { op: "put" }>;

export function packRequests(requests: readonly WriteRequest[]): PackedRequests {
  const puts = requests.map(putOf);
  const room = puts.reduce((sum, put) => sum + roomOf(put), 0);
  const bytes = Buffer.from(new ArrayBuffer(room));
  const words = new Int32Array(bytes.buffer);
  const ends = new Float64Array(bytes.buffer);
  const others: WriteRequest[] = [];
  let at = 0;
  let contentType = "";
  for (const [index, put] of puts.entries()) {
    const request = requests[index];
    const word = at / WORD_BYTES;
    let end = at + HEAD_BYTES;
    if (put === null) {
      words[word] = OTHER;
      if (request !== undefined) others.push(request);
    } else {
      const { key, value, expiry } = put;
      words[word] = (1 + expiryNumber(expiry)) | (VALUE_FORMS.indexOf(put.form) << FORM_SHIFT);
      end += words[word + 1] = bytes.write(key, end);
      if (put.contentType === contentType) words[word + 2] = SAME_TYPE;
      else end += words[word + 2] = bytes.write(put.contentType, end);
      contentType = put.contentType;
      words[word + 3] = value.length;
      bytes.set(value, end);
      end += value.length;
      ends[at / UNIT_BYTES + 2] = expiry.kind === "at" ? expiry.at : expiry.kind === "in" ? expiry.ms : 0;
    }
    at = aligned(end);
  }
  return { bytes: new Uint8Array(bytes.buffer), count: requests.length, others };
}

/** Requires: what packRequests() has made. Values lie in its bytes. */
export function unpackRequests({ bytes, count, others }: PackedRequests): readonly WriteRequest[] {
  const all = Buffer.from(bytes.buffer);
  const words = new Int32Array(bytes.buffer);
  const ends = new Float64Array(bytes.buffer);
  const requests: WriteRequest[] = [];
  let at = 0;
  let contentType = "";
  let passed = 0;
  for (let index = 0; index < count; index++) {
    const word = at / WORD_BYTES;
    const [kind = 0, keyBytes = 0, typeBytes = 0, valueBytes = 0] = [
      words[word],
      words[word + 1],
      words[word + 2],
      words[word + 3],
    ];
    let end = at + HEAD_BYTES;
    if (kind === OTHER) {
      const other = others[passed++];
      if (other !== undefined) requests.push(other);
    } else {
      const key = keyOfText(all.toString("utf8", end, end + keyBytes));
      end += keyBytes;
      if (typeBytes !== SAME_TYPE) {
        contentType = all.toString("utf8", end, end + typeBytes);
        end += typeBytes;
      }
      const value = new Uint8Array(bytes.buffer, end, valueBytes);
      end += valueBytes;
      const form = VALUE_FORMS[kind >> FORM_SHIFT] ?? "bytes";
      const expiry = expiryOf((kind & 0xff) - 1, ends[at / UNIT_BYTES + 2] ?? 0);
      const put: Put = { op: "put", key, when: ALWAYS, want: "info", value, contentType, form, expiry };
      requests.push({ kind: "commit", batch: makeBatch([put]), ...UNNAMED });
    }
    at = aligned(end);
  }
  return requests;
}

/** The put of a request that is nothing else; null for one that is not packed. */
function putOf(request: WriteRequest): Put | null {
  if (request.kind !== "commit" || request.once !== null || request.otherwise.length > 0) return null;
  const [first, second] = request.batch;
  if (first === undefined || second !== undefined || first.op !== "put") return null;
  const isPlain = first.when.length === 0 && first.want === "info" && first.value.length <= VALUE_BYTES_MAX;
  return isPlain && first.expiry.kind !== "ifNew" ? first : null;
}

function roomOf(put: Put | null): number {
  if (put === null) return HEAD_BYTES;
  const texts = (put.key.length + put.contentType.length) * UTF8_BYTES_A_UNIT;
  return aligned(HEAD_BYTES + texts + put.value.length);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES;
}

function expiryNumber({ kind }: Expiry): number {
  return EXPIRIES.indexOf(kind);
}

function expiryOf(number: number, ms: number): Expiry {
  switch (EXPIRIES[number]) {
    case "keep":
      return KEEP;
    case "at":
      return { kind: "at", at: toEpochMs(ms) };
    case "in":
      return { kind: "in", ms };
    default:
      return NEVER;
  }
}
