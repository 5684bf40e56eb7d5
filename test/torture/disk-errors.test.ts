// The short version of the method, and what it has found.
import { describe, expect, test } from "bun:test";
import { realpathSync } from "node:fs";
import { lacksTracing, tracing } from "../support/call-trace.ts";
import { FailedStart, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { diskErrors } from "./disk-errors/disk-errors.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(diskErrors, { roundMsMax: 15_000 });

describe.skipIf(lacksTracing() !== null)("a directory that cannot be synced", () => {
  // The name of a new log would be gone with the power, and all that was acknowledged with it.
  test("refuses the start, though every sync of a file goes well", async () => {
    await withTemporaryDirectory(async (directory) => {
      const paths = [realpathSync(directory)];
      const inject = "fsync:error=EIO";
      const tracer = tracing({ calls: ["fsync"], into: "/dev/null", bytesShown: 0, inject, paths });
      const start = startServerProcess(["--store", directory], tracer);
      const refusal = await start.then(
        (server) => server.kill("SIGKILL"),
        (error: unknown) => error,
      );
      if (!(refusal instanceof FailedStart)) throw new Error(`It started: ${refusal}`);
      expect(refusal.exitCode).toBe(1);
      expect(refusal.output).toContain("its directory cannot be synced");
    });
  });
});
