// Connections to each of the threads that serve one port. The system chooses which thread a connection comes to; an answer to
// what there is not tells it, as the ids that a thread gives to requests begin with its own letters.
import { KeptConnection } from "./kept-connection.ts";

/** Enough for a thread to be passed over by all of them once in 10^9. */
const CONNECTIONS_MAX = 100;

/** A connection to each of so many threads. @throws Error where fewer serve the port */
export async function connectToEach(
  url: string,
  threads: number,
  fields: Readonly<Record<string, string>> = {},
): Promise<readonly KeptConnection[]> {
  const byThread = new Map<string, KeptConnection>();
  for (let opened = 0; byThread.size < threads; opened++) {
    if (opened === CONNECTIONS_MAX) throw new Error(`Only ${byThread.size} threads serve ${url}`);
    const connection = await KeptConnection.open(url);
    const { head } = await connection.send(connection.render("GET /-/nothing-is-here", fields, ""));
    const [, thread] = /\r\nx-request-id: ([0-9a-f]{8})-/i.exec(head) ?? [];
    if (thread === undefined || byThread.has(thread)) connection.close();
    else byThread.set(thread, connection);
  }
  return [...byThread.values()];
}
