// One request from its target to its reply: match, decode, handle, and turn what was thrown into a problem. Every request
// takes this way and no other; there is no stack of middleware.
import { type Action, EVERYBODY, type Subject } from "../auth/policy.ts";
import { ERRORS, type ErrorCode, KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import type { Log } from "../observe/log.ts";
import { tokenEnded } from "../service/watch/member.ts";
import { FIELD } from "../wire/headers.ts";
import { authenticate, challengeOf, privately, requireLeave } from "./access.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { type NamedRequest, nameRequest, readIdempotencyKey } from "./idempotency.ts";
import { Parameters } from "./parameters.ts";
import { problemReply, STATUS } from "./problem.ts";
import {
  acceptedPatches,
  allowedMethods,
  decodeArgument,
  type Match,
  matchPath,
  type Route,
  type RouteRequest,
  routeOf,
} from "./routes.ts";
import { type Services, ServicesBySubject } from "./services.ts";
import { TappedIncoming } from "./tapped-incoming.ts";
import { parsePairs, splitTarget } from "./target.ts";

export interface AppOptions {
  readonly services: Services;
  readonly log: Log;
  /** Whether a line is logged for each request. */
  readonly hasAccessLog: boolean;
  /** Begins the ids that this process gives to requests. */
  readonly requestIdPrefix: string;
  readonly steadyMs: () => number;
}

/** A request on its way. */
interface Asked {
  readonly incoming: Incoming;
  /** Null as long as nobody needs it. */
  requestId: string | null;
  /** Who asks; everybody until that is known. */
  subject: Subject;
}

/** What a client may name its request with. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** Faults that come with every request while they last are logged this often: a full disk must not fill the log too. */
const FAULT_LOG_INTERVAL_MS = 1000;
const LASTING_FAULTS: readonly ErrorCode[] = ["busy", "unavailable", "no-room"];
const NO_PARAMETERS = new Parameters([]);
const UNMATCHED = "unmatched";

export class App {
  readonly #options: AppOptions;
  readonly #services: ServicesBySubject;
  readonly #faultLoggedAtMs = new Map<ErrorCode, number>();
  #requests = 0;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#services = new ServicesBySubject(options.services);
  }

  /** Answers a request. Throws nothing. */
  async handle(incoming: Incoming): Promise<Reply> {
    if (!this.#options.hasAccessLog) return this.#answer({ incoming, requestId: null, subject: EVERYBODY });
    const requestId = this.#requestId(incoming);
    const startedAtMs = this.#options.steadyMs();
    const asked: Asked = { incoming, requestId, subject: EVERYBODY };
    const reply = await this.#answer(asked);
    this.#options.log.access({
      requestId,
      method: incoming.method,
      target: incoming.target,
      route: routeNameOf(incoming.target),
      status: reply.status,
      durationMs: this.#options.steadyMs() - startedAtMs,
      requestBytes: lengthOf(incoming.header(FIELD.contentLength)),
      responseBytes: bytesOf(reply),
      remoteAddress: incoming.remoteAddress,
      token: tokenIdOf(asked),
    });
    return reply;
  }

  /** Notes in `asked` who asks, once that is known. */
  async #answer(asked: Asked): Promise<Reply> {
    const { incoming } = asked;
    let match: Match | null = null;
    try {
      const { path, query } = splitTarget(incoming.target);
      match = matchPath(path);
      if (match === null) throw new KeyholdError("no-such-resource", `Nothing is served at ${quote(path)}`);
      if (incoming.method === "OPTIONS") return optionsReply(match.pattern);
      const route = routeOf(match.pattern, incoming.method);
      asked.subject = authenticate(incoming, route, this.#options.services.tokens);
      const parameters = query === "" ? NO_PARAMETERS : new Parameters(parsePairs(query));
      const action = requireLeave(asked.subject, route, { incoming, parameters });
      const services = this.#services.of(asked.subject);
      const request = { parameters, argument: decodeArgument(match), services };
      const name = readIdempotencyKey(incoming);
      const guarded = this.#guardBody(asked);
      const reply = await (name === null
        ? route.handle({ ...request, incoming: guarded })
        : handleOnce(route, request, await nameRequest(guarded, { name, owner: asked.subject.id }, services.store)));
      const shown = asked.subject === EVERYBODY ? reply : privately(reply);
      return isStreamed(shown.body) ? { ...shown, body: this.#watch(shown.body, asked, action) } : shown;
    } catch (error) {
      return this.#problem(error, asked, match?.pattern ?? null);
    }
  }

  #problem(error: unknown, asked: Asked, pattern: string | null): Reply {
    const { incoming } = asked;
    asked.requestId ??= this.#requestId(incoming);
    const fault = toFault(error);
    this.#logFault(fault, error, asked);
    const reply = problemReply(fault, asked.requestId, incoming.header(FIELD.accept));
    const added: Record<string, string> = {};
    if (fault.code === "method-not-allowed" && pattern !== null) added[FIELD.allow] = allowedMethods(pattern);
    if (fault.code === "unauthenticated" || fault.code === "forbidden") {
      added[FIELD.wwwAuthenticate] = challengeOf(fault, incoming);
    }
    const patches = pattern === null ? null : acceptedPatches(pattern);
    if (fault.code === "unsupported-media-type" && incoming.method === "PATCH" && patches !== null) {
      added[FIELD.acceptPatch] = patches;
    }
    return { ...reply, headers: { ...reply.headers, ...added } };
  }

  /** Once the head has left, a fault can only cut the connection: the log alone says why. */
  async *#watch(
    parts: AsyncIterable<string | Uint8Array>,
    asked: Asked,
    action: Action,
  ): AsyncGenerator<string | Uint8Array> {
    try {
      for await (const part of parts) {
        yield part;
        // A watch is ended by the hub, which says so first.
        if (action !== "none" && action !== "watch") this.#requireStillGood(asked.subject);
      }
    } catch (error) {
      this.#logFault(toFault(error), error, asked);
      throw error;
    }
  }

  /** A body may be long in coming: when it is there, it is asked again whether its token counts. */
  #guardBody({ incoming, subject }: Asked): Incoming {
    if (subject === EVERYBODY || incoming.method === "GET" || incoming.method === "HEAD") return incoming;
    return new TappedIncoming(incoming, () => this.#requireStillGood(subject));
  }

  /** What takes long to send is cut when its token ends. */
  #requireStillGood(subject: Subject): void {
    if (!this.#options.services.tokens.isGood(subject)) throw tokenEnded();
  }

  /** Only what an operator must know of: faults of the server, not of the client. */
  #logFault(fault: KeyholdError, error: unknown, asked: Asked): void {
    if (STATUS[fault.code] < 500) return;
    if (LASTING_FAULTS.includes(fault.code) && this.#wasJustLogged(fault.code)) return;
    const requestId = asked.requestId ?? this.#requestId(asked.incoming);
    const token = tokenIdOf(asked);
    const fields = { request_id: requestId, code: fault.code, ...(token !== null && { token }) };
    if (fault.code === "internal") {
      this.#options.log.error("request-failed", traceOf(error), fields);
    } else {
      this.#options.log[ERRORS[fault.code].retry === "soon" ? "warn" : "error"]("request-failed", fault.detail, fields);
    }
  }

  #wasJustLogged(code: ErrorCode): boolean {
    const now = this.#options.steadyMs();
    const loggedAt = this.#faultLoggedAtMs.get(code) ?? Number.NEGATIVE_INFINITY;
    if (now - loggedAt < FAULT_LOG_INTERVAL_MS) return true;
    this.#faultLoggedAtMs.set(code, now);
    return false;
  }

  /** The client's own name for its request where it gave a usable one, else a new one. */
  #requestId(incoming: Incoming): string {
    const given = incoming.header(FIELD.requestId);
    if (given !== null && REQUEST_ID.test(given)) return given;
    return `${this.#options.requestIdPrefix}-${(++this.#requests).toString(36)}`;
  }
}

