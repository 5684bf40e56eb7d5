// Where the token commands do their work: in a store that no server holds, or at a server that is asked over HTTP.
import type { OpenTokens } from "../compose.ts";
import { KeyholdError } from "../core/errors.ts";
import { toEpochMs } from "../core/expiry.ts";
import { makeGrant } from "../core/token.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type IssuedTokenJson, type TokenJson, toTokenJson } from "../wire/token-json.ts";
import { askForJson, type Remote } from "./remote.ts";

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

export function makeServerDesk(remote: Remote): TokenDesk {
  const asked = () => ({ signal: AbortSignal.timeout(ANSWER_MS) });
  return {
    async create({ name, scopes, prefixes, expiresInMs }) {
      const end = expiresInMs === null ? {} : { expires_in: expiresInMs / 1000 };
      const body = JSON.stringify({ name, scopes, prefixes, ...end });
      const headers = { [FIELD.contentType]: MEDIA.json };
      return askForJson<IssuedTokenJson>(remote, { method: "POST", target: PATH, headers, body, ...asked() });
    },
    list: () => askForJson<TokenJson[]>(remote, { method: "GET", target: PATH, ...asked() }),
    revoke: (id) =>
      askForJson<TokenJson>(remote, { method: "DELETE", target: `${PATH}/${encodeURIComponent(id)}`, ...asked() }),
    close: async () => {},
  };
}
