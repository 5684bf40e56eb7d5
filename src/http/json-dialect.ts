// `/keys/{key}` is the entry seen as JSON, `{"key": value}`; on request the whole entry, or the bytes (contract §5).
import { type Entry, type EntryInfo, hasValue } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { EpochMs } from "../core/expiry.ts";
import { isShortKey, type Key, parseKey } from "../core/key.ts";
import { essence, requireContentType } from "../core/media-type.ts";
import { type Content, contentOfBytes, contentOfJson, entryToJson, entryToMetaJson } from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { decodeJsonText, type JsonMember, parseJsonObject } from "../wire/json-object.ts";
import { negotiate } from "./accept.ts";
import { readBody, storedContentType } from "./body.ts";
import type { Dialect, View } from "./dialect.ts";
import { bytesHeaders, readHeaders, writtenHeaders } from "./entry-headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { JSON_VIEW_SUFFIX } from "./preconditions.ts";
import { encodePath } from "./target.ts";

/** A byte of a value takes at most six in JSON, as `\u0041`; the rest of the body is its key and brackets. */
const JSON_BYTES_PER_BYTE = 6;
const JSON_FRAME_BYTES = 8192;

export interface JsonDialectOptions {
  readonly maxValueBytes: number;
}

export function makeJsonDialect({ maxValueBytes }: JsonDialectOptions): Dialect {
  return {
    readParameters: ["meta", "wait"],
    readFlags: ["meta"],
    ownView: pairView,
    maxValueBytes,
    tooLarge: (key) => valueTooLarge(key, maxValueBytes),
    showsWrites: true,
    parseKey,

    view(incoming, parameters, contentType) {
      const hasMeta = parameters.flag("meta");
      const offers = hasMeta ? [MEDIA.json] : [...new Set([MEDIA.json, MEDIA.bytes, contentType])];
      const chosen = negotiate(incoming.header(FIELD.accept), offers);
      if (chosen === null) {
        throw new KeyholdError(
          "not-acceptable",
          `Cannot answer as ${incoming.header(FIELD.accept)}: this entry is served as ${offers.join(", ")}`,
        );
      }
      if (chosen !== MEDIA.json) return bytesView;
      return hasMeta ? metaView : pairView;
    },

    async readContent(incoming, key) {
      const content = await readContent(incoming, key, maxValueBytes);
      return requireValueSize(content, key, maxValueBytes);
    },

    written({ info, isNew }, { value }, now, isShown) {
      return isShown ? pairReply({ ...info, value }, isNew, now) : minimalReply(info, isNew, now);
    },

    edited({ info, isNew }, now, isShown) {
      if (!isShown) return minimalReply(info, isNew, now);
      if (!hasValue(info)) throw new KeyholdError("internal", "The store answered no value");
      return pairReply(info, isNew, now);
    },

    deleted: () => ({ status: 200, headers: { [FIELD.contentType]: MEDIA.json }, body: '{"deleted": 1}' }),
  };
}

/** The answer to a write: the pair as stored. */
function pairReply(entry: Entry, isNew: boolean, now: EpochMs): Reply {
  const headers = writtenHeaders(entry, now, JSON_VIEW_SUFFIX);
  headers[FIELD.contentType] = MEDIA.json;
  if (isNew) headers[FIELD.location] = `/keys/${encodePath(entry.key)}`;
  return { status: isNew ? 201 : 200, headers, body: entryToJson(entry) };
}

/** The same without the pair. */
function minimalReply(info: EntryInfo, isNew: boolean, now: EpochMs): Reply {
  const headers = writtenHeaders(info, now, JSON_VIEW_SUFFIX);
  headers[FIELD.preferenceApplied] = "return=minimal";
  if (isNew) headers[FIELD.location] = `/keys/${encodePath(info.key)}`;
  return { status: isNew ? 201 : 204, headers, body: null };
}

/** Longest JSON body that can hold one value of `maxValueBytes`. */
export function jsonBodyBytes(maxValueBytes: number): number {
  return maxValueBytes * JSON_BYTES_PER_BYTE + JSON_FRAME_BYTES;
}

/** @throws "value-too-large" naming limit and option */
export function requireValueSize(content: Content, key: Key, maxValueBytes: number): Content {
  if (content.value.length <= maxValueBytes) return content;
  throw valueTooLarge(key, maxValueBytes);
}

export function valueTooLarge(key: Key | null, maxValueBytes: number): KeyholdError {
  return new KeyholdError(
    "value-too-large",
    `Cannot store the value: it has more than ${maxValueBytes} bytes, the limit of this server; --max-value raises it`,
    { ...(key !== null && { key }), limit: maxValueBytes, option: "--max-value" },
  );
}

async function readContent(incoming: Incoming, key: Key, maxValueBytes: number): Promise<Content> {
  const sentType = essence(incoming.header(FIELD.contentType) ?? "");
  const mayBeJson = sentType === MEDIA.json || sentType === MEDIA.form;
  const maxBytes = mayBeJson ? jsonBodyBytes(maxValueBytes) : maxValueBytes;
  const body = await readBody(incoming, { maxBytes, tooLarge: () => valueTooLarge(key, maxValueBytes) });
  if (sentType === MEDIA.json || (mayBeJson && isJson(body))) return contentOfPair(decodeJsonText(body), key);
  return contentOfBytes(body, requireContentType(storedContentType(incoming)));
}

function contentOfPair(text: string, key: Key): Content {
  const members = parseJsonObject(text, (found) => keyMismatch(key, `this is ${found}`));
  const [member]: readonly (JsonMember | undefined)[] = members;
  if (members.length === 1 && member !== undefined && member.name === key) return contentOfJson(member.text);
  const names = members.slice(0, 3).map(({ name }) => JSON.stringify(name));
  const rest = members.length > 3 ? ", …" : "";
  throw keyMismatch(key, names.length === 0 ? "it has none" : `it has ${names.join(", ")}${rest}`);
}

function keyMismatch(key: Key, found: string): KeyholdError {
  return new KeyholdError(
    "key-mismatch",
    `Cannot store the body: an object with the one member ${JSON.stringify(key)} is needed, as in the path, and ${found}; to store a body as it is, send it as another type, such as text/plain`,
    { key },
  );
}

/** What curl -d sends is read as JSON only when it is JSON. */
function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(decodeJsonText(body));
    return true;
  } catch {
    return false;
  }
}

function jsonView(tagSuffix: string | null, body: (entry: Entry, now: EpochMs) => string): View {
  return {
    tagSuffix,
    hasRanges: false,
    headers(entry, now) {
      const headers = readHeaders(entry, now, tagSuffix);
      headers[FIELD.contentType] = MEDIA.json;
      headers[FIELD.vary] = "Accept";
      return headers;
    },
    body,
  };
}

const pairView = jsonView(JSON_VIEW_SUFFIX, (entry) => entryToJson(entry));
/** Its `ttl` changes by the second, so no tag could name it. */
const metaView = jsonView(null, (entry, now) => entryToMetaJson(entry, now));

const bytesView: View = {
  tagSuffix: "",
  hasRanges: true,
  headers(entry, now) {
    const headers: Record<string, string> = { ...bytesHeaders(entry, now), [FIELD.vary]: "Accept" };
    if (isShortKey(entry.key) && entry.key !== "keys") headers[FIELD.contentLocation] = `/${entry.key}`;
    return headers;
  },
  body: ({ value }) => value,
};
