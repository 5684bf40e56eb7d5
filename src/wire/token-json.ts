// A token as the server shows it and the command line reads it: everything but the secret and its digest. A sent format:
// docs/protocol.md §14.
import type { EpochMs } from "../core/expiry.ts";
import { endedAt, type TokenRecord } from "../core/token.ts";

export interface TokenJson {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Empty for every key. */
  readonly prefixes: readonly string[];
  /** RFC 3339, as all instants here. */
  readonly created_at: string;
  /** Null for never. */
  readonly expires_at: string | null;
  /** Null for a token that has not been. */
  readonly revoked_at: string | null;
  readonly state: "active" | "expired" | "revoked";
}

/** A token just made, with its secret, which is shown this once. */
export interface IssuedTokenJson extends TokenJson {
  readonly token: string;
}

export function toTokenJson(record: TokenRecord, now: EpochMs): TokenJson {
  const { id, name, scopes, prefixes, createdAt, expiresAt, revokedAt } = record;
  return {
    id,
    name,
    scopes,
    prefixes,
    created_at: toInstant(createdAt),
    expires_at: expiresAt === null ? null : toInstant(expiresAt),
    revoked_at: revokedAt === null ? null : toInstant(revokedAt),
    state: endedAt(record, now) === null ? "active" : revokedAt === null ? "expired" : "revoked",
  };
}

function toInstant(at: EpochMs): string {
  return new Date(at).toISOString();
}
