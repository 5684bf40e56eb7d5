// What stands under a key. Engines store it, dialects show it, nobody changes one in place.
import type { Brand } from "./brand.ts";
import type { EpochMs } from "./expiry.ts";
import type { Key } from "./key.ts";

/** The number of a write. Later writes of a key have greater ones; none is used twice for a key, even after a delete. */
export type Revision = Brand<number, "Revision">;

/** Names one state of an entry, opaque outside its engine; on the wire, its ETag. Characters of an RFC 9110 etagc. */
export type Tag = Brand<string, "Tag">;

/**
 * What the bytes of a value are, seen once when they are written (contract §3): "json" is valid JSON under a JSON type,
 * "wrapped-json" the same where only a wrapper tells it from the wrappers themselves, "text" other valid UTF-8.
 */
export type ValueForm = "bytes" | "text" | "json" | "wrapped-json";

/** All there is to know of an entry but its bytes. */
export interface EntryInfo {
  readonly key: Key;
  /** Length of the value in bytes. */
  readonly size: number;
  /** Media type as the writer gave it, or "application/octet-stream". */
  readonly contentType: string;
  readonly form: ValueForm;
  /** The write that made the entry what it is. */
  readonly revision: Revision;
  readonly tag: Tag;
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
  /** First instant at which the entry is gone; null for never. */
  readonly expiresAt: EpochMs | null;
}

export interface Entry extends EntryInfo {
  /** Read only: engines may share these bytes. */
  readonly value: Uint8Array;
}

/** Whether what an outcome carries has its value. */
export function hasValue(entry: EntryInfo | Entry | null): entry is Entry {
  return entry !== null && "value" in entry;
}

/** Without the value, which an answer or a record would keep from being freed. */
export function infoOf(entry: EntryInfo | Entry | null): EntryInfo | null {
  return hasValue(entry) ? withoutValue(entry) : entry;
}

export function withoutValue({ value: _value, ...info }: Entry): EntryInfo {
  return info;
}

/** Requires: a safe positive integer, or 0 for "before the first write". */
export function toRevision(number: number): Revision {
  return number as Revision;
}

/** Requires: only characters that RFC 9110 §8.8.3 allows in an entity tag. */
export function toTag(text: string): Tag {
  return text as Tag;
}
