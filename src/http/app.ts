// One request from its target to its reply: match, decode, handle, and turn what was thrown into a problem. Every request
// takes this way and no other; there is no stack of middleware.
import { ERRORS, type ErrorCode, KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import type { HttpMetrics, RouteSeries } from "../observe/http-metrics.ts";
import type { Log } from "../observe/log.ts";
import type { RequestTrace, TracedRequest, Tracing } from "../observe/tracing.ts";
import type { Around } from "../service/entries.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import type { Guard } from "./guard.ts";
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
import type { Services } from "./services.ts";
import { parsePairs, splitTarget } from "./target.ts";

export interface AppOptions {
  readonly services: Services;
  readonly guard: Guard;
  readonly log: Log;
  /** Where requests are counted. */
  readonly metrics: HttpMetrics;
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
const NO_PARAMETERS = new Parameters([]);
const UNMATCHED = "unmatched";

/** Where a request leads; `fault` where it leads nowhere. */
type Place = { readonly match: Match; readonly query: string } | { readonly match: null; readonly fault: unknown };

/** A request, and what is known of it before it is handled. */
interface Asked {
  readonly incoming: Incoming;
  readonly place: Place;
  readonly series: RouteSeries;
  /** Null where nobody needs it unless the request fails. */
  readonly requestId: string | null;
  readonly trace: RequestTrace | null;
}

export class App {
  readonly #options: AppOptions;
  readonly #faultLoggedAtMs = new Map<ErrorCode, number>();
  #requests = 0;

  constructor(options: AppOptions) {
    this.#options = options;
  }

  /** Answers a request. Throws nothing. */
  async handle(incoming: Incoming): Promise<Reply> {
    const { metrics, steadyMs, guard } = this.#options;
    const startedAtMs = steadyMs();
    metrics.inFlight++;
    const asked = this.#receive(incoming);
    const reply = guard.open(await this.#answer(asked), incoming);
    metrics.inFlight--;
    this.#observe(asked, reply, steadyMs() - startedAtMs);
    return reply;
  }

  /** The answer to a request that is not handled, or whose answer cannot be given. */
  refuse(error: unknown, incoming: Incoming): Reply {
    const asked = this.#receive(incoming);
    const reply = this.#options.guard.open(this.#problem(error, asked), incoming);
    this.#observe(asked, reply, 0);
    return reply;
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
    };
  }

  /** What is counted and what is logged of a request come from here, so that they agree. */
  #observe({ incoming, series, requestId, trace }: Asked, reply: Reply, durationMs: number): void {
    const responseBytes = bytesOf(reply);
    series.noteStatus(reply.status);
    series.noteRequestBytes(incoming.receivedBytes);
    if (responseBytes !== null && incoming.method !== "HEAD") series.noteResponseBytes(responseBytes);
    if (!incoming.isKeptOpen) series.noteDuration(durationMs);
    trace?.end(reply.status);
    if (requestId === null) return;
    this.#options.log.access({
      requestId,
      traceId: trace?.traceId ?? null,
      method: incoming.method,
      target: incoming.target,
      route: series.route,
      status: reply.status,
      durationMs,
      requestBytes: lengthOf(incoming.header(FIELD.contentLength)),
      responseBytes,
      remoteAddress: this.#options.guard.addressOf(incoming),
    });
  }

  async #answer(asked: Asked): Promise<Reply> {
    const { incoming, place, trace } = asked;
    const { guard } = this.#options;
    try {
      guard.admit(incoming);
      if (place.match === null) throw place.fault;
      const { match, query } = place;
      if (incoming.method === "OPTIONS") return optionsReply(match.pattern);
      const route = routeOf(match.pattern, incoming.method);
      if (route.action === "admin") guard.requireOwnPage(incoming);
      const parameters = query === "" ? NO_PARAMETERS : new Parameters(parsePairs(query));
      const argument = decodeArgument(match);
      const services = trace === null ? this.#options.services : traced(this.#options.services, trace);
      const name = readIdempotencyKey(incoming);
      const request = { parameters, argument, services };
      const reply = await (name === null
        ? route.handle({ ...request, incoming })
        : handleOnce(route, request, await nameRequest(incoming, name, services.store)));
      guard.charge(incoming, incoming.receivedBytes + (bytesOf(reply) ?? 0));
      return isStreamed(reply.body) ? { ...reply, body: this.#watch(reply.body, asked) } : reply;
    } catch (error) {
      return this.#problem(error, asked);
    }
  }

  #problem(error: unknown, asked: Asked): Reply {
    const { incoming } = asked;
    const requestId = asked.requestId ?? this.#requestId(incoming);
    const pattern = asked.place.match?.pattern ?? null;
    const fault = toFault(error);
    this.#options.metrics.noteProblem(fault.code);
    if (STATUS[fault.code] >= 500) asked.trace?.fail(fault.code);
    this.#logFault(fault, error, { requestId, trace: asked.trace });
    const reply = problemReply(fault, requestId, incoming.header(FIELD.accept));
    const added: Record<string, string> = {};
    if (fault.code === "method-not-allowed" && pattern !== null) added[FIELD.allow] = allowedMethods(pattern);
    const patches = pattern === null ? null : acceptedPatches(pattern);
    if (fault.code === "unsupported-media-type" && incoming.method === "PATCH" && patches !== null) {
      added[FIELD.acceptPatch] = patches;
    }
    return { ...reply, headers: { ...reply.headers, ...added } };
  }

  /** Once the head has left, a fault can only cut the connection: the log alone says why. */
  async *#watch(
    parts: AsyncIterable<string | Uint8Array>,
    { incoming, series, requestId, trace }: Asked,
  ): AsyncGenerator<string | Uint8Array> {
    const { metrics, guard } = this.#options;
    let bytes = 0;
    metrics.streams++;
    try {
      for await (const part of parts) {
        const size = sizeOf(part);
        bytes += size;
        guard.charge(incoming, size);
        if (incoming.isKeptOpen) metrics.watchBytes += size;
        yield part;
      }
    } catch (error) {
      const fault = toFault(error);
      metrics.noteProblem(fault.code);
      this.#logFault(fault, error, { requestId: requestId ?? this.#requestId(incoming), trace });
      throw error;
    } finally {
      metrics.streams--;
      if (!incoming.isKeptOpen) series.noteResponseBytes(bytes);
    }
  }

  /** Only what an operator must know of: faults of the server, not of the client. */
  #logFault(
    fault: KeyholdError,
    error: unknown,
    { requestId, trace }: { readonly requestId: string; readonly trace: RequestTrace | null },
  ): void {
    if (STATUS[fault.code] < 500) return;
    if (LASTING_FAULTS.includes(fault.code) && this.#wasJustLogged(fault.code)) return;
    const fields = {
      request_id: requestId,
      code: fault.code,
      ...(trace !== null && { trace_id: trace.traceId }),
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

/** The same services, with commits as steps of the trace. */
function traced(services: Services, trace: RequestTrace): Services {
  const system = services.store.engine;
  const around: Around = (operation, run) => trace.step({ operation, system }, run);
  return { ...services, entries: services.entries.within(around) };
}

function tracedOf(incoming: Incoming, route: string): TracedRequest {
  const { method, target, origin, remoteAddress } = incoming;
  return { method, route, target, origin, remoteAddress, header: (name) => incoming.header(name) };
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

function lengthOf(contentLength: string | null): number | null {
  return contentLength === null ? null : Number(contentLength);
}

/** Null for what is streamed. */
function bytesOf({ body }: Reply): number | null {
  if (body === null) return 0;
  return typeof body === "string" || body instanceof Uint8Array ? sizeOf(body) : null;
}

function sizeOf(part: string | Uint8Array): number {
  return typeof part === "string" ? Buffer.byteLength(part) : part.length;
}
