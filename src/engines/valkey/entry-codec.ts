// An entry as one string: a head of fixed length, the media type, the value. One read brings all of it, a range of its first
// bytes all but the value, and a change of its end rewrites six bytes. A stored format, layout version 1 (docs/formats.md):
// version and form of a byte each; revision, nonce of 8; created, modified, ends (0 for never) of 6; size of the value of 4;
// length of the media type of 1. Big-endian. commit.lua writes it.
import { type Entry, type EntryInfo, type Tag, toRevision, toTag, type ValueForm } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { formOf } from "../../core/value-form.ts";

export const HEAD_BYTES = 41;

/** What brings the head of any entry, in bytes: media types have at most 255. */
export const HEAD_AND_TYPE_BYTES = HEAD_BYTES + 255;

/** Stored as numbers; what stands behind them has not been looked at, as after an append on the server. */
const FORMS: readonly ValueForm[] = ["bytes", "text", "json", "wrapped-json"];
const UNSEEN = FORMS.length;

const ENTRY_VERSION = 1;
const TAG = /^([0-9a-z]{1,11})\.([0-9a-f]{16})$/;
const TAG_BYTES = 16;
/** An entry of no more is taken apart by copying. */
const COPIED_BYTES_MAX = 4096;
/** Of each byte. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** An entry that was read without its value, or with it. */
export type Unpacked =
  | { readonly is: "whole"; readonly entry: Entry }
  | { readonly is: "head"; readonly info: EntryInfo }
  /** Its form is not known without its value; "bytes" stands in its place. */
  | { readonly is: "unseen"; readonly info: EntryInfo };

/** Requires: all of an entry. @throws "damaged-entry" on what is none */
export function unpackEntry(key: Key, bytes: Uint8Array): Entry {
  const { info, valueAt, form } = readHead(key, bytes);
  // A view would have to make the buffer of all the bytes first, which takes longer than to copy a few.
  const value = bytes.length <= COPIED_BYTES_MAX ? bytes.slice(valueAt) : bytes.subarray(valueAt);
  if (value.length !== info.size) throw damagedEntry(key);
  return form === UNSEEN ? { ...info, form: formOf(value, info.contentType), value } : { ...info, value };
}

/** What is known of an entry by its first bytes; with the value where they are all of it. @throws "damaged-entry" */
export function unpackHead(key: Key, bytes: Uint8Array): Unpacked {
  const { info, valueAt, form } = readHead(key, bytes);
  if (bytes.length - valueAt === info.size) return { is: "whole", entry: unpackEntry(key, bytes) };
  return { is: form === UNSEEN ? "unseen" : "head", info };
}

/** As commit.lua takes a form. */
export function formNumber(form: ValueForm): number {
  return FORMS.indexOf(form);
}

/** The sixteen bytes that a tag stands for; null for one that no entry here can have. */
export function tagBytes(tag: Tag): Uint8Array | null {
  const [, revision, nonce] = TAG.exec(tag) ?? [];
  if (revision === undefined || nonce === undefined) return null;
  const number = Number.parseInt(revision, 36);
  if (!Number.isSafeInteger(number)) return null;
  const bytes = Buffer.alloc(TAG_BYTES);
  bytes.writeBigUInt64BE(BigInt(number), 0);
  bytes.write(nonce, 8, "hex");
  return bytes;
}

function readHead(key: Key, bytes: Uint8Array) {
  const typeBytes = bytes[HEAD_BYTES - 1];
  if (typeBytes === undefined || bytes[0] !== ENTRY_VERSION || bytes.length < HEAD_BYTES + typeBytes) {
    throw damagedEntry(key);
  }
  const form = bytes[1] ?? UNSEEN;
  const revision = readInteger(bytes, 2, 10);
  const valueAt = HEAD_BYTES + typeBytes;
  const ends = readInteger(bytes, 30, 36);
  const info: EntryInfo = {
    key,
    size: readInteger(bytes, 36, 40),
    contentType: readAscii(bytes, HEAD_BYTES, valueAt),
    form: FORMS[form] ?? "bytes",
    revision: toRevision(revision),
    tag: toTag(`${revision.toString(36)}.${readHex(bytes, 10, 18)}`),
    createdAt: toEpochMs(readInteger(bytes, 18, 24)),
    modifiedAt: toEpochMs(readInteger(bytes, 24, 30)),
    expiresAt: ends === 0 ? null : toEpochMs(ends),
  };
  return { info, valueAt, form };
}

/** By hand: a view over the bytes would have to make their buffer first, which took as long as all the rest of a head. */
function readInteger(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = number * 256 + (bytes[at] ?? 0);
  return number;
}

function readHex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += HEX[bytes[at] ?? 0];
  return text;
}

/** Media types are visible ASCII. */
function readAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

export function damagedEntry(key: Key | null): KeyholdError {
  return new KeyholdError(
    "damaged-entry",
    `The stored entry ${JSON.stringify(key)} is not as this server writes entries; overwrite or delete it`,
    { key },
  );
}
