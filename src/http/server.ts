// What is asked of a transport: to listen, to hand requests to a handler and to send its replies. Which one it is, an option
// says.
import { type Count, makeCount } from "../core/count.ts";
import { startBunServer } from "./bun/bun-server.ts";
import type { RequestHandler } from "./exchange.ts";
import type { TlsFiles } from "./tls-files.ts";
import { startKeyholdServer } from "./transport/keyhold-server.ts";

export interface HttpServerOptions {
  /** Whose HTTP/1.1: our own (transport/), or the runtime's (bun/). */
  readonly transport: "keyhold" | "bun";
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** A path; null for none. */
  readonly unixSocket: string | null;
  /** Null for plain HTTP. The Unix socket is plain in any case. */
  readonly tls: TlsFiles | null;
  /** A connection on which nothing moves for this long is closed; Bun counts whole seconds, up to 255. */
  readonly idleTimeoutMs: number;
  /** Time from the first byte of a head to its last. Not kept by Bun's. */
  readonly headTimeoutMs: number;
  /** Bytes a second that a body and an answer must move, after idleTimeoutMs; 0 for none. Not kept by Bun's. */
  readonly transferRate: number;
  /** Open at once; one more is told so and closed. Not kept by Bun's. */
  readonly connections: number;
  readonly bodyBudgetBytes: number;
  /** Requests handled or answered at once. */
  readonly requestsInFlight: number;
}

/** What a server has in common with those of other threads that serve the same port. */
export interface PortShare {
  /** Whether the port is for one server alone, for this one and others that come later, or shared by one that is there. */
  readonly port: "alone" | "first" | "joined";
  /** How many share it, this one included: of some memory each has its part. */
  readonly servers: number;
  /** Connections that are open, of all. */
  readonly connections: Count;
  readonly requestsInFlight: Count;
  /** Bytes of request bodies in memory. */
  readonly bodyBytes: Count;
}

/** What a server has for itself. */
export function makeOwnPort(): PortShare {
  const [connections, requestsInFlight, bodyBytes] = [makeCount(), makeCount(), makeCount()];
  return { port: "alone", servers: 1, connections, requestsInFlight, bodyBytes };
}

export interface HttpServer {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** What connections, requests and answers hold now. */
  usage(): TransportUsage;
  /** Reads certificate and key again; connections that are open keep what they have. @throws "unavailable" when they do not fit */
  renewTls(): void;
  /** Takes no new requests and lets running ones finish for this long, then cuts them. */
  stop(timeoutMs: number): Promise<void>;
}

export interface TransportUsage {
  /** Open ones, of all servers that share the port; null where the transport does not tell. */
  readonly connections: number | null;
  /** Bodies of requests in memory, of all servers that share the port. */
  readonly bodyBytes: number;
  /** Parts of answers that wait for their clients. */
  readonly streamBytes: number;
  /** Answers cut off for that so far. */
  readonly streamsCut: number;
}

/** @throws "unavailable" when the address cannot be listened on */
export function startHttpServer(
  handler: RequestHandler,
  options: HttpServerOptions,
  share: PortShare = makeOwnPort(),
): Promise<HttpServer> {
  return options.transport === "bun" ? startBunServer(handler, options) : startKeyholdServer(handler, options, share);
}
