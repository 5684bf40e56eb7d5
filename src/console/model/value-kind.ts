// What a value is to somebody who looks at it: found from its media type and its bytes.
import { judgeJson } from "./json-layout.ts";

export type ValueKind = "json" | "text" | "image" | "bytes";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const IMAGES = /^image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/i;

export interface ValueShape {
  readonly kind: ValueKind;
  /** Null where the bytes are no text. */
  readonly text: string | null;
}

export function shapeOf(bytes: Uint8Array, contentType: string): ValueShape {
  const type = essence(contentType);
  const text = decodeText(bytes);
  if (IMAGES.test(type) && bytes.length > 0) return { kind: "image", text };
  if (text === null) return { kind: "bytes", text };
  if (isJsonType(type) && judgeJson(text) === null) return { kind: "json", text };
  return { kind: "text", text };
}

/** Null where the bytes are no UTF-8, or have control characters that no text has. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = decoder.decode(bytes);
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

export function isJsonType(contentType: string): boolean {
  return /^application\/json$|\+json$/i.test(essence(contentType));
}

export function essence(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

/** A short word for a media type, as a list has room for. */
export function shortType(contentType: string): string {
  const type = essence(contentType);
  if (isJsonType(type)) return "json";
  if (type === "application/octet-stream" || type === "") return "bytes";
  if (type === "text/plain") return "text";
  return (type.split("/")[1] ?? type).replace(/^x-|^vnd\./, "").slice(0, 12);
}
