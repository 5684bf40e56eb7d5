// Access tokens (docs/access.md): listing, making, revoking. All need the scope `admin`.
import type { Scope } from "../core/token.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type Context, expiryQuery } from "./context.ts";
import { parseAnswer, unexpected } from "./entry-json.ts";
import { dateAt, isJsonObject, type JsonObject, textAt } from "./json-shape.ts";
import type { CallOptions, ExpiryOptions } from "./options.ts";

export interface Token {
  /** Public: what logs and `revoke` call it. */
  readonly id: string;
  readonly name: string;
  /** Of "read", "write", "watch", "admin", "metrics", and what later servers add. */
  readonly scopes: readonly string[];
  /** Keys that begin with one of these; empty for every key. */
  readonly prefixes: readonly string[];
  readonly createdAt: Date;
  /** Null for never. */
  readonly expiresAt: Date | null;
  /** Null for a token that has not been. */
  readonly revokedAt: Date | null;
  readonly state: "active" | "expired" | "revoked";
}

/** A token just made. */
export interface IssuedToken extends Token {
  /** What its holder sends; answered this once, and kept nowhere. */
  readonly secret: string;
}

export interface TokenOptions extends ExpiryOptions {
  /** For people; 1 to 100 bytes. */
  readonly name: string;
  /** "read", "write" and "watch" unless given. */
  readonly scopes?: readonly Scope[];
  /** At most 16; every key unless given. */
  readonly prefixes?: readonly string[];
}

/** The tokens of the server. */
export interface Tokens {
  /** In the order of their making, those that have ended included. */
  list(options?: CallOptions): Promise<readonly Token[]>;
  /**
   * Makes one. It is sent once and never again, as the answer holds the secret: after a failure without an answer, look at
   * `list()`, revoke what was made, and make another.
   */
  create(token: TokenOptions, options?: CallOptions): Promise<IssuedToken>;
  /** Ends one; again the same. @throws KeyholdError "no-such-resource" */
  revoke(id: string, options?: CallOptions): Promise<Token>;
}

const TARGET = "/-/tokens";
const decoder = new TextDecoder();

export function makeTokens({ requester }: Context): Tokens {
  return {
    async list(options = {}) {
      const { body } = await requester.ask({ method: "GET", target: TARGET, isRepeatable: true, options });
      const text = decoder.decode(body);
      const listed = parseAnswer(text);
      if (!Array.isArray(listed)) throw unexpected(text);
      return listed.map((each) => toToken(each, text));
    },
    async create({ name, scopes, prefixes, ...ends }, options = {}) {
      const body = JSON.stringify({ name, scopes, prefixes, ...membersOfExpiry(ends) });
      const call = { method: "POST", target: TARGET, headers: { [FIELD.contentType]: MEDIA.json }, body };
      const answer = await requester.ask({ ...call, isRepeatable: false, options });
      const text = decoder.decode(answer.body);
      const made = parseAnswer(text);
      const secret = isJsonObject(made) ? textAt(made, "token") : null;
      if (secret === null) throw unexpected("a token without its secret");
      return { ...toToken(made, text), secret };
    },
    async revoke(id, options = {}) {
      const call = { method: "DELETE", target: `${TARGET}/${encodeURIComponent(id)}`, options };
      const text = decoder.decode((await requester.ask({ ...call, isRepeatable: true })).body);
      return toToken(parseAnswer(text), text);
    },
  };
}

function membersOfExpiry(ends: ExpiryOptions): JsonObject {
  const { expire_in, expire_at } = expiryQuery(ends);
  return { expires_in: expire_in ?? undefined, expires_at: expire_at ?? undefined };
}

function toToken(token: unknown, text: string): Token {
  if (!isJsonObject(token)) throw unexpected(text);
  const [id, name, createdAt] = [textAt(token, "id"), textAt(token, "name"), dateAt(token, "created_at")];
  const state = textAt(token, "state");
  if (id === null || name === null || createdAt === null) throw unexpected(text);
  if (state !== "active" && state !== "expired" && state !== "revoked") throw unexpected(text);
  const [expiresAt, revokedAt] = [dateAt(token, "expires_at"), dateAt(token, "revoked_at")];
  const [scopes, prefixes] = [textsIn(token["scopes"]), textsIn(token["prefixes"])];
  return { id, name, scopes, prefixes, createdAt, expiresAt, revokedAt, state };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
