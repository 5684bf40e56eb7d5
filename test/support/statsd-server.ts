// A StatsD server that keeps what it is sent.
import { createSocket } from "node:dgram";

export interface StatsdServer {
  readonly port: number;
  readonly datagrams: readonly string[];
  lines(): readonly string[];
  /** Resolves once a datagram has come that is not yet there now. */
  next(): Promise<void>;
}

/** For the length of `body`, on a free port of 127.0.0.1. */
export async function withStatsdServer(body: (server: StatsdServer) => Promise<void>): Promise<void> {
  const datagrams: string[] = [];
  let wake = Promise.withResolvers<void>();
  const socket = createSocket("udp4");
  socket.on("message", (message) => {
    datagrams.push(message.toString("latin1"));
    wake.resolve();
    wake = Promise.withResolvers();
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  try {
    await body({
      port: socket.address().port,
      datagrams,
      lines: () => datagrams.flatMap((datagram) => datagram.split("\n")),
      next: () => wake.promise,
    });
  } finally {
    socket.close();
  }
}
