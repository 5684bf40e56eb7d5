// The older transport: Bun.serve behind Incoming and Reply, on a TCP port, plain or TLS, and on a Unix socket. This folder
// alone knows the runtime's Request and Response. What it cannot do is told in docs/protocol.md §15.
import { chmodSync, rmSync } from "node:fs";
import { BodyBudget } from "../body-budget.ts";
import type { Reply, RequestHandler } from "../exchange.ts";
import { cannotListen, OTHER_ADDRESS, originOf, removeLeftSocket, untilQuiet } from "../listening.ts";
import type { HttpServer, HttpServerOptions } from "../server.ts";
import { readTlsFiles, type TlsFiles } from "../tls-files.ts";
import { tooManyRequests } from "../too-many.ts";
import { BunIncoming } from "./bun-incoming.ts";
import { Responses } from "./responses.ts";

type BunServer = Bun.Server<undefined>;
type Handle = (request: Request, server: BunServer) => Promise<Response>;

/** Above every limit of ours, so that our own refusals are sent and not the runtime's bare ones. */
const RUNTIME_BODY_BYTES = Number.MAX_SAFE_INTEGER;
/** Requests that come between two looks at how many are under way. */
const REQUESTS_A_LOOK = 16;

/** @throws "unavailable" when the address cannot be listened on */
export async function startBunServer(handler: RequestHandler, options: HttpServerOptions): Promise<HttpServer> {
  const listeners = new Listeners(options);
  const bodies = new BodyBudget(options.bodyBudgetBytes);
  let handling = 0;
  const responses = new Responses(() => listeners.pending - handling);
  const idleSeconds = Math.ceil(options.idleTimeoutMs / 1000);
  const handle: Handle = async (request, server) => {
    const incoming = new BunIncoming(request, bodies, {
      isLocal: server.port === undefined,
      remoteAddress: () => server.requestIP(request)?.address ?? null,
      setIdleSeconds: (seconds) => server.timeout(request, seconds),
      idleSeconds,
    });
    handling++;
    listeners.arrivals++;
    let reply: Reply;
    try {
      if (listeners.isFull(options.requestsInFlight))
        reply = handler.refuse(tooManyRequests(options.requestsInFlight), incoming);
      else reply = await handler.handle(incoming, (made) => responses.requireRoom(made, incoming));
    } finally {
      handling--;
      incoming.expectTaking();
      incoming.release();
    }
    return responses.make(listeners.isLeaving(server) ? asLastOfConnection(reply) : reply, incoming);
  };
  const url = await listeners.open(handle);
  return {
    url,
    usage: () => ({
      connections: null,
      bodyBytes: bodies.bytes,
      streamBytes: responses.heldBytes,
      streamsCut: responses.cuts,
    }),
    renewTls: () => listeners.renew(handle),
    stop: (timeoutMs) => listeners.stop(timeoutMs),
  };
}

/** The sockets that the server listens on. */
class Listeners {
  /** Requests that have come so far. */
  arrivals = 0;
  readonly #options: HttpServerOptions;
  /** With those before it that still have requests to answer. */
  readonly #servers = new Set<BunServer>();
  readonly #leaving = new Set<BunServer>();
  #isFull = false;
  #tcp: BunServer | null = null;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  /** Requests whose answers have not been sent to their end. */
  get pending(): number {
    let sum = 0;
    for (const { pendingRequests } of this.#servers) sum += pendingRequests;
    return sum;
  }

  /** Returns the origin of the TCP port. */
  async open(handle: Handle): Promise<string> {
    const { host, port, unixSocket, tls } = this.#options;
    if (unixSocket !== null) await removeLeftSocket(unixSocket);
    const tcp = this.#listenTcp(handle, tls === null ? port : await freePort(host, port), tls);
    try {
      if (unixSocket !== null) this.#listenUnix(handle, unixSocket);
    } catch (error) {
      await tcp.stop(true);
      throw error;
    }
    return originOf({ host, port: tcp.port ?? 0, isSecure: tls !== null });
  }

  /**
   * Bun cannot exchange a certificate: another server takes its place beside it, and then from it. A connection that the system
   * has handed to the first in the instant in which it goes is reset.
   */
  renew(handle: Handle): void {
    const before = this.#tcp;
    const { tls } = this.#options;
    if (tls === null || before === null) return;
    this.#listenTcp(handle, before.port ?? 0, tls);
    void this.#leave([before]).then(() => this.#servers.delete(before));
  }

  /** Whether more requests are under way than may be, as of the last of every few: asking the runtime costs too much for each. */
  isFull(requestsMax: number): boolean {
    if (this.arrivals % REQUESTS_A_LOOK === 0) this.#isFull = this.pending > requestsMax;
    return this.#isFull;
  }

  /** Whether the server takes no more connections, and lets go of those that it has. */
  isLeaving(server: BunServer): boolean {
    return this.#leaving.size > 0 && this.#leaving.has(server);
  }

  async stop(timeoutMs: number): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(() => deadline.resolve(), timeoutMs);
    const servers = [...this.#servers];
    await Promise.race([this.#leave(servers), deadline.promise]);
    clearTimeout(timer);
    await Promise.all(servers.map((server) => server.stop(true)));
    if (this.#options.unixSocket !== null) rmSync(this.#options.unixSocket, { force: true });
  }

  async #leave(servers: readonly BunServer[]): Promise<void> {
    for (const server of servers) this.#leaving.add(server);
    // Bun closes connections that seem idle to it without looking at what lies unread in the system's buffers.
    await untilQuiet(() => this.arrivals);
    await Promise.all(servers.map((server) => server.stop()));
  }

  #listenUnix(handle: Handle, path: string): void {
    const cure = "choose another path with --unix-socket";
    this.#servers.add(listen(() => Bun.serve({ ...shared(handle), unix: path }), path, cure));
    // Bun makes it for its own user alone; the directory says who may.
    chmodSync(path, 0o666);
  }

  #listenTcp(handle: Handle, port: number, tls: TlsFiles | null): BunServer {
    const { host } = this.#options;
    const idleTimeout = Math.ceil(this.#options.idleTimeoutMs / 1000);
    const secured = tls === null ? {} : { tls: readTlsFiles(tls) };
    const server = listen(
      // A second server must be refused, not given every other connection; but for the one with a new certificate.
      () => Bun.serve({ ...shared(handle), hostname: host, port, reusePort: tls !== null, idleTimeout, ...secured }),
      `${host}, port ${port}`,
      OTHER_ADDRESS,
    );
    this.#servers.add(server);
    this.#tcp = server;
    return server;
  }
}

/** The client sends nothing after it, which nobody would read. */
function asLastOfConnection(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, Connection: "close" } };
}

/** The port, found to be nobody's. @throws "unavailable" */
async function freePort(hostname: string, port: number): Promise<number> {
  const fetch = () => new Response();
  const probe = listen(
    () => Bun.serve({ hostname, port, reusePort: false, fetch }),
    `${hostname}, port ${port}`,
    OTHER_ADDRESS,
  );
  const found = probe.port ?? port;
  await probe.stop(true);
  return found;
}

function shared(handle: Handle) {
  return {
    development: false,
    maxRequestBodySize: RUNTIME_BODY_BYTES,
    fetch: handle,
    error: () => new Response(null, { status: 500 }),
  } as const;
}

/** @throws "unavailable" */
function listen(start: () => BunServer, place: string, cure: string): BunServer {
  try {
    return start();
  } catch (error) {
    throw cannotListen(place, cure, error);
  }
}
