// What a transaction is made of, and what it answers.
import type { Entry } from "./entry.ts";
import type { CallOptions, ExpiryOptions, IncrementOptions, NamedWrite } from "./options.ts";

/** What an entry must be like for the transaction to be carried out; judged on what stood before. */
export type Check =
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly absent: true }
  | { readonly key: string; readonly exists: true };

/** A key is written at most once in a transaction; a `get` sees what stands after it. */
export type Operation =
  | { readonly put: PutPart }
  | { readonly putJson: { readonly key: string; readonly value: unknown } & ExpiryOptions }
  | { readonly delete: { readonly key: string } }
  | { readonly increment: IncrementPart }
  | { readonly expire: { readonly key: string } & ExpiryOptions }
  | { readonly persist: { readonly key: string } }
  | { readonly get: { readonly key: string } };

export interface PutPart extends ExpiryOptions {
  readonly key: string;
  readonly value: string | Uint8Array;
  /** Of text `text/plain; charset=utf-8`, of bytes `application/octet-stream`, unless given. */
  readonly contentType?: string;
}

export interface IncrementPart extends Omit<IncrementOptions, keyof CallOptions | keyof NamedWrite> {
  readonly key: string;
  /** 1 unless given. */
  readonly by?: number;
}

export interface Transaction {
  readonly checks?: readonly Check[];
  readonly ops?: readonly Operation[];
  /** Keys that are read where a check fails, at the very instant of the judgement. */
  readonly else?: readonly string[];
}

/** What one operation did, in the order of the operations. */
export type OperationResult =
  | ({ readonly op: "put"; readonly isNew: boolean } & ResultingEnd)
  | { readonly op: "delete"; readonly key: string; readonly isDeleted: boolean }
  | ({ readonly op: "increment"; readonly value: number; readonly isNew: boolean } & ResultingEnd)
  /** Of `expire` and `persist`; `isFound` is false where there was no entry. */
  | ({ readonly op: "touch"; readonly isFound: boolean } & ResultingEnd)
  | { readonly op: "get"; readonly key: string; readonly entry: Entry | null };

export interface ResultingEnd {
  readonly key: string;
  readonly expiresAt: Date | null;
  readonly ttlMs: number | null;
}

export type TransactionResult =
  | { readonly committed: true; readonly revision: number; readonly results: readonly OperationResult[] }
  | {
      readonly committed: false;
      readonly failed: readonly FailedCheck[];
      /** What `else` asked for, in its order; null where there is no entry. */
      readonly results: readonly (Entry | null)[];
    };

export interface FailedCheck {
  /** Index in `checks`. */
  readonly check: number;
  readonly key: string;
  /** Where the entry stands; null for no entry. */
  readonly revision: number | null;
}
