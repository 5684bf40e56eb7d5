// The short version of the method, and what it has found.
import { describe, expect, test } from "bun:test";
import { realpathSync } from "node:fs";
import { lacksTracing, tracing } from "../support/call-trace.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { diskErrors } from "./disk-errors/disk-errors.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(diskErrors, { roundMsMax: 15_000 });

describe.skipIf(lacksTracing() !== null)("a directory that cannot be synced", () => {
  // The name of a new log would be gone with the power, and all that was acknowledged with it.
  test("refuses the start, though every sync of a file goes well", async () => {
    await withTemporaryDirectory(async (directory) => {
      const refusal = await startUnsynced(directory, "full").then(
        (server) => server.kill("SIGKILL"),
        (error: unknown) => error,
      );
      if (!(refusal instanceof FailedStart)) throw new Error(`It started: ${refusal}`);
      expect(refusal.exitCode).toBe(1);
      expect(refusal.output).toContain("its directory cannot be synced");
      expect(refusal.output).toContain("--durability relaxed");
    });
  });

  test("keeps no store from being served that promises nothing of a power cut", async () => {
    await withTemporaryDirectory(async (directory) => {
      const server = await startUnsynced(directory, "relaxed");
      const { status } = await fetch(`${server.url}/a`, { method: "PUT", body: "1" });
      server.kill("SIGTERM");
      expect([status, await server.exited]).toEqual([201, 0]);
    });
  });
});

/** A server of sources under strace, which makes every sync of its directory fail, as some file systems do. */
function startUnsynced(directory: string, durability: string): Promise<ServerProcess> {
  const paths = [realpathSync(directory)];
  const tracer = tracing({ calls: ["fsync"], into: "/dev/null", bytesShown: 0, inject: "fsync:error=EINVAL", paths });
  return startServerProcess(["--store", directory, "--durability", durability], tracer);
}
