// The contract between the services and an engine. Engines keep it whole; where one can only keep less, `capabilities`
// says so, and test/conformance/store.suite.ts holds it to exactly that.
import type { Batch, Change, CommitTerms, Once } from "../core/batch.ts";
import type { Brand } from "../core/brand.ts";
import type { Entry, EntryInfo, Revision } from "../core/entry.ts";
import type { Clock, EpochMs } from "../core/expiry.ts";
import type { Distribution } from "../core/histogram.ts";
import type { JudgedConflict } from "../core/judge.ts";
import type { Key } from "../core/key.ts";
import type { KeySet, Range } from "../core/range.ts";
import type { TokenRecord } from "../core/token.ts";
import type { WriteMarks } from "./write-marks.ts";

/** A place in the change log. Only the store that gave it can read it. */
export type Cursor = Brand<string, "Cursor">;

/**
 * An ordered map from keys to entries, with conditional atomic writes and a change log.
 *
 * Callers may rely on, and need not check, what they were given: keys, batches and ranges arrive validated. Expected
 * outcomes (no entry, condition not met) are return values. Everything else is a KeyholdError; any method may throw
 * "unavailable", any read "damaged-entry".
 */
export interface Store {
  /** For logs and metric labels. Branch on capabilities, never on this. */
  readonly engine: string;
  readonly capabilities: Capabilities;
  /** Names this life of the store: a new one begins with every creation and every restored backup. */
  readonly incarnation: string;

  /** The clock by which entries end; never runs backwards. */
  readonly now: Clock;

  /**
   * By what to know, without asking the store again, that what was read still stands; null where others may write to it too. An
   * entry that ends does so without a mark.
   */
  readonly marks: WriteMarks | null;

  /**
   * Names the part of the store that holds a key: keys with the same answer may share a batch. One answer for all keys where
   * capabilities.atomicity is "store". It never changes while the store lives, and asks nobody; keys with the same non-empty
   * text between their first "{" and the next "}" have the same answer.
   */
  partitionOf(key: Key): string;

  /** The live entry, or null. May answer without a promise; callers await it all the same (docs/adr/0003). */
  get(key: Key): Entry | null | Promise<Entry | null>;

