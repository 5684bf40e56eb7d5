// Whether a request has leave: who asks (401), and whether that may be asked (403). Decided by the row of the route table
// alone, before anything of the request's own is read. Which keys it may be asked of is decided where they are read and
// written (service/scoped-store.ts).
import { type Action, EVERYBODY, may, type Subject } from "../auth/policy.ts";
import { parseBearer } from "../auth/secrets.ts";
import type { TokenBook, Verdict } from "../auth/token-book.ts";
import { KeyholdError } from "../core/errors.ts";
import { tokenEnded } from "../service/watch/member.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";
import { wantsRepresentation } from "./prefer.ts";
import type { Route } from "./route.ts";

const REALM = 'Bearer realm="keyhold"';

/**
 * Who asks; a promise only of a secret that may have been made known to another server, or where another thread has changed tokens.
 *
 * @throws "unauthenticated" where a token is asked for, and none that counts is sent
 */
export function authenticate(incoming: Incoming, route: Route, tokens: TokenBook): Subject | Promise<Subject> {
  const news = tokens.catchUp();
  return news === null ? identify(incoming, route, tokens) : news.then(() => authenticate(incoming, route, tokens));
}

function identify(incoming: Incoming, route: Route, tokens: TokenBook): Subject | Promise<Subject> {
  if (route.action === "none" || !tokens.hasTokens()) return EVERYBODY;
  const field = incoming.header(FIELD.authorization) ?? bearerInTarget(incoming.target, route);
  if (field === null) {
    throw unauthenticated(
      "This server asks for a token: send Authorization: Bearer TOKEN (curl --oauth2-bearer TOKEN)",
    );
  }
  const secret = parseBearer(field);
  if (secret === null) {
    throw unauthenticated("Cannot read the field Authorization: send it once, as Authorization: Bearer TOKEN");
  }
  const verdict = tokens.judge(secret);
  const readAgain = verdict.is === "unknown" ? tokens.readAgain() : null;
  return readAgain === null ? subjectOf(verdict) : readAgain.then(() => subjectOf(tokens.judge(secret)));
}

/** What the route takes in the place of the field Authorization; null where it takes nothing else, or has not got it. */
function bearerInTarget(target: string, { tokenParameter }: Route): string | null {
  if (tokenParameter === undefined) return null;
  const [, secret] = new RegExp(`[?&]${tokenParameter}=([^&]*)`).exec(target) ?? [];
  return secret === undefined ? null : `Bearer ${secret}`;
}

/** The target as a log may show it: without a token. */
export function withoutToken(target: string, tokenParameter: string | null): string {
  if (tokenParameter === null) return target;
  return target.replaceAll(new RegExp(`([?&]${tokenParameter}=)[^&]*`, "g"), "$1…");
}

/** @throws "unauthenticated" */
function subjectOf(verdict: Verdict): Subject {
  switch (verdict.is) {
    case "good":
      return verdict.subject;
    case "ended":
      throw unauthenticated(`The token ${verdict.id} has ${verdict.why === "revoked" ? "been revoked" : "expired"}`);
    case "unknown":
      throw unauthenticated("This server does not know the token that was sent");
    default:
      return verdict satisfies never;
  }
}

/** What of a request decides, besides its route, what it needs leave for. */
interface AskedOf {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
}

/** What the request is let in for. @throws "forbidden" naming the scope that the token lacks */
export function requireLeave(subject: Subject, route: Route, { incoming, parameters }: AskedOf): Action {
  const { actionWhen, alsoNeeds } = route;
  // However often, and whatever its value: a request that is refused for it needs no less leave.
  const isOther = actionWhen !== undefined && parameters.pairs.some(([name]) => name === actionWhen.parameter);
  const action = isOther ? actionWhen.action : route.action;
  requireScope(subject, action);
  if (alsoNeeds !== undefined && (alsoNeeds.when === "always" || wantsRepresentation(incoming))) {
    requireScope(subject, alsoNeeds.action);
  }
  return action;
}

/**
 * Looks again whether what a subject was let in by counts, while its request goes on. A promise only where another thread has
 * changed tokens.
 *
 * @throws "unauthenticated"
 */
export function requireStillGood(subject: Subject, tokens: TokenBook): Promise<void> | null {
  const news = tokens.catchUp();
  if (news !== null) {
    return news.then(async () => {
      await requireStillGood(subject, tokens);
    });
  }
  if (tokens.isGood(subject)) return null;
  throw tokenEnded();
}

export function requireScope(subject: Subject, needed: Action): void {
  if (may(subject, needed)) return;
  const has = subject.scopes.join(", ");
  throw new KeyholdError("forbidden", `The token ${subject.id} lacks the scope ${needed}, and has ${has}`, {
    scope: needed,
  });
}

/** The field WWW-Authenticate of a refusal (RFC 6750 §3). */
export function challengeOf({ code, data }: KeyholdError, incoming: Incoming): string {
  if (code === "forbidden") {
    const scope = typeof data["scope"] === "string" ? `, scope="${data["scope"]}"` : "";
    return `${REALM}, error="insufficient_scope"${scope}`;
  }
  return incoming.header(FIELD.authorization) === null ? REALM : `${REALM}, error="invalid_token"`;
}

/** An answer that only this client's cache may keep, and for no other token (RFC 9111 §5.2.2.7). */
export function privately(reply: Reply): Reply {
  if (reply.headers[FIELD.cacheControl] !== "no-cache") return reply;
  const vary = reply.headers[FIELD.vary];
  const headers = {
    ...reply.headers,
    [FIELD.cacheControl]: "private, no-cache",
    [FIELD.vary]: vary === undefined ? FIELD.authorization : `${vary}, ${FIELD.authorization}`,
  };
  return { ...reply, headers };
}

function unauthenticated(detail: string): KeyholdError {
  return new KeyholdError("unauthenticated", detail);
}
