// A plant: a proxy that tells clients of success where the server said that it does not know.
import { connect, createServer, type Socket } from "node:net";

export interface FalseSuccess {
  /** Where it listens for what goes on to this server. */
  before(url: string): string;
  close(): void;
}

export async function turningFailuresIntoSuccess(): Promise<FalseSuccess> {
  let target = new URL("http://127.0.0.1:1");
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect({ host: target.hostname, port: Number(target.port) });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("data", (bytes: Buffer) => server.write(bytes));
    server.on("data", (bytes: Buffer) => {
      client.write(bytes.toString("latin1").replace("HTTP/1.1 504", "HTTP/1.1 200"), "latin1");
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    before(url) {
      target = new URL(url);
      return `http://127.0.0.1:${address.port}`;
    },
    close() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
