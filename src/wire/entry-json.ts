// Bytes to JSON and back, lossless both ways (contract §3). JSON is written as text throughout: a key may be `__proto__`,
// and a stored number may have more digits than JavaScript keeps.
import type { Entry, EntryInfo, Tag, ValueForm } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, secondsLeft } from "../core/expiry.ts";
import { BYTES_MEMBER, formOf, JSON_MEMBER, wrapperName } from "../core/value-form.ts";
import { MEDIA } from "./headers.ts";
import { type JsonMember, parseJsonObject } from "./json-object.ts";

/** What is stored for a value, whatever dialect it came by. */
export interface Content {
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly form: ValueForm;
}

const LINE_BREAKS = /[\r\n]+/g;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Content as it was sent, with what its bytes are. */
export function contentOfBytes(value: Uint8Array, contentType: string): Content {
  return { value, contentType, form: formOf(value, contentType) };
}

/**
 * Content of a value in the JSON view.
 *
 * @param text - valid JSON
 * @throws "invalid-json" where a wrapper holds no Base64, or a string is not well-formed Unicode
 */
export function contentOfJson(text: string): Content {
  if (text.startsWith('"')) return contentOfText(String(JSON.parse(text)));
  const wrapper = readWrapper(text);
  if (wrapper?.name === BYTES_MEMBER) {
    return contentOfBytes(decodeBase64(wrapper.text), MEDIA.bytes);
  }
  return contentOfBytes(encoder.encode(wrapper?.name === JSON_MEMBER ? wrapper.text : text), MEDIA.json);
}

/** @throws "invalid-json" where the text is not well-formed Unicode, which UTF-8 could not keep */
export function contentOfText(text: string): Content {
  if (!text.isWellFormed()) {
    throw new KeyholdError("invalid-json", "Cannot store the text: it holds half of a surrogate pair");
  }
  return { value: encoder.encode(text), contentType: MEDIA.plain, form: "text" };
}

/** The JSON view of a value; on one line, if wanted, for formats that end a record with a line. */
export function valueToJson({ value, form }: Pick<Entry, "value" | "form">, isOneLine = false): string {
  switch (form) {
    case "bytes":
      return `{"${BYTES_MEMBER}": "${value.toBase64()}"}`;
    case "text":
      return JSON.stringify(strictDecoder.decode(value));
    case "json":
    case "wrapped-json": {
      const stored = decoder.decode(value).trim();
      // Line breaks between tokens are white space; inside a string they cannot stand.
      const text = isOneLine ? stored.replace(LINE_BREAKS, " ") : stored;
      return form === "json" ? text : `{"${JSON_MEMBER}": ${text}}`;
    }
    default:
      return form satisfies never;
  }
}

/** `{"key": value}` */
export function entryToJson(entry: Pick<Entry, "key" | "value" | "form">, isOneLine = false): string {
  return `{${JSON.stringify(entry.key)}: ${valueToJson(entry, isOneLine)}}`;
}

/** How a state of an entry is named on the wire. @param suffix - of the view that is meant, "" for the value itself */
export function entityTag(tag: Tag, suffix = ""): string {
  return `"${tag}${suffix}"`;
}

/** The whole entry, as `?meta` shows it. */
export function entryToMetaJson(entry: Entry, now: EpochMs, isOneLine = false): string {
  const members = {
    content_type: entry.contentType,
    size: entry.size,
    revision: entry.revision,
    etag: entityTag(entry.tag),
    created_at: new Date(entry.createdAt).toISOString(),
    modified_at: new Date(entry.modifiedAt).toISOString(),
    ...endOf(entry.expiresAt, now),
  } satisfies Record<string, string | number | null>;
  const rest = Object.entries(members).map(([name, member]) => `"${name}": ${JSON.stringify(member)}`);
  return `{"key": ${JSON.stringify(entry.key)}, "value": ${valueToJson(entry, isOneLine)}, ${rest.join(", ")}}`;
}

/** When an entry ends, as JSON tells it. */
export function endOf(expiresAt: EpochMs | null, now: EpochMs): { expires_at: string | null; ttl: number | null } {
  if (expiresAt === null) return { expires_at: null, ttl: null };
  return { expires_at: new Date(expiresAt).toISOString(), ttl: secondsLeft(expiresAt, now) };
}

/** `{"key": value, "key2": value2}` */
export function entriesToObject(entries: readonly (Pick<EntryInfo, "key"> & Pick<Entry, "value" | "form">)[]): string {
  return `{${entries.map((entry) => `${JSON.stringify(entry.key)}: ${valueToJson(entry)}`).join(", ")}}`;
}

/** The one member of an object that looks like a wrapper of ours; null for any other JSON text. */
function readWrapper(text: string): JsonMember | null {
  return wrapperName(text) === null ? null : (parseJsonObject(text)[0] ?? null);
}

/** Base64 with padding (RFC 4648 §4), nothing else, so that bytes have one spelling. */
function decodeBase64(jsonText: string): Uint8Array {
  const text: unknown = JSON.parse(jsonText);
  const bytes = typeof text === "string" ? decodeBase64Text(text) : null;
  if (bytes === null || bytes.toBase64() !== text) {
    throw new KeyholdError(
      "invalid-json",
      `Cannot read the member "${BYTES_MEMBER}": a string of padded Base64 is needed`,
    );
  }
  return bytes;
}

function decodeBase64Text(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}
