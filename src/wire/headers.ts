// Names of header fields and media types that server and clients must spell alike; fields in lower case, as HTTP/2 has them.

export const FIELD = {
  accept: "accept",
  acceptPatch: "accept-patch",
  acceptRanges: "accept-ranges",
  allow: "allow",
  cacheControl: "cache-control",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  contentLength: "content-length",
  contentLocation: "content-location",
  contentRange: "content-range",
  contentSecurityPolicy: "content-security-policy",
  contentType: "content-type",
  contentTypeOptions: "x-content-type-options",
  etag: "etag",
  ifMatch: "if-match",
  ifModifiedSince: "if-modified-since",
  ifNoneMatch: "if-none-match",
  ifRange: "if-range",
  ifUnmodifiedSince: "if-unmodified-since",
  lastModified: "last-modified",
  link: "link",
  location: "location",
  prefer: "prefer",
  preferenceApplied: "preference-applied",
  range: "range",
  requestId: "x-request-id",
  retryAfter: "retry-after",
  /** The number of the write that made the entry; grows for a key, also across delete and re-create. */
  revision: "revision",
  totalCount: "total-count",
  transferEncoding: "transfer-encoding",
  /** Seconds left of an entry's life (RFC 8030 §5.2 registers the name). */
  ttl: "ttl",
  vary: "vary",
} as const;

export const MEDIA = {
  bytes: "application/octet-stream",
  form: "application/x-www-form-urlencoded",
  html: "text/html; charset=utf-8",
  json: "application/json",
  ndjson: "application/x-ndjson",
  plain: "text/plain; charset=utf-8",
  problem: "application/problem+json",
} as const;
