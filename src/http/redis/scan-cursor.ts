// The cursor of SCAN: the key after which it goes on, written as one decimal number, because clients take a cursor for a number
// and only hand it back. Nothing is kept for it, so any server of a store can go on. As a sent format it may change with any
// version; a cursor is not kept for longer than a scan.
import { type Key, parseKey } from "../../core/key.ts";

/** Begins and ends a scan. */
export const START = "0";
/** Digits of the longest key's number. */
const DIGITS_MAX = 620;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function cursorAfter(key: Key | null): string {
  // A leading 1, so that no byte of the key is lost.
  return key === null ? START : String(BigInt(`0x01${encoder.encode(key).toHex()}`));
}

/** The key to go on after; null for the beginning, "invalid" for what no scan has answered. */
export function keyOfCursor(text: string): Key | null | "invalid" {
  if (text === START) return null;
  if (!/^[1-9]\d*$/.test(text) || text.length > DIGITS_MAX) return "invalid";
  const hex = BigInt(text).toString(16);
  if (!hex.startsWith("1") || hex.length % 2 === 0) return "invalid";
  try {
    return parseKey(decoder.decode(Uint8Array.fromHex(hex.slice(1))));
  } catch {
    return "invalid";
  }
}
