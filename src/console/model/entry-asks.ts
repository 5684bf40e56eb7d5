// One entry with its value, and the requests that write it. Saving always says under which condition, and always names the end
// that the entry had, as a put without one would clear it.

import { type Ask, ask, entryPath, query, withText } from "./ask.ts";
import { judgeJson } from "./json-layout.ts";
import { decodeText, essence, isJsonType } from "./value-kind.ts";

export interface FullEntry {
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
  readonly revision: number;
  /** Null where it was not asked, as the value is long. */
  readonly createdAt: number | null;
  readonly modifiedAt: number;
  /** Null for never. */
  readonly expiresAt: number | null;
}

/** What is to stand under a key. */
export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly expiresAt: number | null;
}

/** What must hold for a write: that nothing has come between, or that there is nothing yet. */
export type Guard = { readonly is: "unchanged"; readonly etag: string } | { readonly is: "absent" };

export function readAsk(key: string): Ask {
  return ask("GET", entryPath(key), { Accept: "application/octet-stream" });
}

/** Puts a value under a key. JSON goes as the pair that `/keys/{key}` takes under its type, everything else as it is. */
export function writeAsk(key: string, content: Content, guard: Guard): Ask {
  const { bytes, contentType, expiresAt } = content;
  const end = expiresAt === null ? null : new Date(expiresAt).toISOString();
  const condition = guard.is === "unchanged" ? { "If-Match": guard.etag } : { "If-None-Match": "*" };
  const headers = { "Content-Type": contentType === "" ? "application/octet-stream" : contentType, ...condition };
  const request = ask("PUT", entryPath(key) + query({ expire_at: end }), headers);
  const text = decodeText(bytes);
  if (essence(contentType) === "application/json" && text !== null && judgeJson(text) === null) {
    return withText(request, `{${JSON.stringify(key)}: ${pairValue(text)}}`);
  }
  if (text !== null) return withText(request, text);
  return { ...request, body: { kind: "file", content: new Blob([bytes]), fileName: fileNameOf(key) } };
}

/** A JSON text as the JSON view has it: strings and what looks like a wrapper are wrapped, so that they are kept as JSON. */
function pairValue(text: string): string {
  const trimmed = text.trim();
  const isPlain = !trimmed.startsWith('"') && !/^\{\s*"(?:\$|\\u0024)/.test(trimmed);
  return isPlain ? trimmed : `{"$json": ${trimmed}}`;
}

/**
 * Puts back what was deleted, if nothing has taken its place. A pair would drop blanks around a JSON text and the parameters
 * of its type; a transaction keeps both.
 */
export function restoreAsk(entry: FullEntry): Ask {
  const text = decodeText(entry.bytes);
  const isExact = text === null || !isJsonType(entry.contentType) || isKeptByPair(text, entry.contentType);
  if (isExact) return writeAsk(entry.key, entry, { is: "absent" });
  const end = entry.expiresAt === null ? {} : { expire_at: new Date(entry.expiresAt).toISOString() };
  const put = { key: entry.key, value: text, content_type: entry.contentType, ...end };
  const transaction = { checks: [{ key: entry.key, absent: true }], ops: [{ put }] };
  return withText(ask("POST", "/-/txn", { "Content-Type": "application/json" }), JSON.stringify(transaction));
}

function isKeptByPair(text: string, contentType: string): boolean {
  return contentType === "application/json" ? text === text.trim() : essence(contentType) !== "application/json";
}

export function deleteAsk(key: string, etag: string): Ask {
  return ask("DELETE", entryPath(key), { "If-Match": etag });
}

/** When an entry is to end. */
export type End = { readonly is: "never" } | { readonly is: "in" | "at"; readonly ms: number };

export function endAsk(key: string, end: End): Ask {
  const request = ask("PATCH", entryPath(key), { "Content-Type": "application/x-www-form-urlencoded" });
  if (end.is === "never") return withText(request, "persist=1");
  if (end.is === "in") return withText(request, `expire_in=${end.ms / 1000}`);
  return withText(request, `expire_at=${new Date(end.ms).toISOString()}`);
}

/** A name for a file with the value: what stands behind the last slash. */
export function fileNameOf(key: string): string {
  return key.replace(/^.*\//, "").replaceAll(/[^\w.@-]+/g, "_") || "value";
}
