// Handlers that answer without a promise, as most reads do: the connection goes on as it does behind one that was waited for.
import { expect, test } from "bun:test";
import type { Incoming, Reply, RequestHandler } from "../../src/http/exchange.ts";
import { Connection } from "../../src/http/transport/connection.ts";
import { MemorySocket } from "./fuzz/memory-socket.ts";
import { makeContext } from "./fuzz/round.ts";
import { turn } from "./raw-connection.ts";

const HEAD = "GET /a HTTP/1.1\r\nHost: a.example\r\n";
const WINDOW_BYTES = 1 << 20;

function connect(handle: (incoming: Incoming) => Reply) {
  const handler: RequestHandler = {
    handle,
    recall: () => null,
    refuse: () => ({ status: 400, headers: {}, body: null }),
  };
  const context = { ...makeContext(), handler };
  const socket = new MemorySocket(WINDOW_BYTES);
  const connection = new Connection(socket, context, { scheme: "http", isLocal: false });
  return { context, socket, connection };
}

test.each([
  ["in chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
  ["in no chunk", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["that is large", `Content-Length: 100000\r\n\r\n${"x".repeat(100_000)}`],
])("a body %s that came whole, and that nobody reads, ends no connection", (_name, rest) => {
  const { socket, connection } = connect(({ target }) => ({ status: 200, headers: {}, body: target }));
  connection.received(Buffer.from(`${HEAD}${rest}${HEAD}\r\n`));
  expect(socket.sent.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  expect(socket.sent).not.toContain("Connection: close");
});

test("a handler that throws at once loses its connection, and counts no more as under way", async () => {
  const { context, socket, connection } = connect(() => {
    throw new Error("a fault of the handler's");
  });
  connection.received(Buffer.from(`${HEAD}\r\n${HEAD}\r\n`));
  await turn();
  expect([socket.isCut, socket.sent]).toEqual([true, ""]);
  expect([context.tally.arrivals, context.tally.inFlight.total]).toEqual([1, 0]);
});
