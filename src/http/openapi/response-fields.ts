// The header fields of answers, each said once.
import type { Part } from "./operation.ts";

function text(description: string, more: Part = {}): Part {
  return { description, schema: { type: "string", ...more } };
}

export const RESPONSE_FIELDS = {
  "Accept-Patch": text("What a PATCH here takes."),
  "Accept-Ranges": text("Ranges of bytes are served.", { const: "bytes" }),
  "Backup-Length": text("Bytes of the copy, which is sent without `Content-Length`.", { pattern: "^[0-9]+$" }),
  "Cache-Control": text(
    "`no-cache`: kept, but asked for anew each time; with tokens `private` too. `no-store`: not kept.",
  ),
  "Content-Disposition": text("The name of a file, or that the value is to be saved and not shown."),
  "Content-Encoding": text("`gzip`, for who takes it.", { const: "gzip" }),
  "Content-Location": text("Where the short path has these bytes."),
  "Content-Range": text("Which bytes these are, and of how many.", { pattern: "^bytes " }),
  "Content-Security-Policy": text("What a browser may load and run."),
  "Cross-Origin-Opener-Policy": text("Keeps windows of other origins apart."),
  "Cross-Origin-Resource-Policy": text("Keeps pages of other origins from showing it."),
  Cursor: text("A place in the change log, from which `since` goes on without a gap."),
  ETag: text("Names this state of the entry; for `If-Match` and `If-None-Match`.", { pattern: '^(W/)?".*"$' }),
  "Idempotency-Replayed": text("This is the answer of an earlier request under the same key.", { const: "true" }),
  "Last-Modified": text("When the entry was written, in whole seconds."),
  Link: text(
    'Of a listing the next page, `<…>; rel="next"`; of the front page what tells of the interface (RFC 8631).',
    {
      pattern: '^<[^>]*>; rel="[a-z-]+"(, <[^>]*>; rel="[a-z-]+")*$',
    },
  ),
  Location: text("Where the new resource is."),
  "Preference-Applied": text("What of `Prefer` was followed."),
  "Referrer-Policy": text("What other servers are told of this page."),
  "Repr-Digest": text("SHA-256 of what is sent (RFC 9530).", { pattern: "^sha-256=:.*:$" }),
  "Retry-After": text("Seconds after which the same request may come again.", { pattern: "^[0-9]+$" }),
  Revision: text("The number of the write that made the entry, or of the commit.", { pattern: "^[0-9]+$" }),
  TTL: text("Whole seconds until the entry ends; absent for never.", { pattern: "^[0-9]+$" }),
  "Total-Count": text("How many entries the listing is of.", { pattern: "^[0-9]+$" }),
  Vary: text("Fields of the request that the answer depends on."),
  "WWW-Authenticate": text("What a token is asked for as.", { pattern: "^Bearer " }),
  "X-Accel-Buffering": text("Tells nginx not to hold the stream back.", { const: "no" }),
  "X-Content-Type-Options": text("The type is as it says.", { const: "nosniff" }),
  "X-TTL": text("Whole seconds until the item ends; absent for never.", { pattern: "^[0-9]+$" }),
  "X-Request-Id": text("The name of the request, also in the problem and in the logs."),
} as const satisfies Readonly<Record<string, Part>>;

export type FieldName = keyof typeof RESPONSE_FIELDS;

export const ON_BYTES = [
  "ETag",
  "Revision",
  "Last-Modified",
  "Cache-Control",
  "Accept-Ranges",
  "X-Content-Type-Options",
  "Cross-Origin-Resource-Policy",
  "Content-Security-Policy",
] as const satisfies readonly FieldName[];

/** Of an answer to a write of one entry. */
export const ON_WRITE = ["ETag", "Revision"] as const satisfies readonly FieldName[];

/** Of a page or a file that a page loads. */
export const ON_PAGE_FILE = [
  "ETag",
  "Cache-Control",
  "Vary",
  "X-Content-Type-Options",
  "Cross-Origin-Resource-Policy",
] as const satisfies readonly FieldName[];
