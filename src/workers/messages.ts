// What the main thread and the other serving threads say to each other. Plain data that structured clone carries. What is asked
// is answered by a port that comes with the question.
import type { RateMemory } from "../compose-parts.ts";
import type { Config } from "../config/options.ts";
import { type ErrorCode, KeyholdError } from "../core/errors.ts";
import type { StoreShare } from "../engines/sqlite/store.ts";
import type { IntegrityFacts } from "../http/admin-handlers.ts";
import type { AccessFields, LogFields } from "../observe/log.ts";
import type { Readings } from "../observe/registry.ts";
import type { StatsdReading } from "../observe/statsd-lines.ts";
import type { BackupFigures } from "../service/transfer-schedule.ts";
import type { BackupFacts } from "../store/store.ts";

/** What a thread is started with. */
export interface ServingOrder {
  readonly config: Config;
  readonly store: StoreShare;
  /** Of makeServerCountMemory(). */
  readonly counts: SharedArrayBuffer;
  readonly rates: RateMemory;
  /** The port that the main thread listens on. */
  readonly port: number;
  readonly adminSecret: string | null;
  readonly startedAt: Date;
}

export type ToServing =
  | { readonly kind: "start"; readonly order: ServingOrder }
  /** Answered by its Readings. */
  | { readonly kind: "readings"; readonly reply: MessagePort }
  /** Answered by its StatsdReading; null where nothing is sent to StatsD. */
  | { readonly kind: "statsd"; readonly reply: MessagePort }
  | { readonly kind: "reload"; readonly adminSecret: string | null }
  /** The store can no longer be used; the process is about to end. */
  | { readonly kind: "store-failed"; readonly reason: string }
  | { readonly kind: "stop" };

export type FromServing =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly error: ErrorMessage }
  | { readonly kind: "log"; readonly line: RemoteLine }
  | { readonly kind: "accesses"; readonly accesses: readonly AccessFields[] }
  /** Answered by the text of /-/metrics. */
  | { readonly kind: "metrics"; readonly reply: MessagePort }
  /** Answered by the MainFacts. */
  | { readonly kind: "facts"; readonly reply: MessagePort }
  /** A copy of the store is made, and sent by the port: ToCopy and FromCopy. */
  | { readonly kind: "backup"; readonly port: MessagePort }
  /** It cannot go on, as its store has failed or it has itself. */
  | { readonly kind: "fatal"; readonly reason: string }
  /** It has ended in order. `isSound`: whether nothing that it has read has shown damage. */
  | { readonly kind: "stopped"; readonly isSound: boolean };

/** What is known on the main thread alone. */
export interface MainFacts {
  readonly integrity: IntegrityFacts;
  readonly backups: BackupFigures | null;
}

export interface RemoteLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** By the port of a backup: the next part is asked for, or nobody wants it any more. */
export type ToCopy = "next" | "close";

export type FromCopy =
  | { readonly kind: "made"; readonly facts: BackupFacts }
  | { readonly kind: "failed"; readonly error: ErrorMessage }
  /** Null behind the last. */
  | { readonly kind: "part"; readonly part: Uint8Array | null };

export type StatsdAnswer = StatsdReading | null;
export type ReadingsAnswer = Readings;

/** A KeyholdError as plain data. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function toErrorMessage(error: unknown): ErrorMessage {
  if (error instanceof KeyholdError) return { code: error.code, detail: error.detail, data: error.data };
  return {
    code: "internal",
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    data: {},
  };
}

/** What was no KeyholdError is none again: what it says is for the log, and not for clients. */
export function fromErrorMessage({ code, detail, data }: ErrorMessage): Error {
  return code === "internal" ? new Error(detail) : new KeyholdError(code, detail, data);
}
