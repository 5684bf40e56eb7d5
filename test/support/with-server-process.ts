// A server process over a store of its own, for the length of a test.
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { withTemporaryDirectory } from "./temporary-directory.ts";

/** @param body - gets the server, and what starts another over the same store once that one has ended */
export async function withServerProcess(
  body: (server: ServerProcess, restart: () => Promise<ServerProcess>) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const started: ServerProcess[] = [];
    const start = async () => {
      const server = await startServerProcess(["--store", `sqlite:${directory}/store`]);
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
