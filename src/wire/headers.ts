// Names of header fields and media types that server and clients must spell alike. Fields stand as their standards write
// them, which is how curl -i shows them; HTTP compares them without case.

export const FIELD = {
  /** Tells nginx not to hold a stream back. */
  accelBuffering: "X-Accel-Buffering",
  accept: "Accept",
  acceptEncoding: "Accept-Encoding",
  acceptPatch: "Accept-Patch",
  acceptRanges: "Accept-Ranges",
  allow: "Allow",
  authorization: "Authorization",
  /** Bytes of a backup, which is sent without Content-Length. */
  backupLength: "Backup-Length",
  cacheControl: "Cache-Control",
  contentDisposition: "Content-Disposition",
  contentEncoding: "Content-Encoding",
  contentLength: "Content-Length",
  contentLocation: "Content-Location",
  contentRange: "Content-Range",
  contentSecurityPolicy: "Content-Security-Policy",
  contentType: "Content-Type",
  contentTypeOptions: "X-Content-Type-Options",
  /** A place in the change log, from which a watch goes on. */
  cursor: "Cursor",
  etag: "ETag",
  /** The addresses that a request has come by, as proxies add them. */
  forwardedFor: "X-Forwarded-For",
  host: "Host",
  /** Makes a write happen once, however often it is sent (docs/protocol.md §11). */
  idempotencyKey: "Idempotency-Key",
  idempotencyReplayed: "Idempotency-Replayed",
  ifMatch: "If-Match",
  ifModifiedSince: "If-Modified-Since",
  ifNoneMatch: "If-None-Match",
  ifRange: "If-Range",
  ifUnmodifiedSince: "If-Unmodified-Since",
  /** Where an event stream is to go on (HTML §9.2.4). */
  lastEventId: "Last-Event-ID",
  lastModified: "Last-Modified",
  link: "Link",
  location: "Location",
  /** Keeps windows of other origins from holding a page (HTML §7.1.3). */
  openerPolicy: "Cross-Origin-Opener-Policy",
  origin: "Origin",
  prefer: "Prefer",
  preferenceApplied: "Preference-Applied",
  range: "Range",
  referrerPolicy: "Referrer-Policy",
  /** SHA-256 of what is sent (RFC 9530 §3). */
  reprDigest: "Repr-Digest",
  requestId: "X-Request-Id",
  /** Keeps pages of other origins from showing or running what is answered (Fetch §3.7). */
  resourcePolicy: "Cross-Origin-Resource-Policy",
  retryAfter: "Retry-After",
  /** The number of the write that made the entry; grows for a key, also across delete and re-create. */
  revision: "Revision",
  /** How the page that makes a request stands to the server, as the browser sees it (W3C Fetch Metadata). */
  secFetchSite: "Sec-Fetch-Site",
  totalCount: "Total-Count",
  transferEncoding: "Transfer-Encoding",
  /** Seconds left of an entry's life (RFC 8030 §5.2 registers the name). */
  ttl: "TTL",
  /** Seconds left of an entry's life, as unstorage's http driver sends and reads them. */
  unstorageTtl: "X-TTL",
  /** Of Upstash's clients: "base64" for strings that no text can hold. */
  upstashEncoding: "Upstash-Encoding",
  upstashResponseFormat: "Upstash-Response-Format",
  userAgent: "User-Agent",
  vary: "Vary",
  wwwAuthenticate: "WWW-Authenticate",
} as const;

export const MEDIA = {
  bytes: "application/octet-stream",
  eventStream: "text/event-stream",
  form: "application/x-www-form-urlencoded",
  html: "text/html; charset=utf-8",
  json: "application/json",
  jsonPatch: "application/json-patch+json",
  mergePatch: "application/merge-patch+json",
  ndjson: "application/x-ndjson",
  plain: "text/plain; charset=utf-8",
  problem: "application/problem+json",
  sqlite: "application/vnd.sqlite3",
} as const;
