// One row of the entries table, and the checksum that finds a flipped bit in it. SQLite checks the shape of its pages, not
// the bytes of a value, so without this a damaged value would be answered as if it were the one acknowledged.
import { crc32 } from "node:zlib";
import { type Entry, type EntryInfo, type Tag, toRevision, toTag, type ValueForm } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { VALUE_FORMS } from "./layout.ts";

/** Columns of statements that end in `_info`. */
export interface InfoRow {
  /** Of no meaning outside the database. */
  readonly id: number;
  readonly revision: number;
  readonly created_at: number;
  readonly modified_at: number;
  readonly expires_at: number | null;
  readonly content_type: string;
  readonly form: number;
  readonly checksum: number;
  readonly size: number;
}

/** Columns of statements that end in `_entry`. */
export interface EntryRow extends InfoRow {
  readonly value: Uint8Array;
}

const FIXED_FIELDS = 5;

/** Turns rows into entries and back, for one store. */
export class RecordCodec {
  readonly #incarnation: string;
  readonly #fixed = new Float64Array(FIXED_FIELDS);
  readonly #encoder = new TextEncoder();

  constructor(incarnation: string) {
    this.#incarnation = incarnation;
  }

  tag(revision: number): Tag {
    return tagOf(revision, this.#incarnation);
  }

  /** As the row has it, for who overwrites or deletes it. */
  info(key: Key, row: InfoRow): EntryInfo {
    return {
      key,
      size: row.size,
      contentType: row.content_type,
      form: VALUE_FORMS[row.form] ?? "bytes",
      revision: toRevision(row.revision),
      tag: this.tag(row.revision),
      createdAt: toEpochMs(row.created_at),
      modifiedAt: toEpochMs(row.modified_at),
      expiresAt: row.expires_at === null ? null : toEpochMs(row.expires_at),
    };
  }

  /** For who shows it, without the value and so without the checksum. @throws "damaged-entry" when a column is not of its type */
  shownInfo(key: Key, row: InfoRow): EntryInfo {
    if (!hasColumnTypes(row)) throw damaged(key, row);
    return this.info(key, row);
  }

  /** @throws "damaged-entry" when the row is not what was written */
  entry(key: Key, row: EntryRow): Entry {
    const info = this.#wholeInfo(key, row);
    if (info === null) throw damaged(key, row);
    return { ...info, value: row.value };
  }

  /** Whether it is what was written. */
  isWhole(key: Key, row: EntryRow): boolean {
    return this.#wholeInfo(key, row) !== null;
  }

  /** Null where the row is not what was written. A text of the same octets as a value has the same checksum, and is not. */
  #wholeInfo(key: Key, row: EntryRow): EntryInfo | null {
    if (!hasColumnTypes(row) || !(row.value instanceof Uint8Array)) return null;
    const info = this.info(key, row);
    return this.checksum(info, row.value) === row.checksum ? info : null;
  }

  /** CRC-32 of the value combined with that of all else, so that a touch can renew it without reading the value. */
  checksum(info: EntryInfo, value: Uint8Array): number {
    return (crc32(value) ^ this.#headChecksum(info)) >>> 0;
  }

  /** The checksum of `after`, which has the value of `before`, whose checksum is given. */
  touchedChecksum(before: EntryInfo, after: EntryInfo, checksum: number): number {
    return (checksum ^ this.#headChecksum(before) ^ this.#headChecksum(after)) >>> 0;
  }

  /** Stored format: five little-endian doubles, then the key, then the media type. */
  #headChecksum(info: EntryInfo): number {
    this.#fixed[0] = info.revision;
    this.#fixed[1] = info.createdAt;
    this.#fixed[2] = info.modifiedAt;
    this.#fixed[3] = info.expiresAt ?? -1;
    this.#fixed[4] = formNumber(info.form);
    return crc32(info.contentType, crc32(this.#encoder.encode(info.key), crc32(new Uint8Array(this.#fixed.buffer))));
  }
}

/** SQLite keeps the type of each column with each row, so that a flipped bit makes a text of a blob, or nothing of either. */
function hasColumnTypes({ revision, created_at, modified_at, expires_at, content_type, form }: InfoRow): boolean {
  return (
    typeof content_type === "string" &&
    typeof revision === "number" &&
    typeof created_at === "number" &&
    typeof modified_at === "number" &&
    (expires_at === null || typeof expires_at === "number") &&
    typeof form === "number"
  );
}

function damaged(key: Key, { revision }: InfoRow): KeyholdError {
  return new KeyholdError(
    "damaged-entry",
    `The stored entry ${JSON.stringify(key)} does not match its checksum; restore it from a backup, or overwrite or delete it`,
    { key, ...(typeof revision === "number" && { revision: toRevision(revision) }) },
  );
}

/** What a state of an entry is called: its revision in this life of the store. */
export function tagOf(revision: number, incarnation: string): Tag {
  return toTag(`${revision}.${incarnation}`);
}

export function formNumber(form: ValueForm): number {
  return VALUE_FORMS.indexOf(form);
}
