// What the bytes of a value are (contract §3), seen once when they are written and kept with the entry; and the two
// wrappers by which the JSON view tells what JSON alone cannot.
import type { ValueForm } from "./entry.ts";
import { isJsonType } from "./media-type.ts";

/** `{"$base64": "…"}` shows bytes that are no text. */
export const BYTES_MEMBER = "$base64";
/** `{"$json": …}` shows JSON that would be taken for one of the wrappers. */
export const JSON_MEMBER = "$json";

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the bytes of a value are under this type. */
export function formOf(value: Uint8Array, contentType: string): ValueForm {
  const text = decodeStrictly(value);
  if (text === null) return "bytes";
  if (!isJsonType(contentType)) return "text";
  try {
    JSON.parse(text);
  } catch {
    return "text";
  }
  return wrapperName(text) === null && !isHalfPairString(text) ? "json" : "wrapped-json";
}

/** The one member of an object that looks like a wrapper; null for any other JSON text. Requires: valid JSON. */
export function wrapperName(text: string): string | null {
  if (!text.trimStart().startsWith("{")) return null;
  const parsed: unknown = JSON.parse(text);
  const names = typeof parsed === "object" && parsed !== null ? Object.keys(parsed) : [];
  const [name] = names;
  return names.length === 1 && (name === BYTES_MEMBER || name === JSON_MEMBER) ? name : null;
}

/** A string that no text could keep, so that the JSON view could not be written back. Requires: valid JSON. */
function isHalfPairString(text: string): boolean {
  return text.trimStart().startsWith('"') && !String(JSON.parse(text)).isWellFormed();
}

function decodeStrictly(value: Uint8Array): string | null {
  try {
    return strictDecoder.decode(value);
  } catch {
    return null;
  }
}