  /** One answer for each key, in the order asked, of one instant where capabilities.reads is "snapshot". */
  getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]>;

  /**
   * Live entries in key order, without values. A page may hold fewer than range.limit, even none, to bound the work of
   * one call; only `next` says whether there is more. A key that lives through the whole listing appears exactly once.
   */
  list(range: Range): Promise<Page<EntryInfo>>;

  /** As list(), with values. */
  scan(range: Range): Promise<Page<Entry>>;

  /** How many live entries the set holds. */
  count(set: KeySet): Promise<number>;

  /**
   * Applies the batch if all its conditions hold, judged before any of it is applied; else changes nothing. Resolves once
   * the commit is visible to get() and as durable as capabilities promises.
   *
   * With `terms.once`, a record of the result is part of the commit; while it is kept, asking again answers it and
   * changes nothing. What was not committed is not recorded.
   *
   * @throws "not-an-integer", "out-of-range", "value-too-large" when an edit does not fit what stands; "body-too-large" when
   * more than LIMITS.readBytes are asked back; "idempotency-key-reused"
   * @throws "cross-partition" when keys of the batch and of `terms.otherwise` have different answers of partitionOf()
   * @throws "no-room" when the batch would add to a store that is full; "busy" if too many commits are queued
   * @throws "unavailable" if nothing was applied; "outcome-unknown" if the batch may or may not have been
   */
  commit(batch: Batch, terms?: CommitTerms): Promise<CommitResult>;

  /**
   * Deletes the live entries of the set: in one commit where capabilities.deletions is "one-commit"; else page by page, so
   * that an entry written meanwhile may go or stay, and a deletion that fails half-way has deleted what it has come to. What
   * is counted is exact in both. Where it goes page by page no commit could hold the record of all of it, and one with
   * `once` is refused before anything is deleted.
   *
   * @param once - as in CommitTerms
   * @throws as commit(); "cross-partition" on `once` where the deletion goes page by page
   */
  deleteAll(set: KeySet, once?: Once | null): Promise<DeleteResult>;

  /**
   * The record of a commit that was made once under this id; null where there is none, or no longer. Resolves once the commit
   * is as durable as capabilities promises, as answering it again says so.
   *
   * @throws "outcome-unknown" where it is not known to be
   */
  recall(id: string): Promise<Receipt | null>;

  /**
   * Changes after a cursor, at most `limit`; an empty page when there are none. A page may hold fewer, even none, while
   * there are more: only `hasMore` says so. They come oldest first; where capabilities.order is "partition", only those of
   * one partition do among themselves, and two readers may see those of several mixed in different ways.
   *
   * @param after - null for the beginning
   * @param upTo - a cursor that this store gave: no changes beyond it are read, and the page's cursor equals it, character
   * for character, once everything up to it has been read. What `after` has already passed stays passed: where that lies
   * beyond `upTo`, in any partition, the page's cursor does not go back to it. Null, the default, for the end of the log
   * @throws "invalid-request" on a text that is no cursor
   */
  changes(after: Cursor | null, limit: number, upTo?: Cursor | null): Promise<ChangePage>;

  /** The end of the change log: what is read after this call shows at least every change up to there. */
  latestCursor(): Promise<Cursor>;

  /** Calls `wake` soon after changes have been logged: once for many, perhaps once for none. Returns what ends it. */
  onChange(wake: () => void): () => void;

  /** Every access token that is kept, in the order of their making. They are no entries: nothing lists or deletes them. */
  tokens(): Promise<readonly TokenRecord[]>;

  /**
   * Keeps an access token, in the place of one with its id. Resolves once that is as durable as a commit.
   *
   * @param forgottenId - of a token that is dropped in the same instant; null for none
   * @throws "no-room", "busy", "unavailable", "outcome-unknown" as commit()
   */
  putToken(record: TokenRecord, forgottenId: string | null): Promise<void>;

  /** Counts and sizes, cheaply. */
  stats(): StoreStats;

  /** How the store is copied while it serves; null where the engine has no such facility. */
  readonly backup: Backup | null;

  /** Finishes queued commits, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/** What can be read of a store without holding it: of one that another server may be serving. Each call as Store has it. */
export interface StoreReading
  extends Pick<Store, "incarnation" | "now" | "scan" | "getMany" | "tokens" | "changes" | "latestCursor" | "close"> {
  /** Live entries, about: those that end or come meanwhile may be counted or not. */
  entriesAbout(): number;
}

/** Where engines differ in what they promise. Values, not booleans, so that each reads as a sentence. */
export interface Capabilities {
  /** What one batch can hold together. */
  readonly atomicity: "store" | "partition";
  /** Within what revisions and changes have a single order. */
  readonly order: "store" | "partition";
  /** What getMany() and one page of list() or scan() show: one instant, or each entry at its own. */
  readonly reads: "snapshot" | "per-entry";
  /** What an acknowledged commit has already outlived; "delegated" is whatever the remote is configured to. */
  readonly durability: "power-loss" | "process-crash" | "delegated" | "none";
  /** How deleteAll() goes about it: in one commit, or in many, during which others write. */
  readonly deletions: "one-commit" | "page-by-page";
  /**
   * Who writes to the store: this server alone, or others as well, so that whatever is remembered of it here (tokens above
   * all) has to be looked at again.
   */
  readonly servers: "one" | "many";
  /**
   * What is waited for before a commit is acknowledged: "applied", once it can be read; "fsync", once the disk has it too;
   * "replicated:N", once N copies have it; "replicated:N+fsync", both. Shown to users as it stands.
   */
  readonly promise: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as Range.after to go on; null when there is no more. */
  readonly next: Key | null;
}

export type CommitResult =
  | {
      readonly committed: true;
      /** The commit's own where it changed anything but expiries; else the store's latest. */
      readonly revision: Revision;
      readonly outcomes: readonly Outcome[];
      /** When it was applied: what relative expiries count from. */
      readonly at: EpochMs;
      /** Whether this is what an earlier commit of the same name did. */
      readonly isReplay: boolean;
    }
  | {
      readonly committed: false;
      /** One for each mutation that did not hold. */
      readonly conflicts: readonly JudgedConflict[];
      /** What stands under the keys of CommitTerms.otherwise, in their order. */
      readonly otherwise: readonly (Entry | null)[];
    };

