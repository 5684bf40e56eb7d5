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
  /** Whether writes carry an Idempotency-Key of the client's making. */
  readonly namesWrites: boolean;
}

export type WriteCall = Omit<Call, "isRepeatable" | "options"> & { readonly options: CallOptions & NamedWrite };

/** A write, made once however often it is sent; without a name only sent once. */
export function askToWrite({ requester, namesWrites }: Context, call: WriteCall): Promise<Answer> {
  const name = call.options.idempotencyKey ?? (namesWrites ? newWriteName() : null);
  const headers = { ...call.headers, ...(name !== null && { [FIELD.idempotencyKey]: name }) };
  return requester.ask({ ...call, headers, isRepeatable: name !== null && !(call.body instanceof ReadableStream) });
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
export function conditions(options: {
  readonly ifMatch?: string;
  readonly ifAbsent?: boolean;
}): Record<string, string> {
  return {
    ...(options.ifMatch !== undefined && { [FIELD.ifMatch]: options.ifMatch }),
    ...(options.ifAbsent === true && { [FIELD.ifNoneMatch]: "*" }),
  };
}
