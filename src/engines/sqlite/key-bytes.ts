// Keys as SQLite sees them: BLOBs of UTF-8, compared byte by byte.
import { KeyholdError } from "../../core/errors.ts";
import type { Key } from "../../core/key.ts";

const encoder = new TextEncoder();
/** A key may begin with U+FEFF, which a decoder takes for a mark of its own unless told otherwise. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Sorts after every key: no UTF-8 text has this byte. */
const AFTER_EVERY_KEY = new Uint8Array([0xff]);

export function encodeKey(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @param bytes - that encodeKey() made of a key @throws "damaged-entry" where a flipped bit has made something else of them than bytes */
export function decodeKey(bytes: Uint8Array): Key {
  if (!(bytes instanceof Uint8Array)) {
    throw new KeyholdError("damaged-entry", "A stored key is not what was written; keyhold verify says more");
  }
  return decoder.decode(bytes) as Key;
}

/** Requires: the text of a key, as another thread of this process has sent it. */
export function keyOfText(text: string): Key {
  return text as Key;
}

/** The exclusive upper end of a walk; null is beyond the last key. */
export function highBytes(high: string | null): Uint8Array {
  return high === null ? AFTER_EVERY_KEY : encodeKey(high);
}
