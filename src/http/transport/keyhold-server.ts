// Keyhold's own HTTP/1.1 on Bun's sockets: listens on a TCP port, plain or TLS, and on a Unix socket, gives each socket its
// connection, and looks at all of them a few times a second for what has taken too long.
import { chmodSync, rmSync } from "node:fs";
import { LIMITS } from "../../core/limits.ts";
import { BodyBudget } from "../body-budget.ts";
import type { RequestHandler } from "../exchange.ts";
import { cannotListen, OTHER_ADDRESS, originOf, removeLeftSocket, untilQuiet } from "../listening.ts";
import type { HttpServer, HttpServerOptions, PortShare } from "../server.ts";
import { StreamBudget } from "../stream-budget.ts";
import { readTlsFiles, type TlsFiles } from "../tls-files.ts";
import { tooManyConnections } from "../too-many.ts";
import { BulkCollector } from "./bulk-memory.ts";
import { BunSocket, type SocketData } from "./bun-socket.ts";
import { Connection } from "./connection.ts";
import { type ConnectionBounds, connectionBounds, openFilesMax } from "./connection-bounds.ts";
import { type ConnectionContext, type ListenerFacts, Tally } from "./context.ts";
import { DateField } from "./date-field.ts";
import { LaterTurns } from "./later-turns.ts";
import { RequestBody } from "./request-body.ts";

type TcpListener = Bun.TCPSocketListener<SocketData>;
type Listener = TcpListener | Bun.UnixSocketListener<SocketData>;

/** A slice of an answer that a client is slow to take may be held this long, however many wait for its room. */
const ANSWER_GRACE_MS = 1000;
/** Room for the longest head of an answer, and a small body. */
const SCRATCH_BYTES = 64 * 1024;
const TICK_MS = 250;
/** Of what many servers share in parts, each has this at least. */
const LEAST_PART_BYTES = 1024 * 1024;
/** Between two looks at whether the last requests have been answered. */
const STOP_LOOK_MS = 10;

/** @throws "unavailable" when the address cannot be listened on */
export async function startKeyholdServer(
  handler: RequestHandler,
  options: HttpServerOptions,
  share: PortShare,
): Promise<HttpServer> {
  const context = makeContext(handler, options, share);
  const server = new SocketServer(context, options, share);
  const url = await server.open();
  return {
    url,
    usage: () => ({
      connections: share.connections.total,
      bodyBytes: context.bodies.bytes,
      streamBytes: context.answers.heldBytes,
      streamsCut: context.answers.cuts,
    }),
    renewTls: () => server.renew(),
    stop: (timeoutMs) => server.stop(timeoutMs),
  };
}

function makeContext(handler: RequestHandler, options: HttpServerOptions, share: PortShare): ConnectionContext {
  const { bodyBudgetBytes, idleTimeoutMs, transferRate, headTimeoutMs, requestsInFlight } = options;
  const steadyMs = () => performance.now();
  const bodies = new BodyBudget(bodyBudgetBytes, share.bodyBytes);
  const later = new LaterTurns((run) => void setImmediate(run));
  const answers = new StreamBudget({
    // In parts, as those who wait for room wait for who holds it on their own thread.
    limitBytes: partOf(LIMITS.streamedBytes, share),
    graceMs: ANSWER_GRACE_MS,
    steadyMs,
    after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
  });
  const unsentBytes = partOf(LIMITS.unsentBytes, share);
  return {
    handler,
    bodies,
    noBody: new RequestBody({ is: "none" }, bodies, () => {}),
    answers,
    unsentBytes,
    collector: new BulkCollector(
      () => Bun.gc(true),
      steadyMs,
      () => answers.heldBytes + answers.waitingBytes > unsentBytes,
    ),
    tally: new Tally(share.requestsInFlight),
    date: new DateField(),
    scratch: Buffer.alloc(SCRATCH_BYTES),
    pace: { idleMs: idleTimeoutMs, bytesPerSecond: transferRate },
    headTimeoutMs,
    requestsInFlight,
    nextTurn: (run) => later.put(run),
    steadyMs,
  };
}

function partOf(bytes: number, { servers }: PortShare): number {
  return Math.max(LEAST_PART_BYTES, Math.floor(bytes / servers));
}

class SocketServer {
  readonly #context: ConnectionContext;
  readonly #options: HttpServerOptions;
  readonly #share: PortShare;
  readonly #bounds: ConnectionBounds;
  readonly #connections = new Set<Connection>();
  readonly #listeners = new Set<Listener>();
  readonly #ticker: NodeJS.Timeout;
  #tcp: TcpListener | null = null;

