// What all proxies of TCP connections have in common: a free port of this machine, a connection of its own to the target for each
// client, and an end that leaves none of them open. What passes between the two is for each proxy to say.
import { connect, createServer, type Socket } from "node:net";
import type { ServerAddress } from "./valkey-wire.ts";

export interface TcpProxy {
  readonly address: ServerAddress;
  /** As HTTP has it. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Both ends of one client's connection; errors of either are not told. */
export interface ProxiedPair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** @param target - asked for with each connection */
export async function startTcpProxy(target: () => ServerAddress, pass: (pair: ProxiedPair) => void): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target(), noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => open.delete(socket));
    }
    pass({ client, upstream });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    address: { host: "127.0.0.1", port: address.port },
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Where a server with this URL listens. */
export function addressOf(url: string): ServerAddress {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
