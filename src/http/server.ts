// The transport: Bun.serve behind Incoming and Reply. The only file that knows the runtime's Request and Response, so that
// another transport can take its place. It adds what Bun leaves out (Date and Content-Length of HEAD) and bounds what Bun
// does not (bodies in memory).
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { FIELD } from "../wire/headers.ts";
import type { App } from "./app.ts";
import { BodyBudget } from "./body-budget.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { StreamBudget, type WaitingStream } from "./stream-budget.ts";

export interface HttpServerOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** A connection on which nothing moves for this long is closed; Bun counts whole seconds, up to 255. */
  readonly idleTimeoutMs: number;
  readonly bodyBudgetBytes: number;
}

export interface HttpServer {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** What requests and answers hold now. */
  usage(): TransportUsage;
  /** Takes no new requests and lets running ones finish for this long, then cuts them. */
  stop(timeoutMs: number): Promise<void>;
}

export interface TransportUsage {
  /** Bodies of requests in memory. */
  readonly bodyBytes: number;
  /** Parts of streamed answers that wait for their clients. */
  readonly streamBytes: number;
  /** Streamed answers cut off for that so far. */
  readonly streamsCut: number;
}

/** Above every limit of ours, so that our own refusals are sent and not the runtime's bare ones. */
const RUNTIME_BODY_BYTES = Number.MAX_SAFE_INTEGER;
/** A part that a client is slow to take may wait this long, however much waits in all. */
const STREAM_GRACE_MS = 1000;
/** Bun finds a field faster by its name in lower case, and every GET asks for five. */
const LOOKUP_NAMES: ReadonlyMap<string, string> = new Map(
  Object.values(FIELD).map((name) => [name, name.toLowerCase()]),
);
const encoder = new TextEncoder();

/** @throws "unavailable" when the address cannot be listened on */
export function startHttpServer(app: App, options: HttpServerOptions): HttpServer {
  const budget = new BodyBudget(options.bodyBudgetBytes);
  const streams = new StreamBudget({
    limitBytes: LIMITS.streamedBytes,
    graceMs: STREAM_GRACE_MS,
    steadyMs: () => performance.now(),
    after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
  });
  const server = listen(options, async (request, connection) => {
    const incoming = new BunIncoming(request, budget, connection);
    try {
      return toResponse(await app.handle(incoming), incoming, streams);
    } finally {
      incoming.expectTaking();
      incoming.release();
    }
  });
  return {
    url: server.url.origin,
    usage: () => ({ bodyBytes: budget.bytes, streamBytes: streams.bytes, streamsCut: streams.cuts }),
    async stop(timeoutMs) {
      const deadline = Promise.withResolvers<void>();
      const timer = setTimeout(() => deadline.resolve(), timeoutMs);
      await Promise.race([server.stop(), deadline.promise]);
      clearTimeout(timer);
      await server.stop(true);
    },
  };
}

type Handle = (request: Request, connection: Connection) => Promise<Response>;

/** What a request's connection is asked and told. */
interface Connection {
  remoteAddress(): string | null;
  /** Closes it when nothing moves on it for this long from now on; never where that is 0. */
  setIdleSeconds(seconds: number): void;
  readonly idleSeconds: number;
}

