// The servers that the raw battery is played against: Keyhold whole over a store in memory, and a transport alone under a handler
// that answers every body with itself.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/compose.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import type { Incoming, Reply, RequestHandler } from "../../src/http/exchange.ts";
import { problemReply } from "../../src/http/problem.ts";
import { startHttpServer } from "../../src/http/server.ts";
import { makeCertificate } from "../support/certificate.ts";
import { configOf } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import type { WireTarget } from "./case-play.ts";
import type { WireAddress } from "./raw-connection.ts";
import type { Carrier } from "./wire-case.ts";

export type Transport = "keyhold" | "bun";

export interface WireServer {
  readonly target: WireTarget;
  stop(): Promise<void>;
}

/** A case on a server that answers takes a fraction of it; one that a server never answers costs all of it. */
const PATIENCE_MS: Readonly<Record<Transport, number>> = { keyhold: 15_000, bun: 500 };
const ECHOED_BYTES_MAX = 1024 * 1024;

/** A whole server with a store in memory. */
export async function startStoreServer(transport: Transport, carrier: Carrier): Promise<WireServer> {
  const directory = makeTemporaryDirectory();
  const unixSocket = join(directory, "socket");
  const certificate = carrier === "TLS" ? makeCertificate(directory, "localhost") : null;
  const flags = {
    port: "0",
    store: "memory:",
    transport,
    ...(carrier === "Unix socket" && { "unix-socket": unixSocket }),
    ...(certificate !== null && { "tls-cert": certificate.cert, "tls-key": certificate.key }),
  };
  const server = await startServer(configOf(flags), makeRecordingLog());
  const port = Number(new URL(server.url).port);
  const addresses: Readonly<Record<Carrier, () => WireAddress>> = {
    plain: () => ({ is: "plain", port }),
    TLS: () => ({ is: "TLS", port, ca: certificate === null ? "" : readFileSync(certificate.cert, "utf8") }),
    "Unix socket": () => ({ is: "Unix socket", path: unixSocket }),
  };
  return {
    target: targetOf(transport, { address: addresses[carrier](), handler: "store" }),
    async stop() {
      server.stop();
      await server.ended;
      removeTemporaryDirectory(directory);
    },
  };
}

/** A transport alone, under a handler that answers every body with itself. */
export async function startEchoServer(transport: Transport, handler = ECHO): Promise<WireServer> {
  const server = await startHttpServer(handler, { ...configOf({ transport }), port: 0, unixSocket: null, tls: null });
  const address = { is: "plain", port: Number(new URL(server.url).port) } as const;
  return {
    target: targetOf(transport, { address, handler: "echo" }),
    stop: () => server.stop(0),
  };
}

function targetOf(transport: Transport, place: Pick<WireTarget, "address" | "handler">): WireTarget {
  return { ...place, hasProblems: transport === "keyhold", patienceMs: PATIENCE_MS[transport] };
}

export const ECHO: RequestHandler = {
  recall: () => null,
  async handle(incoming) {
    try {
      return { status: 200, headers: {}, body: await incoming.body(ECHOED_BYTES_MAX) };
    } catch (error) {
      return refusal(error, incoming);
    }
  },
  refuse: refusal,
};

function refusal(error: unknown, _incoming: Incoming): Reply {
  const fault = error instanceof KeyholdError ? error : new KeyholdError("internal", String(error));
  return problemReply(fault, "echo", null);
}
