// A TCP proxy that hands on some PATCH requests twice, one after the other, and lets the client see the second answer alone: what
// a sender does that tries again where it must not. It takes a request and an answer to come in one piece each, as those of
// fault-load.ts do.
import { connect, createServer, type Socket } from "node:net";
import type { SeededRandom } from "./seeded-random.ts";

export interface DoublingProxy {
  readonly url: string;
  close(): void;
}

/** One PATCH in so many. */
const ONE_IN = 10;

export async function startDoublingProxy(target: string, random: SeededRandom): Promise<DoublingProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    let doubled: Buffer | null = null;
    client.on("data", (request: Buffer) => {
      if (request.subarray(0, 5).toString() === "PATCH" && random.oneIn(ONE_IN)) doubled = request;
      upstream.write(request);
    });
    upstream.on("data", (answer: Buffer) => {
      if (doubled === null) client.write(answer);
      else {
        upstream.write(doubled);
        doubled = null;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
