// Packed answers of the scripts, taken apart from their beginning.
import { type Entry, type EntryInfo, withoutValue } from "../../core/entry.ts";
import type { Key } from "../../core/key.ts";
import { unpackEntry, unpackHead } from "./entry-codec.ts";

/** Takes one part after another. Requires: that it is there, as the script wrote it. */
export class ReplyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** Requires: a safe integer. */
  uint64(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
  }

  text(length: number): string {
    return this.bytes(length).toString("utf8");
  }

  bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** An entry under a key: none, its head, or all of it. */
  entry(key: Key): EntryInfo | Entry | null {
    const form = this.byte();
    if (form === 0) return null;
    const bytes = this.bytes(this.uint32());
    if (form === 2) return unpackEntry(key, bytes);
    const unpacked = unpackHead(key, bytes);
    // A head alone is sent; one whose value is empty is whole by that.
    return unpacked.is === "whole" ? withoutValue(unpacked.entry) : unpacked.info;
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
