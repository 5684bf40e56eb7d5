// Access tokens as they are kept: who may do what, on which keys, until when. The secret itself is nowhere: only its
// SHA-256 is, which is enough for what is random and long. Making and checking secrets stands in auth/.
import { KeyholdError } from "./errors.ts";
import type { EpochMs } from "./expiry.ts";
import { compareKeys, keyBytes } from "./key.ts";
import { LIMITS } from "./limits.ts";
import { quote } from "./quote.ts";

/** Independent of each other, but that "admin" gives "metrics" too. A stored format: docs/formats.md. */
export const SCOPES = ["read", "write", "watch", "admin", "metrics"] as const;
export type Scope = (typeof SCOPES)[number];

/** What a token gives leave for that is made without saying: entries, and nothing of the server. */
export const DEFAULT_SCOPES: readonly Scope[] = ["read", "write", "watch"];

/** What a token gives leave for. */
export interface Grant {
  /** For people; need not be unique. 1 to LIMITS.tokenNameBytes bytes. */
  readonly name: string;
  /** At least one, in the order of SCOPES. */
  readonly scopes: readonly Scope[];
  /** Keys that begin with one of these; every key where there are none. In key order, none the beginning of another. */
  readonly prefixes: readonly string[];
  /** First instant at which it counts no more; null for never. */
  readonly expiresAt: EpochMs | null;
}

export interface TokenRecord extends Grant {
  /** Public, unique in the store: what logs, lists and revocations call it. */
  readonly id: string;
  /** SHA-256 of the secret, 64 hexadecimal digits, lower case. */
  readonly hash: string;
  readonly createdAt: EpochMs;
  /** Null for a token that has not been revoked. */
  readonly revokedAt: EpochMs | null;
}

const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** @throws "invalid-parameter" on what no token may have, naming the part */
export function makeGrant(asked: {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly prefixes: readonly string[];
  readonly expiresAt: EpochMs | null;
}): Grant {
  const { name, expiresAt } = asked;
  if (name.trim() === "" || keyBytes(name) > LIMITS.tokenNameBytes || !isShowable(name)) {
    throw refusal("name", `Cannot name a token ${quote(name)}: 1 to ${LIMITS.tokenNameBytes} bytes of text are needed`);
  }
  const scopes = makeScopes(asked.scopes);
  const prefixes = makePrefixes(asked.prefixes);
  if (prefixes.length > 0 && scopes.includes("admin")) {
    throw refusal(
      "scopes",
      "Cannot give admin to a token with prefixes: it could make itself another token without; make two tokens",
    );
  }
  return { name, scopes, prefixes, expiresAt };
}

/** Since when a token counts no more; null while it does. */
export function endedAt({ revokedAt, expiresAt }: TokenRecord, now: EpochMs): EpochMs | null {
  if (revokedAt !== null) return revokedAt;
  return expiresAt !== null && expiresAt <= now ? expiresAt : null;
}

function makeScopes(names: readonly string[]): readonly Scope[] {
  const unknown = names.find((name) => !SCOPES.some((scope) => scope === name));
  if (unknown !== undefined || names.length === 0) {
    const given = unknown === undefined ? "no scope" : `scope ${quote(unknown)}`;
    throw refusal("scopes", `Cannot make a token with ${given}: give some of ${SCOPES.join(", ")}`);
  }
  return SCOPES.filter((scope) => names.includes(scope));
}

function makePrefixes(asked: readonly string[]): readonly string[] {
  for (const prefix of asked) {
    if (prefix !== "" && keyBytes(prefix) <= LIMITS.keyBytes && prefix.isWellFormed() && isShowable(prefix)) continue;
    throw refusal(
      "prefixes",
      `Cannot use ${quote(prefix)} as a prefix: 1 to ${LIMITS.keyBytes} bytes are needed, as keys begin; leave prefixes out to mean every key`,
    );
  }
  const prefixes: string[] = [];
  // In key order, what begins with another comes directly behind it.
  for (const prefix of [...asked].sort(compareKeys)) {
    const covering = prefixes.at(-1);
    if (covering === undefined || !prefix.startsWith(covering)) prefixes.push(prefix);
  }
  if (prefixes.length <= LIMITS.tokenPrefixes) return prefixes;
  throw refusal("prefixes", `Cannot give a token ${prefixes.length} prefixes, limit ${LIMITS.tokenPrefixes}`);
}

/** Without what would do something to a terminal; keys have none of the control characters either. */
function isShowable(text: string): boolean {
  return !UNSHOWABLE.test(text);
}

function refusal(parameter: string, detail: string): KeyholdError {
  return new KeyholdError("invalid-parameter", detail, { parameter });
}
