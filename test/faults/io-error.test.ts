// A disk that reports errors, for real: strace makes one fsync of the server fail. After a failed sync nobody knows what is
// on disk (Linux takes the pages for clean), so the write is answered as unknown and the server stops; what it acknowledged
// before is there at the next start.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const canTrace = Bun.spawnSync(["strace", "-o", "/dev/null", "-e", "trace=fsync", "true"]).exitCode === 0;
if (!canTrace)
  console.log("Skipped: the I/O error tests need strace and leave to trace; install strace (apt-get install strace)");

/** Fails the `when`th call in each thread, and those after it. */
function failing(call: string, error: string, when: number): readonly string[] {
  return [
    "strace",
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:error=${error}:when=${when}+`,
  ];
}

const WRITES_MAX = 500;

describe.skipIf(!canTrace)("a disk that fails", () => {
  // Frames of the log are written and synced by COMMIT, so both leave its outcome open.
  for (const [call, workers] of [
    ["fsync", "1"],
    ["pwrite64", "2"],
  ] as const) {
    test(`with --workers ${workers}, an error of ${call} is answered 504, stops the server with 74, and takes no acknowledged write`, async () => {
      await withTemporaryDirectory(async (directory) => {
        const server = await startServerProcess(["--store", directory, "--workers", workers], failing(call, "EIO", 60));
        const acknowledged: string[] = [];
        let refusal: Response | null = null;
        for (let index = 0; index < WRITES_MAX && refusal === null; index++) {
          const response = await fetch(`${server.url}/key${index}`, { method: "PUT", body: "1" });
          if (response.status === 201) acknowledged.push(`key${index}`);
          else refusal = response;
        }
        expect(refusal?.status).toBe(504);
        expect(await server.exited).toBe(74);
        expect(readFileSync(`${directory}/error.log`, "utf8")).toContain("store-failed");
        expect(acknowledged.length).toBeGreaterThan(0);

        const again = await startServerProcess(["--store", directory]);
        const names: readonly string[] = JSON.parse(await (await fetch(`${again.url}/keys?keys`)).text());
        again.kill("SIGTERM");
        expect(await again.exited).toBe(0);
        expect(acknowledged.filter((key) => !names.includes(key))).toEqual([]);
      });
    });
  }
});
