// One of the two stores of a copy, wherever it is: what is read of it, and what is written to it.
import type { EpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import type { TokenRecord } from "../../core/token.ts";
import type { ConflictPolicy, Imported, ImportedEntry } from "../../service/transfer.ts";
import type { ChangePage, Cursor } from "../../store/store.ts";

/** What a copy keeps of an entry. */
export type CopiedEntry = ImportedEntry;

export interface ReadSide {
  /** As it is shown, without passwords. */
  readonly name: string;
  readonly incarnation: string;
  /** Whether a server may be writing to it meanwhile. */
  readonly mayBeWritten: boolean;
  /** The clock of the store, as far as it can be told. */
  readonly now: () => EpochMs;
  /** Live entries behind a key, in key order, in pages of bounded size; each at its own instant. */
  pages(after: Key | null): AsyncIterable<readonly CopiedEntry[]>;
  /** Entries as they are now, null for none, in the order asked. */
  read(keys: readonly Key[]): Promise<readonly (CopiedEntry | null)[]>;
  /** How many entries there are, about; null where that is not known. */
  entriesAbout(): Promise<number | null>;
  /** Null where tokens cannot be read: a server shows them without what they are checked by. */
  readonly tokens: (() => Promise<readonly TokenRecord[]>) | null;
  /** Null where the change log cannot be read. */
  readonly log: ChangeLog | null;
  close(): Promise<void>;
}

/** As the methods of Store. */
export interface ChangeLog {
  latestCursor(): Promise<Cursor>;
  changes(after: Cursor, limit: number, upTo: Cursor | null): Promise<ChangePage>;
}

export interface WriteSide extends ReadSide {
  /** The largest value that can be written; null where the store itself says so when it is asked. */
  readonly valueBytesMax: number | null;
  /** As Store.partitionOf(); one name for all where whoever takes a batch divides it. */
  partitionOf(key: Key): string;
  /** Puts entries of one partition in one commit. @throws what the store refuses */
  put(entries: readonly CopiedEntry[], policy: ConflictPolicy): Promise<Imported>;
  /** Deletes keys of one partition, as far as they are there; null where that cannot be done. */
  readonly remove: ((keys: readonly Key[]) => Promise<void>) | null;
  /** Null where none can be kept. */
  readonly putToken: ((record: TokenRecord) => Promise<void>) | null;
}
