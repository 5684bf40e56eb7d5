// What is asked of a server over and over: a request whose bytes are made once, with the number of the key, and the value,
// written into them for each asking. The same memory is used for all, so that making a request costs next to nothing.
import type { ValuePool } from "./value-pool.ts";

/** Reads and writes have latencies of their own. */
export type OperationKind = "read" | "write";

export interface Operation {
  readonly kind: OperationKind;
  /** What an answer may have; every other status is an error. */
  readonly statuses: readonly number[];
  /** Whether the method is HEAD, whose answers have no body. */
  readonly isHead: boolean;
  /** The request that prepare() made; valid until it makes the next one. */
  readonly bytes: Uint8Array;
  /** Makes the request for the key of this number. */
  prepare(number: number): void;
}

export interface RequestText {
  readonly kind: OperationKind;
  readonly statuses: readonly number[];
  readonly method: string;
  /** Path and query; the number of the key comes where KEY_MARK stands, if it does. */
  readonly target: string;
  /** Further lines of the head, each with its end, such as Host. */
  readonly fields: string;
  /** A text of its own, or values of which each write takes the next; null for no body. */
  readonly body: string | ValuePool | null;
}

/** Where the number of the key comes in a target or a body. */
export const KEY_MARK = "{number}";
export const KEY_DIGITS = 8;

export function toKeyDigits(number: number): string {
  return String(number).padStart(KEY_DIGITS, "0");
}

export function makeOperation({ kind, statuses, method, target, fields, body }: RequestText): Operation {
  const isText = typeof body === "string";
  const text = isText ? body.replace(KEY_MARK, toKeyDigits(0)) : "";
  const bodyBytes = body === null || isText ? Buffer.byteLength(text) : body.valueBytes;
  const length = body === null ? "" : `Content-Length: ${bodyBytes}\r\n`;
  const marked = `${method} ${target} HTTP/1.1\r\n${fields}${length}\r\n`;
  const head = marked.replace(KEY_MARK, toKeyDigits(0));
  const bytes = Buffer.alloc(Buffer.byteLength(head) + bodyBytes);
  bytes.write(head + text);
  const inHead = marked.indexOf(KEY_MARK);
  const inBody = isText ? body.indexOf(KEY_MARK) : -1;
  const bodyAt = bytes.length - bodyBytes;
  let values = 0;
  return {
    kind,
    statuses,
    isHead: method === "HEAD",
    bytes,
    prepare(number) {
      if (inHead >= 0) writeDigits(bytes, inHead, number);
      if (inBody >= 0) writeDigits(bytes, bodyAt + inBody, number);
      if (body !== null && !isText) body.copy(values++, bytes, bodyAt);
    },
  };
}

function writeDigits(bytes: Uint8Array, at: number, number: number): void {
  let rest = number;
  for (let index = at + KEY_DIGITS - 1; index >= at; index--) {
    bytes[index] = 48 + (rest % 10);
    rest = (rest / 10) | 0;
  }
}
