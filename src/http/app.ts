// One request from its target to its reply: match, decode, handle, and turn what was thrown into a problem. Every request
// takes this way and no other; there is no stack of middleware.
import { type Action, EVERYBODY, type Subject } from "../auth/policy.ts";
import { ERRORS, type ErrorCode, KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import type { Scope } from "../core/token.ts";
import type { HttpMetrics, RouteSeries } from "../observe/http-metrics.ts";
import type { Log } from "../observe/log.ts";
import type { RequestTrace, Tracing } from "../observe/tracing.ts";
import { FIELD } from "../wire/headers.ts";
import { authenticate, privately, requireLeave, requireScope, requireStillGood, withoutToken } from "./access.ts";
import type { KnownAnswers } from "./answers/known-answers.ts";
import {
  type Incoming,
  isStreamed,
  type Prepared,
  type RecalledRequest,
  type Reply,
  type RequestHandler,
} from "./exchange.ts";
import { faultReply } from "./fault-reply.ts";
import type { Guard } from "./guard.ts";
import { type NamedRequest, nameRequest, readIdempotencyKey } from "./idempotency.ts";
import { Parameters } from "./parameters.ts";
import { STATUS } from "./problem.ts";
import { lengthOf, sentBytes, sizeOf } from "./reply-size.ts";
import type { Route, RouteRequest } from "./route.ts";
import { acceptedPatches, allowedMethods, decodeArgument, type Match, matchPath, routeOf, sharedOf } from "./routes.ts";
import { type Services, ServicesBySubject } from "./services.ts";
import { TappedIncoming } from "./tapped-incoming.ts";
import { parsePairs, splitTarget } from "./target.ts";
import { traced, tracedOf } from "./traced-request.ts";

export interface AppOptions {
  readonly services: Services;
  readonly guard: Guard;
  readonly log: Log;
  /** Where requests are counted. */
  readonly metrics: HttpMetrics;
  /** Where answers that stand are kept; null where each is made anew. */
  readonly answers: KnownAnswers | null;
  /** Null where requests are not traced. */
  readonly tracing: Tracing | null;
  /** Whether a line is logged for each request. */
  readonly hasAccessLog: boolean;
  /** Begins the ids that this process gives to requests. */
  readonly requestIdPrefix: string;
  readonly steadyMs: () => number;
}

/** What a client may name its request with. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** Faults that come with every request while they last are logged this often: a full disk must not fill the log too. */
const FAULT_LOG_INTERVAL_MS = 1000;
const LASTING_FAULTS: readonly ErrorCode[] = ["busy", "unavailable", "no-room"];
/** Of what a client sent, though their status is of the server's class. */
const CLIENT_FAULTS: readonly ErrorCode[] = ["version-not-supported"];
/** What a foreign page may not even ask by GET: for what it would read, or, of commands, for what they would do. */
const FOR_OWN_PAGES: readonly Action[] = ["admin", "metrics", "by-command"];
const NO_PARAMETERS = new Parameters([]);
const UNMATCHED = "unmatched";

/** Where a request leads; `fault` where it leads nowhere. */
type Place = { readonly match: Match; readonly query: string } | { readonly match: null; readonly fault: unknown };

/** A request on its way, and what is known of it. */
interface Asked {
  readonly incoming: Incoming;
  readonly place: Place;
  readonly series: RouteSeries;
  readonly trace: RequestTrace | null;
  /** Null as long as nobody needs it. */
  requestId: string | null;
  /** Who asks; everybody until that is known. */
  subject: Subject;
}

/** A request that has found its route. */
interface Entered {
  readonly route: Route;
  readonly match: Match;
  readonly query: string;
  readonly requireRoom: (reply: Reply) => void;
}

export class App implements RequestHandler {
  readonly #options: AppOptions;
  readonly #services: ServicesBySubject;
  readonly #faultLoggedAtMs = new Map<ErrorCode, number>();
  #requests = 0;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#services = new ServicesBySubject(options.services);
  }

  handle(incoming: Incoming, requireRoom: (reply: Reply) => void = () => {}): Reply | Promise<Reply> {
    const { metrics, steadyMs, answers } = this.#options;
    const startedAtMs = steadyMs();
    answers?.noteRequest();
    const asked = this.#receive(incoming);
    metrics.inFlight++;
    const reply = this.#answer(asked, requireRoom);
    return reply instanceof Promise
      ? reply.then((made) => this.#finish(asked, made, startedAtMs))
      : this.#finish(asked, reply, startedAtMs);
  }

  /** Of requests that nobody is to be told of but by counting, and that need no leave. */
  recall(request: RecalledRequest): Prepared | null {
    const { answers, guard, services, tracing, hasAccessLog, metrics } = this.#options;
    if (answers === null) return null;
    if (tracing !== null || hasAccessLog || !guard.isOpenTo(request)) return null;
    if (services.tokens.isBehind || services.tokens.hasTokens()) return null;
    const known = answers.find(request);
    if (known === null) return null;
    const { answer, bodyBytes, series: kept } = known;
    // What was kept was asked for by GET.
    const series = request.method === kept.method ? kept : metrics.seriesOf(kept.route, request.method);
    answers.noteRequest();
    metrics.recalls++;
    series.noteStatus(answer.status);
    series.noteResponseBytes(bodyBytes);
    // A microsecond or two, which no bucket tells from none.
    series.noteDuration(0);
    return answer;
  }

  refuse(error: unknown, incoming: Incoming): Reply {
    const asked = this.#receive(incoming);
    const reply = this.#options.guard.open(this.#problem(error, asked), incoming);
    this.#observe(asked, reply, 0);
    return reply;
  }

  #finish(asked: Asked, reply: Reply, startedAtMs: number): Reply {
    const { metrics, guard, steadyMs, answers } = this.#options;
    metrics.inFlight--;
    if (answers !== null && reply.stands !== undefined && asked.subject === EVERYBODY && !guard.opensReplies) {
      answers.keep(asked.incoming, reply, asked.series);
    }
    const opened = guard.open(reply, asked.incoming);
    this.#observe(asked, opened, steadyMs() - startedAtMs);
    return opened;
  }

  #receive(incoming: Incoming): Asked {
    const { metrics, tracing, hasAccessLog } = this.#options;
    const place = locate(incoming.target);
    const series = metrics.seriesOf(place.match?.pattern ?? UNMATCHED, incoming.method);
    return {
      incoming,
      place,
      series,
      trace: tracing === null ? null : tracing.begin(tracedOf(incoming, series.route)),
      requestId: hasAccessLog ? this.#requestId(incoming) : null,
      subject: EVERYBODY,
    };
  }

  /** What is counted, charged and logged of a request comes from here, so that it agrees. */
  #observe(asked: Asked, reply: Reply, durationMs: number): void {
    const { incoming, series, trace } = asked;
    const responseBytes = sentBytes(reply, incoming.method);
    this.#charge(asked, incoming.receivedBytes + (responseBytes ?? 0));
    series.noteStatus(reply.status);
    series.noteRequestBytes(incoming.receivedBytes);
    if (responseBytes !== null) series.noteResponseBytes(responseBytes);
    if (!incoming.isKeptOpen) series.noteDuration(durationMs);
    trace?.end(reply.status);
    if (!this.#options.hasAccessLog) return;
    this.#options.log.access({
      requestId: asked.requestId ?? this.#requestId(incoming),
      traceId: trace?.traceId ?? null,
      method: incoming.method,
      target: withoutToken(incoming.target, tokenParameterOf(asked)),
      route: series.route,
      status: reply.status,
      durationMs,
      requestBytes: lengthOf(incoming.header(FIELD.contentLength)),
      responseBytes,
      remoteAddress: this.#options.guard.addressOf(incoming),
      token: tokenIdOf(asked),
    });
  }

  /** At once where nothing has to be waited for, as in most reads. Throws nothing. */
  #answer(asked: Asked, requireRoom: (reply: Reply) => void): Reply | Promise<Reply> {
    try {
      const reply = this.#admit(asked, requireRoom);
      return reply instanceof Promise ? reply.catch((error: unknown) => this.#problem(error, asked)) : reply;
    } catch (error) {
      return this.#problem(error, asked);
    }
  }

  #admit(asked: Asked, requireRoom: (reply: Reply) => void): Reply | Promise<Reply> {
    const { incoming, place } = asked;
    const { guard, services } = this.#options;
    guard.admit(incoming);
    if (place.match === null) throw place.fault;
    if (incoming.method === "OPTIONS") return optionsReply(place.match.pattern);
    const route = routeOf(place.match.pattern, incoming.method);
    if (FOR_OWN_PAGES.includes(route.action)) guard.requireOwnPage(incoming);
    const subject = authenticate(incoming, route, services.tokens);
    const entered: Entered = { route, match: place.match, query: place.query, requireRoom };
    if (subject instanceof Promise) return subject.then((known) => this.#serve(asked, entered, known));
    return this.#serve(asked, entered, subject);
  }

  #serve(asked: Asked, { route, match, query, requireRoom }: Entered, subject: Subject): Reply | Promise<Reply> {
    const { incoming, trace } = asked;
    asked.subject = subject;
    this.#options.guard.admitToken(subject.id);
    const parameters = query === "" ? NO_PARAMETERS : new Parameters(parsePairs(query));
    const action = requireLeave(subject, route, { incoming, parameters });
    const given = this.#services.of(subject);
    const services = trace === null ? given : traced(given, trace);
    const argument = decodeArgument(match);
    const name = readIdempotencyKey(incoming);
    const guarded = this.#guardBody(asked);
    const own = { parameters, argument, services, requireScope: (scope: Scope) => requireScope(subject, scope) };
    const reply =
      name === null
        ? route.handle({ incoming: guarded, ...own })
        : handleOnce(route, own, nameRequest(guarded, { name, owner: subject.id }, services.store));
    const show = (made: Reply) => {
      const shown = subject === EVERYBODY ? made : privately(made);
      requireRoom(shown);
      return isStreamed(shown.body) ? { ...shown, body: this.#watch(shown.body, asked, action) } : shown;
    };
    return reply instanceof Promise ? reply.then(show) : show(reply);
  }

  #problem(error: unknown, asked: Asked): Reply {
    const { incoming } = asked;
    asked.requestId ??= this.#requestId(incoming);
    const fault = toFault(error);
    this.#options.metrics.noteProblem(fault.code);
    if (STATUS[fault.code] >= 500) asked.trace?.fail(fault.code);
    this.#logFault(fault, error, asked);
    return faultReply(fault, { incoming, requestId: asked.requestId, pattern: asked.place.match?.pattern ?? null });
  }

  /** Once the head has left, a fault can only cut the connection: the log alone says why. */
  async *#watch(
    parts: AsyncIterable<string | Uint8Array>,
    asked: Asked,
    action: Action,
  ): AsyncGenerator<string | Uint8Array> {
    const { series } = asked;
    const { metrics } = this.#options;
    let bytes = 0;
    metrics.streams++;
    try {
      for await (const part of parts) {
        const size = sizeOf(part);
        bytes += size;
        this.#charge(asked, size);
        if (action === "watch") metrics.watchBytes += size;
        yield part;
        // A watch is ended by the hub, which says so first.
        if (action !== "none" && action !== "watch")
          await requireStillGood(asked.subject, this.#options.services.tokens);
      }
    } catch (error) {
      const fault = toFault(error);
      metrics.noteProblem(fault.code);
      this.#logFault(fault, error, asked);
      throw error;
    } finally {
      metrics.streams--;
      if (action !== "watch") series.noteResponseBytes(bytes);
    }
  }

  /** A body may be long in coming: when it is there, it is asked again whether its token counts. */
  #guardBody({ incoming, subject }: Asked): Incoming {
    if (incoming.method === "GET" || incoming.method === "HEAD") return incoming;
    return new TappedIncoming(incoming, () => requireStillGood(subject, this.#options.services.tokens));
  }

  /** Counts bytes that have been moved against what the client may move. */
  #charge({ incoming, subject }: Asked, bytes: number): void {
    const { guard } = this.#options;
    guard.charge(incoming, bytes);
    guard.chargeToken(subject.id, bytes);
  }

  /** Only what an operator must know of: faults of the server, not of the client. */
  #logFault(fault: KeyholdError, error: unknown, asked: Asked): void {
    if (STATUS[fault.code] < 500 || CLIENT_FAULTS.includes(fault.code)) return;
    if (LASTING_FAULTS.includes(fault.code) && this.#wasJustLogged(fault.code)) return;
    const token = tokenIdOf(asked);
    const fields = {
      request_id: asked.requestId ?? this.#requestId(asked.incoming),
      code: fault.code,
      ...(asked.trace !== null && { trace_id: asked.trace.traceId }),
      ...(token !== null && { token }),
    };
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
  named: Promise<NamedRequest>,
): Promise<Reply> {
  const { incoming, attempt } = await named;
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

/** Null where no token is taken from the target. */
function tokenParameterOf({ place }: Asked): string | null {
  return place.match === null ? null : (sharedOf(place.match.pattern)?.tokenParameter ?? null);
}

function locate(target: string): Place {
  try {
    const { path, query } = splitTarget(target);
    const match = matchPath(path);
    if (match !== null) return { match, query };
    throw new KeyholdError("no-such-resource", `Nothing is served at ${quote(path)}`);
  } catch (fault) {
    return { match: null, fault };
  }
}
