// One entry with its value, as it is opened, saved and put back: what is read of it, and the requests that write it. Saving
// always says under which condition, and always names the end that the entry had, as a put without one would clear it.

import { type Ask, ask, entryPath, query, withText } from "./ask.ts";
import { judgeJson } from "./json-layout.ts";
import type { Requests } from "./requests.ts";
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

/** Of longer values the instants are taken from header fields, by the second, as the whole view has the value once more. */
const WHOLE_VIEW_BYTES = 4 * 1024 * 1024;
const READS_MAX = 3;

export function readAsk(key: string): Ask {
  return ask("GET", entryPath(key), { Accept: "application/octet-stream" });
}

/** @throws KeyholdError "not-found" where there is none */
export async function readEntry(
  key: string,
  by: { readonly requests: Requests; readonly now: () => number; readonly isShown: boolean },
  signal: AbortSignal,
): Promise<FullEntry> {
  const { requests, now, isShown } = by;
  for (let attempt = 1; ; attempt++) {
    const request = readAsk(key);
    const response = await (isShown && attempt === 1
      ? requests.act("Open", request, signal)
      : requests.read(request, signal));
    const entry = await toEntry(key, response, now());
    if (entry.bytes.length > WHOLE_VIEW_BYTES) return entry;
    const whole = await requests.read(ask("GET", `${entryPath(key)}?meta`), signal);
    const isSame = Number(whole.headers.get("Revision")) === entry.revision;
    if (isSame) return { ...entry, ...instantsOf(await whole.text()) };
    if (attempt >= READS_MAX) return entry;
  }
}

async function toEntry(key: string, response: Response, now: number): Promise<FullEntry> {
  const { headers } = response;
  const ttl = headers.get("TTL");
  return {
    key,
    bytes: new Uint8Array(await response.arrayBuffer()),
    contentType: headers.get("Content-Type") ?? "application/octet-stream",
    etag: headers.get("ETag") ?? "",
    revision: Number(headers.get("Revision")),
    createdAt: null,
    modifiedAt: Date.parse(headers.get("Last-Modified") ?? ""),
    expiresAt: ttl === null ? null : now + Number(ttl) * 1000,
  };
}

/** The instants stand behind the value, whose text may hold anything. */
function instantsOf(json: string): Pick<FullEntry, "createdAt" | "modifiedAt" | "expiresAt"> {
  const pattern = /"created_at":\s*"([^"]+)",\s*"modified_at":\s*"([^"]+)",\s*"expires_at":\s*(?:"([^"]+)"|null)/g;
  const [, created = "", modified = "", expires = null] = [...json.matchAll(pattern)].at(-1) ?? [];
  return {
    createdAt: Date.parse(created),
    modifiedAt: Date.parse(modified),
    expiresAt: expires === null ? null : Date.parse(expires),
  };
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