export interface Outcome {
  /** The entry as it was; null if the key was free. An Entry, with its value, where the mutation wants "before". */
  readonly before: EntryInfo | Entry | null;
  /** The entry as it is now; null where there is none. An Entry, with its value, where the mutation wants "after". */
  readonly after: EntryInfo | Entry | null;
}

export interface DeleteResult {
  readonly deleted: number;
  readonly revision: Revision;
  /** As in CommitResult. */
  readonly isReplay: boolean;
}

/** What a commit that was made once has done. */
export interface Receipt {
  readonly fingerprint: string;
  /** When it was asked. */
  readonly at: EpochMs;
  readonly did: Done;
}

export type Done =
  | { readonly kind: "committed"; readonly result: Extract<CommitResult, { committed: true }> }
  | { readonly kind: "deleted"; readonly result: DeleteResult };

export interface LoggedChange extends Change {
  /** Resumes directly after this change; null where only the page as a whole can be resumed from. */
  readonly cursor: Cursor | null;
}

export interface ChangePage {
  readonly changes: readonly LoggedChange[];
  /** Resumes directly after the last of them. */
  readonly cursor: Cursor;
  /** Whether more can be read after it at once, up to the cursor that the reading was bounded by. */
  readonly hasMore: boolean;
  /**
   * Whether there may have been changes after the given cursor that the log no longer holds, or never did: they were
   * dropped, or the cursor, or that of the bound, is of another life of the store.
   */
  readonly isIncomplete: boolean;
}

export interface StoreStats {
  /** Entries held, expired ones that await the sweeper included. */
  readonly entries: number;
  /** Bytes of storage taken; null where the engine cannot tell. */
  readonly bytes: number | null;
  /** Those of them that are a write-ahead log; null where there is none. */
  readonly logBytes: number | null;
  readonly revision: Revision;
  /** Records of named writes that are kept, and what they take. */
  readonly records: number;
  readonly recordBytes: number;
  readonly queuedCommits: number;
  /** Transactions committed since the store was opened, and entries removed because they had ended. */
  readonly commits: number;
  readonly expired: number;
  /** Null where nothing is written that takes time. */
  readonly writing: WritingStats | null;
}

/** How long writing has taken, and how it was shared, since the store was opened. Times in seconds. */
export interface WritingStats {
  /** Of each commit, the sync included. */
  readonly commitSeconds: Distribution;
  /** Requests that shared a commit. */
  readonly commitRequests: Distribution;
  /** From being asked until the writer began. */
  readonly waitSeconds: Distribution;
  readonly checkpointSeconds: Distribution;
}

/** Copies of one instant, made while commits go on. One is made at a time. */
export interface Backup {
  /**
   * Writes a copy to `path`, whole and synced or not at all: it has that name only once it is finished.
   *
   * @throws "busy" while another copy is made; "no-room"; "damaged-entry" on an entry that is not what was written;
   * "unavailable" when the signal aborts, which ends it within a fraction of a second, and on what the disk refuses
   */
  writeTo(path: string, terms: BackupTerms): Promise<BackupFacts>;

  /** A copy without a name, to be read once and closed. @throws as writeTo() */
  open(terms: BackupTerms): Promise<OpenBackup>;
}

export interface BackupTerms {
  readonly onProgress: (progress: BackupProgress) => void;
  readonly signal: AbortSignal;
}

export interface BackupProgress {
  readonly entries: number;
  readonly entriesTotal: number;
  /** Bytes of entries copied so far. */
  readonly bytes: number;
}

/** What a finished copy is. */
export interface BackupFacts {
  readonly bytes: number;
  /** Of the latest write that it holds. */
  readonly revision: Revision;
  /** The life of the store that it was made of. */
  readonly incarnation: string;
  /** Entries that it holds, those that have ended and await the sweep included. */
  readonly entries: number;
  /** Of the file, 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface OpenBackup extends BackupFacts {
  /** The file from its beginning, in parts of bounded size; to be read once. */
  parts(): AsyncIterable<Uint8Array>;
  /** Gives its room back. Idempotent. */
  close(): void;
}
