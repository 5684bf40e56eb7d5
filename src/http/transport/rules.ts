// The rules of HTTP/1.1 that a request may break, by the names that problem documents give them. What breaks one ends the
// connection: nobody can tell where the next request would begin, and guessing is how requests are smuggled past proxies.
import { KeyholdError } from "../../core/errors.ts";

/** Sent as the member `rule`, and never renamed after release: docs/protocol.md §15 says what each refuses. */
export type Rule =
  | "request-line"
  | "method"
  | "target"
  | "line-break"
  | "field-name"
  | "field-value"
  | "field-fold"
  | "space-before-colon"
  | "host-missing"
  | "host-repeated"
  | "host"
  | "content-length"
  | "transfer-encoding"
  | "length-and-coding"
  | "coding-in-1.0"
  | "chunk-size"
  | "chunk-extension"
  | "chunk-end"
  | "trailer"
  | "truncated";

/** @param detail - what was wrong, as KeyholdError.detail */
export function broken(rule: Rule, detail: string): KeyholdError {
  return new KeyholdError("invalid-request", detail, { rule });
}
