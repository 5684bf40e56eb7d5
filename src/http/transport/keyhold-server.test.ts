// How many connections a server takes: the last that it serves, the first that it tells so, and the first that it leaves without
// a word.
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { KeyholdError } from "../../core/errors.ts";
import type { RequestHandler } from "../exchange.ts";
import { type HttpServerOptions, makeOwnPort } from "../server.ts";
import { startKeyholdServer } from "./keyhold-server.ts";

const CONNECTIONS = 2;
/** As the server has it. */
const TURNED_AWAY = 1000;
const AT_ONCE = 50;
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const HANDLER: RequestHandler = {
  recall: () => null,
  handle: () => ({ status: 200, headers: {}, body: "served" }),
  refuse: (error) => ({ status: 503, headers: {}, body: error instanceof KeyholdError ? error.detail : String(error) }),
};

test("connections are served up to their limit, told so beyond it, and closed without a word far beyond", async () => {
  const options: HttpServerOptions = {
    transport: "keyhold",
    host: "127.0.0.1",
    port: 0,
    unixSocket: null,
    tls: null,
    idleTimeoutMs: 30_000,
    headTimeoutMs: 10_000,
    transferRate: 0,
    connections: CONNECTIONS,
    bodyBudgetBytes: 1024,
    requestsInFlight: 10,
  };
  const server = await startKeyholdServer(HANDLER, options, makeOwnPort());
  const sockets: Socket[] = [];
  const open = async () => {
    const client = await openClient(server.url);
    sockets.push(client.socket);
    return client;
  };
  try {
    for (let count = 0; count < CONNECTIONS; count++) {
      const client = await open();
      client.socket.write(REQUEST);
      expect(await client.first).toContain("served");
    }
    // Many at once, as the first of them are cut two seconds later.
    for (let count = 0; count < TURNED_AWAY; count += AT_ONCE) {
      const told = await Promise.all(Array.from({ length: AT_ONCE }, async () => (await open()).first));
      for (const each of told) expect(each).toContain(`${CONNECTIONS} are open, which is the limit`);
    }
    expect(await (await open()).first).toBe("");
    expect(server.usage().connections).toBe(CONNECTIONS + TURNED_AWAY);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop(0);
  }
});

interface Client {
  readonly socket: Socket;
  /** What comes first; "" where the connection is closed before. */
  readonly first: Promise<string>;
}

/** One that keeps its own side open. */
function openClient(url: string): Promise<Client> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), allowHalfOpen: true });
  const { promise: first, resolve: come } = Promise.withResolvers<string>();
  socket.once("data", (bytes: Buffer) => come(bytes.toString("latin1")));
  socket.on("error", () => come(""));
  socket.once("close", () => come(""));
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve({ socket, first }));
    socket.once("error", reject);
  });
}