/** A write that names itself, handled so that it is made once. */
async function handleOnce(
  route: Route,
  request: Omit<RouteRequest, "incoming">,
  { incoming, attempt }: NamedRequest,
): Promise<Reply> {
  const services = { ...request.services, entries: request.services.entries.once(attempt) };
  const reply = await route.handle({ ...request, incoming, services });
  return attempt.isReplayed ? { ...reply, headers: { ...reply.headers, [FIELD.idempotencyReplayed]: "true" } } : reply;
}

function toFault(error: unknown): KeyholdError {
  if (error instanceof KeyholdError) return error;
  return new KeyholdError("internal", "The server failed; its log has the reason under this id");
}

/** Where it came from; of what another thread threw, as that thread told it. */
function traceOf(error: unknown): string {
  if (error instanceof KeyholdError && error.cause !== undefined) return String(error.cause);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isStreamed(body: Reply["body"]): body is AsyncIterable<string | Uint8Array> {
  return body !== null && typeof body === "object" && !(body instanceof Uint8Array);
}

function optionsReply(pattern: string): Reply {
  const headers: Record<string, string> = { [FIELD.allow]: allowedMethods(pattern) };
  const patches = acceptedPatches(pattern);
  if (patches !== null) headers[FIELD.acceptPatch] = patches;
  return { status: 204, headers, body: null };
}

/** Null where no token was looked at. */
function tokenIdOf({ subject }: Asked): string | null {
  return subject === EVERYBODY ? null : subject.id;
}

function routeNameOf(target: string): string {
  try {
    return matchPath(splitTarget(target).path)?.pattern ?? UNMATCHED;
  } catch {
    return UNMATCHED;
  }
}

function lengthOf(contentLength: string | null): number | null {
  return contentLength === null ? null : Number(contentLength);
}

/** Null for what is streamed. */
function bytesOf({ body }: Reply): number | null {
  if (body === null) return 0;
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : null;
}
