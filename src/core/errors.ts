// The faults Keyhold can speak of, one code each: kebab-case, never renamed after release. What HTTP makes of a code
// stands in http/problem.ts; what a reader is told of it, in http/problem-pages.ts. Expected outcomes (no entry, a
// condition not met) are return values below the services and become one of these only there.

/** When the same request may be sent again. */
export type Retry = "never" | "soon" | "after-reading";

export const ERRORS = {
  "invalid-request": { title: "Request is malformed", retry: "never" },
  "invalid-key": { title: "Key is not valid", retry: "never" },
  "invalid-parameter": { title: "Parameter is not valid", retry: "never" },
  "invalid-header": { title: "Header field is not valid", retry: "never" },
  "invalid-json": { title: "Body is not the JSON expected", retry: "never" },
  "invalid-expiry": { title: "Expiry is not valid", retry: "never" },
  "key-mismatch": { title: "Body names another key than the path", retry: "never" },
  unauthenticated: { title: "No valid token", retry: "never" },
  forbidden: { title: "Token does not allow this", retry: "never" },
  "foreign-origin": { title: "Web page of another origin", retry: "never" },
  "not-found": { title: "No entry under this key", retry: "never" },
  "no-such-resource": { title: "Nothing is served at this path", retry: "never" },
  "method-not-allowed": { title: "Method is not allowed here", retry: "never" },
  "not-acceptable": { title: "No representation is acceptable", retry: "never" },
  "already-exists": { title: "An entry stands under this key", retry: "never" },
  "not-an-integer": { title: "Value is no decimal integer", retry: "never" },
  "out-of-range": { title: "Sum lies outside its bounds", retry: "never" },
  "not-json": { title: "Value is not JSON", retry: "never" },
  "patch-failed": { title: "Patch does not fit the value", retry: "never" },
  "check-failed": { title: "A check of the transaction does not hold", retry: "never" },
  "idempotency-key-reused": { title: "Idempotency-Key has been used for another request", retry: "never" },
  "cross-partition": { title: "Keys lie in different partitions", retry: "never" },
  "request-timeout": { title: "Request took too long to arrive", retry: "soon" },
  "length-required": { title: "Length of the body is not given", retry: "never" },
  "precondition-failed": { title: "Entry is not as the request requires", retry: "never" },
  "value-too-large": { title: "Value is too large", retry: "never" },
  "body-too-large": { title: "Body is too large", retry: "never" },
  "target-too-long": { title: "Target of the request is too long", retry: "never" },
  "head-too-large": { title: "Head of the request is too large", retry: "never" },
  "unsupported-media-type": { title: "Type of the body is not supported", retry: "never" },
  "range-not-satisfiable": { title: "Range lies outside the value", retry: "never" },
  "expectation-failed": { title: "Expectation cannot be met", retry: "never" },
  "host-not-served": { title: "Server is not known by this name", retry: "never" },
  "too-many-requests": { title: "More requests than allowed", retry: "soon" },
  "damaged-entry": { title: "Stored entry is damaged", retry: "never" },
  "not-supported": { title: "Store has no such facility", retry: "never" },
  "version-not-supported": { title: "Version of HTTP is not supported", retry: "never" },
  busy: { title: "Server has too much to do", retry: "soon" },
  unavailable: { title: "Store cannot be reached", retry: "soon" },
  "no-room": { title: "Store has no room", retry: "never" },
  "outcome-unknown": { title: "Store was lost during the commit", retry: "after-reading" },
  internal: { title: "Fault in the server", retry: "never" },
} as const satisfies Record<string, { readonly title: string; readonly retry: Retry }>;

export type ErrorCode = keyof typeof ERRORS;

/** A fault with a code. The only error class that crosses a room's door. */
export class KeyholdError extends Error {
  override readonly name = "KeyholdError";
  readonly code: ErrorCode;
  /** One sentence about this occurrence, without a full stop; safe to show to the client. */
  readonly detail: string;
  /** Members added to the problem document, such as limits and revisions. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, data: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.data = data;
  }
}
