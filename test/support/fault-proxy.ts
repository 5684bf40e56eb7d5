// An HTTP proxy that fails as it is told, by the path that it is reached by: `/f/ID/PLAN/…`, where the plan says, request by
// request, what becomes of each; behind its end everything goes through. So a client in any process can ask for faults, and
// read at `/seen/ID` what has arrived.
import { createServer, type IncomingMessage, request as makeRequest, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface FaultProxy {
  readonly url: string;
  /** Leads further requests to another server, and cuts all that go on. */
  retarget(url: string): void;
  close(): Promise<void>;
}

/** A request that has come through, as `/seen/ID` shows it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly idempotencyKey: string | null;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  readonly target: string;
  readonly server: URL;
}

type Fault = (exchange: Exchange, amount: number) => void;

/** How long behind what was let through a connection is cut. */
const CUT_BEHIND_MS = 20;
const BUSY = '{"type": "/-/problems/busy", "status": 503, "code": "busy", "detail": "So it was planned"}';

/** What can be planned; a number behind it, as in `busy-1`, is its amount. */
const FAULTS: Readonly<Record<string, Fault>> = {
  pass: (exchange) => forward(exchange, (answer) => begin(exchange, answer).pipe(exchange.outgoing)),
  /** Amount: seconds of Retry-After. */
  busy: ({ outgoing }, seconds) => {
    const fields = { "Content-Type": "application/problem+json", "Retry-After": String(seconds), "X-Request-Id": "p" };
    outgoing.writeHead(503, fields).end(BUSY);
  },
  /** Amount: the status. */
  html: ({ outgoing }, status) =>
    void outgoing.writeHead(status, { "Content-Type": "text/html" }).end("<p>A proxy</p>"),
  redirect: ({ outgoing }) => void outgoing.writeHead(302, { Location: "http://127.0.0.1:1/" }).end(),
  "cut-before": ({ incoming }) => void incoming.socket.destroy(),
  "cut-after": (exchange) =>
    forward(exchange, (answer) => answer.resume().on("end", () => exchange.incoming.socket.destroy())),
  /** Amount: bytes of the answer's body. */
  "cut-body": (exchange, bytes) =>
    forward(exchange, (answer) => passUntil(exchange, begin(exchange, answer), bytesOf(bytes))),
  /** Amount: lines of the answer's body. */
  "cut-lines": (exchange, lines) =>
    forward(exchange, (answer) => passUntil(exchange, begin(exchange, answer), linesOf(lines))),
  hang: () => {},
  /** The fields of an answer and an empty line, and then nothing. */
  mute: ({ outgoing }) => void outgoing.writeHead(200, { "Content-Type": "application/x-ndjson" }).write("\n"),
};

/** @param target - where the server listens that requests go through to */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let server = new URL(target);
  const plans = new Map<string, string[]>();
  const seen = new Map<string, SeenRequest[]>();
  const sockets = new Set<Socket>();

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [, kind, id = "", plan = "", ...rest] = (incoming.url ?? "").split("/");
    if (kind === "seen") return void outgoing.end(JSON.stringify(seen.get(id) ?? []));
    const isPlanned = kind === "f";
    const path = isPlanned ? `/${rest.join("/")}` : (incoming.url ?? "/");
    if (isPlanned) note(id, incoming, path);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const steps = plans.get(id) ?? plan.split(",");
    plans.set(id, steps);
    const [, name = "pass", amount = "0"] =
      /^([a-z-]+?)(?:-(\d+))?$/.exec((isPlanned && steps.shift()) || "pass") ?? [];
    FAULTS[name]?.({ incoming, outgoing, body: Buffer.concat(chunks), target: path, server }, Number(amount));
  }

  function note(id: string, { method = "", headers }: IncomingMessage, path: string): void {
    const idempotencyKey = headers["idempotency-key"];
    const requests = seen.get(id) ?? [];
    seen.set(id, requests);
    requests.push({
      method,
      target: path,
      idempotencyKey: idempotencyKey === undefined ? null : String(idempotencyKey),
    });
  }

  // A client that goes in the middle of its request is what is wanted here.
  const proxy = createServer(
    (incoming, outgoing) => void handle(incoming, outgoing).catch(() => incoming.socket.destroy()),
  );
  proxy.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    retarget(url) {
      server = new URL(url);
      cut();
    },
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      cut();
      await closed;
    },
  };
}

function forward(
  { incoming, outgoing, body, target, server }: Exchange,
  take: (answer: IncomingMessage) => void,
): void {
  // With its Host: it is what a page of this origin is compared with.
  const { headers, method } = incoming;
  const options = { host: server.hostname, port: server.port, method, path: target, headers };
  const upstream = makeRequest(options, (answer) => {
    answer.on("error", () => incoming.socket.destroy());
    take(answer);
  });
  upstream.on("error", () => incoming.socket.destroy());
  outgoing.on("close", () => upstream.destroy());
  upstream.end(body);
}

/** Hands on the head of an answer, and at once, as the body of a watch may be long in coming. */
function begin({ outgoing }: Exchange, answer: IncomingMessage): IncomingMessage {
  outgoing.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
  outgoing.flushHeaders();
  return answer;
}

/** Hands on the part of each chunk that is let through, and cuts the connection where it ends. */
function passUntil(
  { incoming, outgoing }: Exchange,
  answer: IncomingMessage,
  lengthOf: (chunk: Buffer) => number,
): void {
  answer.on("data", (chunk: Buffer) => {
    const length = lengthOf(chunk);
    const isCut = length < chunk.length;
    outgoing.write(chunk.subarray(0, length), () => {
      // What has been let through is to arrive, and an end that comes with it would take it along.
      if (isCut) setTimeout(() => incoming.socket.destroy(), CUT_BEHIND_MS);
    });
  });
  answer.on("end", () => outgoing.end());
}

function bytesOf(max: number): (chunk: Buffer) => number {
  let left = max;
  return (chunk) => {
    const length = Math.min(left, chunk.length);
    left -= length;
    return length;
  };
}

/** Up to the byte behind the last line break that counts; the next one is cut. */
function linesOf(max: number): (chunk: Buffer) => number {
  let left = max;
  return (chunk) => {
    for (let index = 0; index < chunk.length; index++) {
      if (left === 0) return index;
      if (chunk[index] === 0x0a) left--;
    }
    return chunk.length;
  };
}