  constructor(context: ConnectionContext, options: HttpServerOptions, share: PortShare) {
    this.#context = context;
    this.#options = options;
    this.#share = share;
    this.#bounds = connectionBounds({
      asked: options.connections,
      filesMax: openFilesMax(),
      servers: share.servers,
    });
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#ticker.unref();
  }

  /** Returns the origin of the TCP port. */
  async open(): Promise<string> {
    const { host, port, unixSocket, tls } = this.#options;
    try {
      if (unixSocket !== null) await removeLeftSocket(unixSocket);
      const isProbed = this.#share.port === "first" || (this.#share.port === "alone" && tls !== null);
      const tcp = this.#listenTcp(isProbed ? await freePort(host, port) : port, tls);
      if (unixSocket !== null) this.#listenUnix(unixSocket);
      return originOf({ host, port: tcp.port, isSecure: tls !== null });
    } catch (error) {
      clearInterval(this.#ticker);
      for (const listener of this.#listeners) listener.stop(true);
      throw error;
    }
  }

  /**
   * The certificate of a listener cannot be exchanged: another takes its place beside it, and then from it. Connections that are
   * open go on.
   */
  renew(): void {
    const { tls } = this.#options;
    const before = this.#tcp;
    if (tls === null || before === null) return;
    this.#listenTcp(before.port, tls);
    void untilQuiet(() => this.#context.tally.arrivals).then(() => {
      before.stop();
      this.#listeners.delete(before);
    });
  }

  /** What has been sent to the server is answered, as far as the time goes; then nothing is. */
  async stop(timeoutMs: number): Promise<void> {
    const endsAtMs = this.#context.steadyMs() + timeoutMs;
    const { tally } = this.#context;
    tally.isStopping = true;
    await untilQuiet(() => tally.arrivals);
    for (const listener of this.#listeners) listener.stop();
    for (const connection of this.#connections) connection.leave();
    while (this.#connections.size > 0 && this.#context.steadyMs() < endsAtMs) {
      await new Promise<void>((resolve) => void setTimeout(resolve, STOP_LOOK_MS));
    }
    clearInterval(this.#ticker);
    for (const connection of this.#connections) connection.cut();
    if (this.#options.unixSocket !== null) rmSync(this.#options.unixSocket, { force: true });
  }

  #tick(): void {
    const nowMs = this.#context.steadyMs();
    for (const connection of this.#connections) connection.tick(nowMs);
  }

  #listenTcp(port: number, tls: TlsFiles | null): TcpListener {
    const { host } = this.#options;
    const facts: ListenerFacts = { scheme: tls === null ? "http" : "https", isLocal: false };
    const secured = tls === null ? {} : { tls: readTlsFiles(tls) };
    // A second server must be refused, not given every other connection; but for one with a new certificate, and other threads.
    const sharing = tls === null && this.#share.port === "alone" ? {} : { reusePort: true };
    const start = () =>
      Bun.listen<SocketData>({ ...this.#shared(facts), hostname: host, port, ...sharing, ...secured });
    this.#tcp = this.#add(start, `${host}, port ${port}`, OTHER_ADDRESS);
    return this.#tcp;
  }

  #listenUnix(path: string): void {
    const start = () => Bun.listen<SocketData>({ ...this.#shared({ scheme: "http", isLocal: true }), unix: path });
    this.#add(start, path, "choose another path with --unix-socket");
    // The directory says who may.
    chmodSync(path, 0o666);
  }

  /** @throws "unavailable" */
  #add<T extends Listener>(start: () => T, place: string, cure: string): T {
    try {
      const listener = start();
      this.#listeners.add(listener);
      return listener;
    } catch (error) {
      throw cannotListen(place, cure, error);
    }
  }

  #shared(facts: ListenerFacts) {
    return {
      allowHalfOpen: true,
      data: { connection: null },
      socket: {
        open: (socket: Bun.Socket<SocketData>) => this.#accept(socket, facts),
        // With this, open is called before the handshake of TLS, so that a client that never shakes hands is counted and timed too.
        handshake: () => {},
        data: ({ data }: Bun.Socket<SocketData>, bytes: Buffer) => data.connection?.received(bytes),
        drain: ({ data }: Bun.Socket<SocketData>) => data.connection?.drained(),
        end: ({ data }: Bun.Socket<SocketData>) => data.connection?.ended(),
        close: ({ data }: Bun.Socket<SocketData>) => this.#forget(data.connection),
        error: ({ data }: Bun.Socket<SocketData>) => data.connection?.cut(),
      },
    };
  }

  #accept(socket: Bun.Socket<SocketData>, facts: ListenerFacts): void {
    const { open, turnedAway } = this.#bounds;
    const { connections } = this.#share;
    if (connections.total >= open + turnedAway) {
      socket.data = { connection: null };
      socket.terminate();
      return;
    }
    const connection = new Connection(new BunSocket(socket), this.#context, facts);
    socket.data = { connection };
    this.#connections.add(connection);
    if (connections.add(1) > open) connection.refuse(tooManyConnections(this.#bounds));
  }

  #forget(connection: Connection | null): void {
    if (connection === null) return;
    connection.closed();
    if (this.#connections.delete(connection)) this.#share.connections.add(-1);
  }
}

/** The port, found to be nobody's: with a port that may be shared the system would not say. @throws "unavailable" */
async function freePort(hostname: string, port: number): Promise<number> {
  const place = `${hostname}, port ${port}`;
  try {
    const probe = Bun.listen({ hostname, port, socket: { data() {} } });
    const { port: found } = probe;
    probe.stop(true);
    return found;
  } catch (error) {
    throw cannotListen(place, OTHER_ADDRESS, error);
  }
}
