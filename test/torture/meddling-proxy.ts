// A proxy that does not pass on what it is given, now and then: it may answer a request itself, ask twice, or change an answer. For
// faults that a method has to find. It takes one request at a time on each connection, whole with a Content-Length or without a
// body, and keeps a connection of its own to the server for each.
import { createServer, type Socket } from "node:net";
import { type KeptAnswer, KeptConnection } from "../support/kept-connection.ts";

export interface Exchange {
  /** The request as it came. */
  readonly request: string;
  /** "GET", and so on. */
  readonly method: string;
  readonly target: string;
  /** Asks the server, as often as it is called. */
  readonly ask: (request: string) => Promise<KeptAnswer>;
}

/** What becomes of a request; to ask the server with it as it is would be an honest one. */
export type Meddle = (exchange: Exchange) => Promise<KeptAnswer>;

export interface MeddlingProxy {
  readonly url: string;
  close(): Promise<void>;
}

const END_OF_HEAD = "\r\n\r\n";

/** @param target - where the server listens, also after it has been started again */
export async function startMeddlingProxy(target: string, meddle: Meddle): Promise<MeddlingProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("error", () => {});
    client.on("close", () => open.delete(client));
    serve(client, target, meddle);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function serve(client: Socket, target: string, meddle: Meddle): void {
  const upstream = KeptConnection.open(target);
  upstream.catch(() => client.destroy());
  client.on("close", () => void upstream.then((connection) => connection.close()).catch(() => {}));
  client.setEncoding("latin1");
  let received = "";
  client.on("data", (text: string) => {
    received += text;
    const request = received;
    if (!isWhole(request)) return;
    received = "";
    const [method = "", path = ""] = request.split(" ", 2);
    void upstream
      .then((connection) => meddle({ request, method, target: path, ask: (asked) => connection.send(asked) }))
      .then(({ head, body }) => client.write(`${head}${END_OF_HEAD}${body}`, "latin1"))
      // The server has gone in the middle of it, and so does the client's connection.
      .catch(() => client.destroy());
  });
}

function isWhole(request: string): boolean {
  const headEnd = request.indexOf(END_OF_HEAD);
  if (headEnd < 0) return false;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(request.slice(0, headEnd))?.[1] ?? 0);
  return request.length >= headEnd + END_OF_HEAD.length + length;
}
