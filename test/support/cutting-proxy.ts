// A TCP proxy that cuts connections at the worst moments, as networks do: the client cannot tell how far its request has come.
// It forwards one request a connection, and knows of HTTP only that a request comes first and an answer after it.
import { connect, createServer, type Socket } from "node:net";
import type { SeededRandom } from "./seeded-random.ts";

/** Where a connection is cut; "nowhere" for one that is left alone. */
export type Cut = (typeof CUTS)[number];

export interface CuttingProxy {
  readonly url: string;
  /** Connections by where they were cut. */
  readonly cuts: Readonly<Record<Cut, number>>;
  /** Leads further connections to another server. */
  retarget(url: string): void;
  close(): Promise<void>;
}

const CUTS = ["nowhere", "before-request", "in-request", "after-request", "before-answer", "in-answer"] as const;

/** @param target - where a server listens */
export async function startCuttingProxy(target: string, random: SeededRandom): Promise<CuttingProxy> {
  let targetUrl = new URL(target);
  const cuts = {
    nowhere: 0,
    "before-request": 0,
    "in-request": 0,
    "after-request": 0,
    "before-answer": 0,
    "in-answer": 0,
  };
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const cut = random.oneIn(3) ? random.pick(CUTS) : "nowhere";
    cuts[cut]++;
    const upstream = connect({ host: targetUrl.hostname, port: Number(targetUrl.port) });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => open.delete(socket));
    }
    forward({ client, upstream, cut, random });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts,
    retarget(url) {
      targetUrl = new URL(url);
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function forward(parts: { client: Socket; upstream: Socket; cut: Cut; random: SeededRandom }): void {
  const { client, upstream, cut, random } = parts;
  const cutClient = () => (random.oneIn(2) ? client.destroy() : client.resetAndDestroy());
  client.on("data", (request: Buffer) => {
    if (cut === "before-request") {
      upstream.destroy();
      cutClient();
    } else if (cut === "in-request") {
      // All but one byte at most, so that it can never be taken for the whole.
      upstream.end(request.subarray(0, random.below(request.length)));
      cutClient();
    } else {
      upstream.write(request);
      if (cut === "after-request") cutClient();
    }
  });
  upstream.on("data", (answer: Buffer) => {
    if (cut === "in-answer") client.write(answer.subarray(0, random.below(answer.length)), () => client.destroy());
    else if (cut === "before-answer") cutClient();
    else if (!client.destroyed) client.write(answer);
    // What is cut off is not waited for; a server that has answered is done with the request.
    if (cut !== "nowhere") upstream.destroy();
  });
  upstream.on("close", () => client.destroy());
  // After a cut the server is left to work on, as if the news had not come yet.
  client.on("close", () => {
    if (cut !== "after-request") upstream.destroy();
  });
}
