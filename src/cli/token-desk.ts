// Where the token commands do their work: in a store that no server holds, or at a server that is asked over HTTP.
import type { OpenTokens } from "../compose.ts";
import { KeyholdError } from "../core/errors.ts";
import { toEpochMs } from "../core/expiry.ts";
import { makeGrant } from "../core/token.ts";
import { type IssuedTokenJson, type TokenJson, toTokenJson } from "../wire/token-json.ts";

export interface AskedToken {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly prefixes: readonly string[];
  /** From now on; null for a token that does not end. */
  readonly expiresInMs: number | null;
}

/** Whatever cannot be done is a KeyholdError with a sentence for whoever asked. */
export interface TokenDesk {
  create(asked: AskedToken): Promise<IssuedTokenJson>;
  list(): Promise<readonly TokenJson[]>;
  revoke(id: string): Promise<TokenJson>;
  close(): Promise<void>;
}

/** Time for a server to answer. */
const ANSWER_MS = 30_000;
const PATH = "/-/tokens";

export function makeStoreDesk({ tokens, now, close }: OpenTokens): TokenDesk {
  return {
    async create({ expiresInMs, ...asked }) {
      const expiresAt = expiresInMs === null ? null : toEpochMs(now() + expiresInMs);
      const { record, secret } = await tokens.issue(makeGrant({ ...asked, expiresAt }));
      return { ...toTokenJson(record, now()), token: secret };
    },
    list: async () => tokens.list().map((record) => toTokenJson(record, now())),
    async revoke(id) {
      const record = await tokens.revoke(id);
      if (record === null) throw new KeyholdError("no-such-resource", `There is no token ${JSON.stringify(id)}`);
      return toTokenJson(record, now());
    },
    close,
  };
}

/** @param secret - of a token with the scope admin; null where the server asks for none yet */
export function makeServerDesk(origin: string, secret: string | null): TokenDesk {
  const authorization: Record<string, string> = secret === null ? {} : { Authorization: `Bearer ${secret}` };
  const ask = async (method: string, path: string, body: string | null = null): Promise<string> => {
    const headers = body === null ? authorization : { ...authorization, "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      // A redirection could hand the secret to another.
      const answer = await fetch(`${origin}${path}`, { method, headers, body, signal, redirect: "error" });
      const text = await answer.text();
      if (answer.ok) return text;
      throw refusedBy(origin, answer.status, text);
    } catch (error) {
      if (error instanceof KeyholdError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new KeyholdError("unavailable", `Cannot ask ${origin}: ${reason}`, {}, { cause: error });
    }
  };
  return {
    async create({ name, scopes, prefixes, expiresInMs }) {
      const end = expiresInMs === null ? {} : { expires_in: expiresInMs / 1000 };
      return JSON.parse(await ask("POST", PATH, JSON.stringify({ name, scopes, prefixes, ...end })));
    },
    list: async () => JSON.parse(await ask("GET", PATH)),
    revoke: async (id) => JSON.parse(await ask("DELETE", `${PATH}/${encodeURIComponent(id)}`)),
    close: async () => {},
  };
}

/** What the server said of it, where it is a Keyhold. */
function refusedBy(origin: string, status: number, text: string): KeyholdError {
  const cure = status === 401 ? "; give a token with the scope admin by --token-file or KEYHOLD_TOKEN" : "";
  return new KeyholdError("unavailable", `${origin} answers ${status}: ${detailOf(text)}${cure}`);
}

function detailOf(text: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === "object" && problem !== null && "detail" in problem) return String(problem.detail);
  } catch {
    // Another program's page.
  }
  return "it gives no reason that can be read";
}
