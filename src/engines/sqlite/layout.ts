// What stands on disk: file names, marks and versions. A stored format; its rules of compatibility are in docs/formats.md.
import { join } from "node:path";

/** "Khld" as a big-endian integer, in the database's application_id. */
export const APPLICATION_ID = 0x4b686c64;

/** "Khbk", in a backup instead: a server must not take one for a store, as it would go on in the same life. */
export const BACKUP_APPLICATION_ID = 0x4b68626b;

/** What copies that are being made in the store's directory begin with, and sixteen hexadecimal digits behind it. */
export const COPY_PREFIX = "copy-";

/** Their names, and nobody else's: what a crash has left under one is removed at the start. */
export const COPY_NAME = /^copy-[0-9a-f]{16}\.db$/;

/** The database's user_version. A newer one than this is refused; an older one is migrated when the store is opened. */
export const FORMAT_VERSION = 4;

/** Bytes; fixed when a store is created (docs/adr/0006). */
export const PAGE_BYTES = 4096;

export interface StoreFiles {
  readonly directory: string;
  readonly database: string;
  readonly log: string;
  /** An empty database whose exclusive lock says that a server holds the store. */
  readonly lock: string;
  /** Who holds it, for the sentence that the second one prints. */
  readonly holder: string;
}

export function storeFiles(directory: string): StoreFiles {
  const database = join(directory, "keyhold.db");
  return {
    directory,
    database,
    log: `${database}-wal`,
    lock: join(directory, "lock.db"),
    holder: join(directory, "holder.json"),
  };
}

/** Why an entry left its state; stored in changes.kind. */
export const CHANGE_KINDS = ["put", "delete", "expire", "touch"] as const;

/** Stored in entries.form. */
export const VALUE_FORMS = ["bytes", "text", "json", "wrapped-json"] as const;
