// What the functions behind the methods of a client share.

import { FIELD } from "../wire/headers.ts";
import { KeyholdError } from "./errors.ts";
import type { CallOptions, ExpiryOptions, NamedWrite } from "./options.ts";
import { newWriteName } from "./randomness.ts";
import type { Answer, Call, Requester } from "./requester.ts";
import { type Query, toSeconds } from "./target.ts";

export interface Context {
  readonly requester: Requester;
  /** What the keys of the caller stand behind, and what he does not see of them. */
  readonly prefix: string;
  /** Whether all writes carry an Idempotency-Key of the client's making. */
  readonly namesWrites: boolean;
}

export interface WriteCall extends Omit<Call, "isRepeatable" | "options"> {
  readonly options: CallOptions & NamedWrite;
  /** Whether doing it twice leaves what doing it once does (RFC 9110 §9.2.2). */
  readonly isIdempotent: boolean;
}

/** A write: one with a name is made once, however often it is sent. */
export function askToWrite({ requester, namesWrites }: Context, { isIdempotent, ...call }: WriteCall): Promise<Answer> {
  const { idempotencyKey = namesWrites } = call.options;
  const name = typeof idempotencyKey === "string" ? idempotencyKey : idempotencyKey ? newWriteName() : null;
  const headers = { ...call.headers, ...(name !== null && { [FIELD.idempotencyKey]: name }) };
  return requester.ask({ ...call, headers, isRepeatable: isIdempotent || name !== null });
}

/** Whether a PUT or DELETE with these conditions may come twice: the second would not find what the first has changed. */
export function isUnconditional({ ifMatch, ifAbsent = false }: WriteConditions): boolean {
  return ifMatch === undefined && !ifAbsent;
}

export function fullKey({ prefix }: Context, key: string): string {
  return `${prefix}${key}`;
}

/** The key as the caller knows it. */
export function ownKey({ prefix }: Context, key: string): string {
  return key.slice(prefix.length);
}

/** @throws KeyholdError "invalid-call" on two expiries at once */
export function expiryQuery({ ttlMs, expiresAt }: ExpiryOptions): Query {
  if (ttlMs !== undefined && expiresAt !== undefined) {
    throw new KeyholdError("invalid-call", "Cannot use both ttlMs and expiresAt: give one");
  }
  return {
    expire_in: ttlMs === undefined ? null : toSeconds(ttlMs),
    expire_at: expiresAt === undefined ? null : expiresAt.toISOString(),
  };
}

/** The conditions of a write on one entry. */
export function conditions(options: WriteConditions): Record<string, string> {
  return {
    ...(options.ifMatch !== undefined && { [FIELD.ifMatch]: options.ifMatch }),
    ...(options.ifAbsent === true && { [FIELD.ifNoneMatch]: "*" }),
  };
}

interface WriteConditions {
  readonly ifMatch?: string;
  readonly ifAbsent?: boolean;
}
