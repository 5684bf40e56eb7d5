// Access tokens for tests of what keeps them.
import { toEpochMs } from "../../src/core/expiry.ts";
import type { TokenRecord } from "../../src/core/token.ts";

/** The record "tk_NAME", with every scope but those of the server, unless said otherwise. */
export function tokenOf(name: string, changed: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id: `tk_${name}`,
    name,
    hash: "0".repeat(64),
    scopes: ["read", "write", "watch"],
    prefixes: [],
    createdAt: toEpochMs(1_800_000_000_000),
    expiresAt: null,
    revokedAt: null,
    ...changed,
  };
}
