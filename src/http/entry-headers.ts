// The header fields that tell of an entry, the same in every view.
import type { EntryInfo } from "../core/entry.ts";
import { type EpochMs, secondsLeft } from "../core/expiry.ts";
import { isActiveType } from "../core/media-type.ts";
import { entityTag } from "../wire/entry-json.ts";
import { FIELD } from "../wire/headers.ts";
import type { ReplyHeaders } from "./exchange.ts";

/** Fields of an answer to a read that depend on the entry alone. */
export function readHeaders(entry: EntryInfo, now: EpochMs, tagSuffix: string | null): Record<string, string> {
  const headers: Record<string, string> = {
    [FIELD.cacheControl]: "no-cache",
    [FIELD.revision]: String(entry.revision),
    [FIELD.lastModified]: new Date(entry.modifiedAt).toUTCString(),
  };
  if (tagSuffix !== null) headers[FIELD.etag] = entityTag(entry.tag, tagSuffix);
  if (entry.expiresAt !== null) headers[FIELD.ttl] = String(secondsLeft(entry.expiresAt, now));
  return headers;
}

/** Fields of an answer to a write. */
export function writtenHeaders(info: EntryInfo, now: EpochMs, tagSuffix: string): Record<string, string> {
  const headers: Record<string, string> = {
    [FIELD.etag]: entityTag(info.tag, tagSuffix),
    [FIELD.revision]: String(info.revision),
  };
  if (info.expiresAt !== null) headers[FIELD.ttl] = String(secondsLeft(info.expiresAt, now));
  return headers;
}

/** Fields of the stored bytes under their stored type, such that no browser runs them in this server's name. */
export function bytesHeaders(entry: EntryInfo, now: EpochMs): ReplyHeaders {
  const headers = readHeaders(entry, now, "");
  headers[FIELD.acceptRanges] = "bytes";
  headers[FIELD.contentType] = entry.contentType;
  headers[FIELD.contentTypeOptions] = "nosniff";
  headers[FIELD.resourcePolicy] = "same-origin";
  headers[FIELD.contentSecurityPolicy] = "sandbox; default-src 'none'";
  if (isActiveType(entry.contentType)) headers[FIELD.contentDisposition] = "attachment";
  return headers;
}
