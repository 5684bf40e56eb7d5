// What the main thread makes of serving threads that do not do as they should, and what it tells them all.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NOT_SHARED } from "../../src/compose-parts.ts";
import { openSqliteStore } from "../../src/engines/sqlite/store.ts";
import { makeServerCountMemory } from "../../src/server-counts.ts";
import { ServingPool } from "../../src/workers/serving-pool.ts";
import { configOf } from "../support/http-harness.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeRecordingLog, type RecordingLog } from "../support/recording-log.ts";
import { startServerProcess } from "../support/server-process.ts";
import { connectToEach } from "../support/serving-threads.ts";
import { sqliteOptions } from "../support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const FAILING = new URL("../support/failing-thread.ts", import.meta.url);

interface Failing {
  readonly pool: ServingPool;
  /** What the server is told to end for. */
  readonly fatal: Promise<string>;
  readonly log: RecordingLog;
  /** Lets the time pass that everything waits for. */
  pass(): void;
}

/** A pool of one thread that fails in a manner of failing-thread.ts. */
async function withFailing(manner: string, body: (failing: Failing) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const store = await openSqliteStore(sqliteOptions(directory));
    const due: (() => void)[] = [];
    const timers = {
      after(_delayMs: number, run: () => void) {
        due.push(run);
        return () => {};
      },
    };
    const fatal = Promise.withResolvers<string>();
    const log = makeRecordingLog();
    const facts = () => ({ integrity: { is: "unneeded", detail: null }, backups: null });
    const main = { log, timers, backup: store.backup, metrics: async () => "", facts, onFatal: fatal.resolve };
    const pool = new ServingPool(main, FAILING);
    const order = {
      config: configOf({}),
      counts: makeServerCountMemory(),
      rates: NOT_SHARED,
      port: 0,
      startedAt: new Date(0),
    };
    await pool.start([{ ...order, adminSecret: manner, store: store.share() }]);
    const pass = () => {
      for (const run of due.splice(0)) run();
    };
    await body({ pool, log, fatal: fatal.promise, pass });
    await store.close();
  });
}

test("a thread that ends by itself ends the server, with a reason", async () => {
  await withFailing("ends", async ({ fatal }) => expect(await fatal).toBe("A serving thread ended by itself"));
});

test("a thread that throws what nobody catches ends the server, with what it threw", async () => {
  await withFailing("throws", async ({ fatal }) => expect(await fatal).toContain("thrown on purpose"));
});

test("a thread that does not answer is not waited for, and one that does not stop is told of and left behind", async () => {
  await withFailing("hangs", async ({ pool, log, pass }) => {
    const readings = pool.readings();
    pass();
    expect(await readings).toEqual([new Map()]);
    const stopped = pool.stop(0);
    pass();
    expect(await stopped).toBe(false);
    expect(log.lines.map(({ event }) => event)).toEqual(["thread-hangs"]);
  });
});

test("a token file that is exchanged counts on every thread after SIGHUP, the one before on none", async () => {
  await withTemporaryDirectory(async (directory) => {
    const file = join(directory, "token");
    const [before, after] = ["b".repeat(40), "a".repeat(40)];
    writeFileSync(file, before);
    const store = ["--store", join(directory, "store"), "--admin-token-file", file, "--workers", "2"];
    const server = await startServerProcess(store);
    try {
      const threads = await connectToEach(server.url, 2);
      const statuses = (secret: string) =>
        Promise.all(
          threads.map(async (thread) => {
            const asked = thread.render("GET /a", { Authorization: `Bearer ${secret}` }, "");
            return (await thread.send(asked)).status;
          }),
        );
      expect(await statuses(before)).toEqual([404, 404]);
      expect(await statuses(after)).toEqual([401, 401]);
      writeFileSync(file, after);
      server.kill("SIGHUP");
      const areRenewed = async () => (await statuses(after)).every((status) => status === 404);
      await pollUntil(areRenewed, { ms: 15_000, what: () => "Not every thread has read the file again" });
      expect(await statuses(before)).toEqual([401, 401]);
      for (const thread of threads) thread.close();
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  });
});
