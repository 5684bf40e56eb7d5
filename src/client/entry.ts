// An entry as the client shows it: what is known of it, its bytes, and the two ways in which they are mostly read.
import { KeyholdError } from "./errors.ts";

/** All of an entry but its value. */
export interface EntryInfo {
  readonly key: string;
  /** Media type that it was written with. */
  readonly contentType: string;
  /** Bytes of the stored value. */
  readonly size: number;
  /** The number of the write that made it what it is; only grows for a key, so that it can serve as a fencing token. */
  readonly revision: number;
  /** Names this state of the entry; for `ifMatch`, and opaque. */
  readonly etag: string;
  /** When it was written. Whole seconds from `get` and `head`, milliseconds from listings. */
  readonly modifiedAt: Date;
  /** When it ends; null for never. To the millisecond from listings; from `get` and `head` up to a second late. */
  readonly expiresAt: Date | null;
  /** Milliseconds that it had left when it was read; null for an entry that does not end. */
  readonly ttlMs: number | null;
}

export interface Entry extends EntryInfo {
  /** The bytes. JSON comes from listings and transactions on one line, without white space around it. */
  readonly value: Uint8Array;
  /** The bytes as UTF-8. */
  text(): string;
  /**
   * The value parsed as JSON, trusted to be a `T`.
   *
   * @throws KeyholdError "not-json" where it is none
   */
  json<T = unknown>(): T;
}

/** What a write says of the entry that it made. */
export interface Written {
  readonly revision: number;
  /** For `ifMatch`. */
  readonly etag: string;
  /** Whether there was no entry before. */
  readonly isNew: boolean;
}

/** Text comes out as it went in; JSON is parsed without a byte order mark (RFC 8259 §8.1). */
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const jsonDecoder = new TextDecoder();

/** The bytes as UTF-8, all of them. */
export function textOf(value: Uint8Array): string {
  return textDecoder.decode(value);
}

export function makeEntry(info: EntryInfo, value: Uint8Array): Entry {
  return {
    ...info,
    value,
    text: () => textOf(value),
    json: () => parseJsonValue(info.key, jsonDecoder.decode(value)),
  };
}

/** @throws KeyholdError "not-json" */
export function parseJsonValue<T>(key: string, text: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KeyholdError("not-json", `The value of ${JSON.stringify(key)} is no JSON`, { data: { key }, cause });
  }
}