function listen(options: HttpServerOptions, handle: Handle) {
  const idleSeconds = Math.ceil(options.idleTimeoutMs / 1000);
  try {
    return Bun.serve({
      hostname: options.host,
      port: options.port,
      // A second server must be refused, not given every other connection.
      reusePort: false,
      development: false,
      idleTimeout: idleSeconds,
      maxRequestBodySize: RUNTIME_BODY_BYTES,
      fetch: (request, server) =>
        handle(request, {
          remoteAddress: () => server.requestIP(request)?.address ?? null,
          setIdleSeconds: (seconds) => server.timeout(request, seconds),
          idleSeconds,
        }),
      error: () => new Response(null, { status: 500 }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError(
      "unavailable",
      `Cannot listen on ${options.host}, port ${options.port}: ${reason}; choose another with --host or --port, 0 for a free one`,
      {},
      { cause: error },
    );
  }
}

class BunIncoming implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly origin: string | null;
  readonly #request: Request;
  readonly #budget: BodyBudget;
  readonly #connection: Connection;
  #isKeptOpen = false;
  #reservedBytes = 0;
  #isBodyLeft = false;

  constructor(request: Request, budget: BodyBudget, connection: Connection) {
    const { url } = request;
    // Where the Host field is no host, Bun gives the path alone.
    const originEnd = url.startsWith("/") ? 0 : url.indexOf("/", "http://".length);
    this.method = request.method;
    this.origin = originEnd === 0 ? null : url.slice(0, originEnd);
    this.target = originEnd === 0 ? url : url.slice(originEnd);
    this.#request = request;
    this.#budget = budget;
    this.#connection = connection;
  }

  get remoteAddress(): string | null {
    return this.#connection.remoteAddress();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get isKeptOpen(): boolean {
    return this.#isKeptOpen;
  }

  get receivedBytes(): number {
    return this.#reservedBytes;
  }

  keepOpen(): void {
    this.#isKeptOpen = true;
    this.expectSilence();
  }

  /** While it is the server that is waited for. */
  expectSilence(): void {
    if (this.#isKeptOpen) this.#connection.setIdleSeconds(0);
  }

  /** While it is the client that is waited for, which must take what it is sent. */
  expectTaking(): void {
    if (this.#isKeptOpen) this.#connection.setIdleSeconds(this.#connection.idleSeconds);
  }

  /** Whether the client may still be sending what nobody reads. */
  get isBodyLeft(): boolean {
    return this.#isBodyLeft;
  }

  header(name: string): string | null {
    return this.#request.headers.get(LOOKUP_NAMES.get(name) ?? name);
  }

  async body(maxBytes: number): Promise<Uint8Array | null> {
    const declared = this.header(FIELD.contentLength);
    try {
      const body =
        declared === null ? await this.#readChunks(maxBytes) : await this.#readWhole(Number(declared), maxBytes);
      this.#isBodyLeft = body === null;
      return body;
    } catch (error) {
      this.#isBodyLeft = true;
      if (error instanceof KeyholdError) throw error;
      throw new KeyholdError(
        "invalid-request",
        "The body ended before its length; nothing was written",
        {},
        { cause: error },
      );
    }
  }

  /** Gives back what the body took from the budget. */
  release(): void {
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  async #readWhole(length: number, maxBytes: number): Promise<Uint8Array | null> {
    if (length > maxBytes) return null;
    this.#reserve(length);
    return this.#request.bytes();
  }

  async #readChunks(maxBytes: number): Promise<Uint8Array | null> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#request.body ?? []) {
      length += chunk.length;
      if (length > maxBytes) return null;
      this.#reserve(chunk.length);
      chunks.push(chunk);
    }
    return concatenate(chunks, length);
  }

  #reserve(bytes: number): void {
    this.#budget.reserve(bytes, this.#reservedBytes);
    this.#reservedBytes += bytes;
  }
}

function toResponse({ status, headers, body }: Reply, incoming: BunIncoming, streams: StreamBudget): Response {
  // What is left of a refused body would have to be read to its end to find the next request.
  const sent = incoming.isBodyLeft ? { ...headers, Connection: "close" } : headers;
  if (incoming.method === "HEAD") return headResponse({ status, headers: sent, body }, incoming, streams);
  if (body === null || typeof body === "string") return new Response(body, { status, headers: sent });
  if (body instanceof Uint8Array)
    return new Response(isOwnMemory(body) ? body : body.slice(), { status, headers: sent });
  return new Response(toStream(body, incoming, streams), { status, headers: sent });
}

/** Exactly the fields of GET (RFC 9110 §9.3.2). Of a stream, which Bun leaves unread, the framing is all there is. */
function headResponse({ status, headers, body }: Reply, incoming: BunIncoming, streams: StreamBudget): Response {
  const fields: Record<string, string> = { ...headers, Date: new Date().toUTCString() };
  if (typeof body === "string") fields[FIELD.contentLength] = String(Buffer.byteLength(body));
  else if (body instanceof Uint8Array) fields[FIELD.contentLength] = String(body.length);
  else if (body !== null) return new Response(toStream(body, incoming, streams), { status, headers: fields });
  return new Response(null, { status, headers: fields });
}

/** Pulled part by part as the client reads: nothing is made ahead of it. */
function toStream(
  parts: AsyncIterable<string | Uint8Array>,
  incoming: BunIncoming,
  streams: StreamBudget,
): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  let waiting: WaitingStream | null = null;
  const taken = () => {
    if (waiting !== null) streams.taken(waiting);
  };
  return new ReadableStream(
    {
      start(controller) {
        waiting = {
          cut() {
            controller.error(new Error("The client takes too long, and others wait for the memory"));
            // Nobody is left to hear of what fails in the tidying up.
            void iterator.return?.()?.catch(() => {});
          },
        };
      },
      async pull(controller) {
        taken();
        incoming.expectSilence();
        for (;;) {
          const { done, value } = await iterator.next();
          if (done !== true && value.length === 0) continue;
          incoming.expectTaking();
          if (done === true) return controller.close();
          const bytes = typeof value === "string" ? encoder.encode(value) : value;
          if (waiting !== null) streams.sent(waiting, bytes.length);
          return controller.enqueue(bytes);
        }
      },
      async cancel() {
        taken();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** False only for memory that threads share, which Response does not take; values never lie in such. */
function isOwnMemory(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
