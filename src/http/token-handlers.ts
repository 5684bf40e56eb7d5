// `/-/tokens`: who may use the server is listed, added and revoked here. Secrets are answered once, when they are made, and
// stand in nothing that is kept: no record of the request, no log, no cache.
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type IssuedTokenJson, toTokenJson } from "../wire/token-json.ts";
import { readJsonText } from "./body.ts";
import type { Reply } from "./exchange.ts";
import type { RouteRequest } from "./route.ts";
import { readGrant } from "./token-body.ts";

const HEADERS = { [FIELD.cacheControl]: "no-store", [FIELD.contentType]: MEDIA.json };

export function listTokens({ parameters, services: { tokens, store } }: RouteRequest): Reply {
  parameters.requireKnown([]);
  const now = store.now();
  return reply(
    200,
    tokens.list().map((record) => toTokenJson(record, now)),
  );
}

/** @throws "invalid-header" where the request asks to be remembered, as the answer must not be */
export async function createToken({ incoming, parameters, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown([]);
  if (incoming.header(FIELD.idempotencyKey) !== null) {
    throw new KeyholdError(
      "invalid-header",
      "Cannot use Idempotency-Key here: the answer holds a secret, which is not kept; if it was lost, revoke the token and make another",
    );
  }
  const { tokens, store } = services;
  const grant = readGrant(await readJsonText(incoming, LIMITS.parameterBodyBytes), store.now());
  const { record, secret } = await tokens.issue(grant);
  const issued: IssuedTokenJson = { ...toTokenJson(record, store.now()), token: secret };
  const made = reply(201, issued);
  return { ...made, headers: { ...made.headers, [FIELD.location]: `/-/tokens/${record.id}` } };
}

/** Again and again with the same answer. @throws "no-such-resource" */
export async function revokeToken({ parameters, argument, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown([]);
  const { tokens, store } = services;
  const record = await tokens.revoke(argument);
  if (record !== null) return reply(200, toTokenJson(record, store.now()));
  throw new KeyholdError(
    "no-such-resource",
    `There is no token ${quote(argument)}; GET /-/tokens lists those there are`,
  );
}

function reply(status: number, document: unknown): Reply {
  return { status, headers: HEADERS, body: `${JSON.stringify(document, null, 2)}\n` };
}
