// A TCP tunnel that counts the connections made through it, and changes nothing: the one way to see of any client whether it
// has kept its connection.
import { connect, createServer, type Socket } from "node:net";

export interface CountingTunnel {
  /** As the target's, at another port. */
  readonly url: string;
  connections(): number;
}

/** @param target - the origin of a server */
export async function withCountingTunnel<T>(target: string, body: (tunnel: CountingTunnel) => Promise<T>): Promise<T> {
  const { hostname, port, protocol } = new URL(target);
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    count++;
    const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The tunnel has no port");
  try {
    return await body({ url: `${protocol}//${hostname}:${address.port}`, connections: () => count });
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}
