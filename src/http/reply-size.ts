// How many bytes requests and answers are, for what is counted and charged.
import type { Reply } from "./exchange.ts";

/** What Content-Length says; null where it is not given. */
export function lengthOf(contentLength: string | null): number | null {
  return contentLength === null ? null : Number(contentLength);
}

/** Bytes of the body that is sent; null for what is streamed. */
export function sentBytes({ body }: Reply, method: string): number | null {
  if (body === null || method === "HEAD") return 0;
  return typeof body === "string" || body instanceof Uint8Array ? sizeOf(body) : null;
}

export function sizeOf(part: string | Uint8Array): number {
  return typeof part === "string" ? Buffer.byteLength(part) : part.length;
}
