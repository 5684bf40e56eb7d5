// What the serving thread and the writer thread say to each other. Plain data that structured clone carries.
import type { Batch, CommitTerms, Once } from "../../core/batch.ts";
import { type ErrorCode, KeyholdError } from "../../core/errors.ts";
import type { KeySet } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import type { BackupFacts, BackupProgress, CommitResult, Done } from "../../store/store.ts";
import type { Durability } from "./database.ts";
import type { PackedAnswers } from "./packed-answers.ts";
import type { PackedRequests } from "./packed-requests.ts";

/** How the writer is to keep its store. */
export interface WriterOptions {
  readonly directory: string;
  readonly durability: Durability;
  /** Longest wait between an entry's end and its "expire" change. */
  readonly sweepIntervalMs: number;
  /** How long a change stays in the log. */
  readonly historyAgeMs: number;
  /** Changes kept in the log at most. */
  readonly historyChanges: number;
  /** How long the record of a write with an Idempotency-Key is kept. */
  readonly idempotencyAgeMs: number;
  /** Bytes that such records may take; writes that would add one are refused then. */
  readonly idempotencyBytes: number;
  /** Free space that only deletes, expiries and checkpoints may use. */
  readonly diskReserveBytes: number;
  /** Room that the database may take; 0 for as much as there is. */
  readonly storeBytes: number;
}

export type WriteRequest = CommitRequest | DeleteAllRequest | PutTokenRequest;

export interface CommitRequest extends CommitTerms {
  readonly kind: "commit";
  readonly batch: Batch;
}

export interface DeleteAllRequest {
  readonly kind: "delete-all";
  readonly set: KeySet;
  readonly once: Once | null;
}

export interface PutTokenRequest {
  readonly kind: "put-token";
  readonly record: TokenRecord;
  /** Of a token dropped in the same transaction; null for none. */
  readonly forgottenId: string | null;
}

export type WriteAnswer =
  | { readonly kind: "committed"; readonly result: CommitResult }
  | Extract<Done, { kind: "deleted" }>
  | { readonly kind: "token-put" }
  | { readonly kind: "failed"; readonly error: ErrorMessage };

export type ToWriter =
  | {
      readonly kind: "open";
      readonly options: WriterOptions;
      readonly incarnation: string;
      readonly clock: SharedArrayBuffer;
      /** Where the writer counts: writer-tally.ts. */
      readonly tally: SharedArrayBuffer;
      /** Where it says what it commits: store/write-marks.ts. */
      readonly marks: SharedArrayBuffer;
    }
  | { readonly kind: "write"; readonly packed: PackedRequests }
  /** One more serving thread, which says "write" by this port. */
  | { readonly kind: "join"; readonly port: MessagePort }
  /** `isSound`: whether nothing that was read has shown damage. */
  | { readonly kind: "stop"; readonly isSound: boolean };

export type FromWriter =
  | { readonly kind: "opened"; readonly store: OpenedStore }
  | { readonly kind: "refused"; readonly error: ErrorMessage }
  /** In the order of the requests, as many at a time as shared a transaction. */
  | { readonly kind: "answers"; readonly packed: PackedAnswers; readonly figures: WriterFigures }
  /** Work goes on, perhaps of the writer's own. */
  | { readonly kind: "progress"; readonly figures: WriterFigures }
  /** The store can no longer be trusted to keep what it acknowledges; the process must end. */
  | { readonly kind: "fatal"; readonly reason: string }
  | { readonly kind: "stopped" };

export interface OpenedStore {
  readonly incarnation: string;
  /** Whether the last server that held the store closed it. */
  readonly wasClean: boolean;
  readonly figures: WriterFigures;
}

/** Figures of the store as of the latest commit. */
export interface WriterFigures {
  readonly entries: number;
  readonly revision: number;
  readonly sequence: number;
  readonly records: number;
  readonly recordBytes: number;
}

/** What the backup thread is told. */
export type ToBackup =
  /** `target` must not be there. */
  { readonly kind: "copy"; readonly database: string; readonly target: string } | { readonly kind: "stop" };

/** What it says; it ends by itself after "made" or "failed". */
export type FromBackup =
  | { readonly kind: "progress"; readonly progress: BackupProgress }
  | { readonly kind: "made"; readonly facts: BackupFacts }
  /** The target has been removed. */
  | { readonly kind: "failed"; readonly error: ErrorMessage };

/** A KeyholdError as plain data. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The stack of what caused it, for the log alone; null where the code says enough. */
  readonly trace: string | null;
}

export function toErrorMessage(error: unknown): ErrorMessage {
  if (!(error instanceof KeyholdError)) {
    return { code: "internal", detail: "The writer failed", data: {}, trace: traceOf(error) };
  }
  const { code, detail, data, cause } = error;
  return { code, detail, data, trace: code === "internal" ? traceOf(cause) : null };
}

export function fromErrorMessage({ code, detail, data, trace }: ErrorMessage): KeyholdError {
  return new KeyholdError(code, detail, data, trace === null ? {} : { cause: trace });
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
