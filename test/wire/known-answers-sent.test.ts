// Known answers on a connection: sent whole and in order however little the client takes at a time, though the memory that they
// lie in is another answer's by then; and only where the connection goes on as it is.
import { expect, test } from "bun:test";
import type { Incoming, Reply, RequestHandler } from "../../src/http/exchange.ts";
import { Connection } from "../../src/http/transport/connection.ts";
import { MemorySocket } from "./fuzz/memory-socket.ts";
import { makeContext } from "./fuzz/round.ts";
import { turn } from "./raw-connection.ts";

const COMMON = Buffer.from("Kept: yes\r\n");
const REQUESTS = 200;
const HOST = "\r\nHost: a.example\r\n";

/** A handler that knows every answer and makes them in one memory; what it is asked to make says so. */
function connect(windowBytes: number) {
  const bytes = Buffer.alloc(4096);
  const handler: RequestHandler = {
    handle: ({ target }: Incoming): Reply => ({ status: 200, headers: {}, body: `made ${target}` }),
    recall({ target }) {
      bytes.fill("#");
      const body = `${target} `.repeat(100);
      const to = 5 + bytes.write(`Content-Length: ${body.length}\r\n\r\n${body}`, 5);
      return { status: 200, common: COMMON, bytes, from: 5, to };
    },
    refuse: () => ({ status: 400, headers: {}, body: null }),
  };
  const context = { ...makeContext(), handler };
  const socket = new MemorySocket(windowBytes);
  const connection = new Connection(socket, context, { scheme: "http", isLocal: false });
  return { context, socket, connection };
}

/** Without the date. */
function shown({ sent }: MemorySocket): string {
  return sent.replace(/Date: [^\r]*\r\n/g, "");
}

function answerOf(target: string, persistence = ""): string {
  const body = `${target} `.repeat(100);
  return `HTTP/1.1 200 OK\r\n${persistence}Kept: yes\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

test.each([1 << 20, 700, 131])("are whole and in order where %d bytes are taken at a time", async (windowBytes) => {
  const { context, socket, connection } = connect(windowBytes);
  const targets = Array.from({ length: REQUESTS }, (_, index) => `/${index}`);
  connection.received(Buffer.from(targets.map((target) => `GET ${target} HTTP/1.1${HOST}\r\n`).join("")));
  while (context.tally.arrivals < REQUESTS || !connection.isIdle) {
    if (socket.isFull) {
      // As the answer on another connection would be put together there.
      context.scratch.fill("#");
      socket.empty();
      connection.drained();
    } else await turn();
  }
  expect(shown(socket)).toBe(targets.map((target) => answerOf(target)).join(""));
  expect([socket.fault, context.tally.arrivals, context.tally.inFlight.total]).toEqual([null, REQUESTS, 0]);
});

test.each([
  ["of HTTP/1.0 that is kept", `GET /a HTTP/1.0${HOST}Connection: keep-alive\r\n\r\n`, "Connection: keep-alive\r\n"],
  ["with an empty body", `GET /a HTTP/1.1${HOST}Content-Length: 0\r\n\r\n`, ""],
])("are sent to a request %s", (_, request, persistence) => {
  const { socket, connection } = connect(1 << 20);
  connection.received(Buffer.from(request));
  expect(shown(socket)).toBe(answerOf("/a", persistence));
});

test.each([
  ["is the last", `GET /a HTTP/1.1${HOST}Connection: close\r\n\r\n`],
  ["is of HTTP/1.0", `GET /a HTTP/1.0${HOST}\r\n`],
  ["has a body", `GET /a HTTP/1.1${HOST}Content-Length: 1\r\n\r\nx`],
  ["has a body in chunks", `GET /a HTTP/1.1${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
])("are not sent to a request that %s", (_, request) => {
  const { socket, connection } = connect(1 << 20);
  connection.received(Buffer.from(request));
  expect(shown(socket)).toEndWith("made /a");
});

test("are not sent by a server that stops, whose answers end their connections", () => {
  const { context, socket, connection } = connect(1 << 20);
  context.tally.isStopping = true;
  connection.received(Buffer.from(`GET /a HTTP/1.1${HOST}\r\n`));
  expect([shown(socket).includes("Connection: close"), socket.isShut]).toEqual([true, true]);
});

test("reach a client that has ended its side, whose connection is closed behind them", () => {
  const { socket, connection } = connect(500);
  connection.received(Buffer.from(`GET /a HTTP/1.1${HOST}\r\nGET /b HTTP/1.1${HOST}\r\n`));
  connection.ended();
  expect(socket.isClosed).toBe(false);
  for (let count = 0; count < 3; count++) {
    socket.empty();
    connection.drained();
  }
  expect([shown(socket), socket.isClosed]).toEqual([answerOf("/a") + answerOf("/b"), true]);
});
