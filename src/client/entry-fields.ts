// What header fields tell of an entry: of reads of its bytes, and of writes.
import { FIELD, MEDIA } from "../wire/headers.ts";
import type { EntryInfo, Written } from "./entry.ts";
import { KeyholdError } from "./errors.ts";

/** What tells the tag of the JSON view, in which writes are answered, from that of the entry (docs/protocol.md §9). */
const JSON_VIEW_SUFFIX = /-j"$/;

/** @param size - null to take the length that the answer declares */
export function infoFromFields(key: string, headers: Headers, size: number | null): EntryInfo {
  const ttlMs = readTtlMs(headers);
  return {
    key,
    contentType: headers.get(FIELD.contentType) ?? MEDIA.bytes,
    size: size ?? Number(headers.get(FIELD.contentLength) ?? 0),
    revision: readRevision(headers),
    etag: headers.get(FIELD.etag) ?? "",
    modifiedAt: new Date(headers.get(FIELD.lastModified) ?? 0),
    expiresAt: ttlMs === null ? null : new Date(answeredAt(headers) + ttlMs),
    ttlMs,
  };
}

/** Of a write that was answered with fields alone, or with the JSON view. */
export function writtenFromFields(status: number, headers: Headers): Written {
  const etag = (headers.get(FIELD.etag) ?? "").replace(JSON_VIEW_SUFFIX, '"');
  return { revision: readRevision(headers), etag, isNew: status === 201 };
}

/** Whole seconds on the wire, rounded up; null where the entry does not end. */
function readTtlMs(headers: Headers): number | null {
  const text = headers.get(FIELD.ttl);
  return text === null ? null : Number(text) * 1000;
}

/** @throws KeyholdError "unexpected-answer" on what no Keyhold answers */
function readRevision(headers: Headers): number {
  const revision = Number(headers.get(FIELD.revision) ?? Number.NaN);
  if (Number.isSafeInteger(revision)) return revision;
  throw new KeyholdError(
    "unexpected-answer",
    "The answer has no field Revision: is it a Keyhold that answers? A page of another origin sees it only where a proxy does not take Access-Control-Expose-Headers away",
  );
}

/** By the clock of the server, which an entry ends by. */
function answeredAt(headers: Headers): number {
  const sent = Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(sent) ? Date.now() : sent;
}
