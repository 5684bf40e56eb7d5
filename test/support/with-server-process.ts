// A server process over a store of its own, for the length of a test.
import { findFreePort } from "./free-port.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "./server-process.ts";
import { withTemporaryDirectory } from "./temporary-directory.ts";

/**
 * Starts another server over the same store, once the one before it has ended.
 *
 * @param place - of the one before it, for clients that connect again by themselves; without it, any free port
 */
export type Restart = (place?: Pick<ServerProcess, "url">) => Promise<ServerProcess>;

/** @param flagsOf - what it is started with, beside its port, given a directory of its own */
export async function withServerProcess(
  body: (server: ServerProcess, restart: Restart) => Promise<void>,
  flagsOf: (directory: string) => readonly string[] = (directory) => ["--store", `sqlite:${directory}/store`],
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const started: ServerProcess[] = [];
    const start: Restart = async (place) => {
      const flags = flagsOf(directory);
      const server = await (place === undefined
        ? startOnKeptPort(flags)
        : startServerProcess([...flags, "--port", new URL(place.url).port]));
      started.push(server);
      return server;
    };
    try {
      await body(await start(), start);
    } finally {
      for (const server of started) {
        server.kill("SIGKILL");
        await server.exited;
      }
    }
  });
}

/** On a port that is still free after a kill: one that the system chose may have gone to a connection of another test by then. */
async function startOnKeptPort(flags: readonly string[]): Promise<ServerProcess> {
  for (;;) {
    try {
      return await startServerProcess([...flags, "--port", String(await findFreePort())]);
    } catch (error) {
      // Somebody else has taken it since it was looked at.
      if (!(error instanceof FailedStart) || !error.output.includes("Cannot listen on")) throw error;
    }
  }
}
