// A TCP proxy that lets everything through until it is told to swallow: then the next bytes of the server are lost, and with
// them the connection that they came by. What the client asked has been executed, and it cannot know.
import { connect, createServer, type Socket } from "node:net";
import type { ServerAddress } from "./valkey-wire.ts";

export interface SwallowingProxy {
  readonly address: ServerAddress;
  /** From now on; resolves when the server has answered something that nobody will see. */
  swallow(): Promise<void>;
  /** Lets further connections be as before. */
  relent(): void;
  close(): Promise<void>;
}

export async function startSwallowingProxy(target: ServerAddress): Promise<SwallowingProxy> {
  const open = new Set<Socket>();
  let onSwallowed: (() => void) | null = null;
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => {
      if (onSwallowed === null) client.write(bytes);
      else {
        client.destroy();
        onSwallowed();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    address: { host: "127.0.0.1", port: address.port },
    swallow: () =>
      new Promise((resolve) => {
        onSwallowed = resolve;
      }),
    relent() {
      onSwallowed = null;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
