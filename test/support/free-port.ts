// Ports for servers that must be told theirs before they start, and keep it over a restart. They lie below the ports that the
// system gives to connections, so that none of those takes one while its server is down.
import { createServer } from "node:net";

const FIRST = 10_000;
const END = 32_000;
const TRIES_MAX = 100;

/** Those that this process has been given. Servers of a group are told theirs before any of them listens. */
const given = new Set<number>();

/**
 * A port of 127.0.0.1 on which nobody listens now, and none that this process has been given before. That it stays so until a
 * server has it is likely, not certain.
 */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`None of ${TRIES_MAX} ports from ${FIRST} to ${END} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
