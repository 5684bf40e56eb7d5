// The life of a server process beside others and at its end: a port that is taken, an orderly stop, a log that says why.
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { pollUntil } from "../support/poll-until.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { expectWithin } from "../support/time-bar.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const STOP_MS_MAX = 5000;
/** From the end of an entry to the sweep. */
const SWEPT_MS = 1000;
const SWEPT_PATIENCE_MS = 10_000;

/** A server on a store of its own, ended with the test. */
async function withServer(args: readonly string[], body: (server: ServerProcess, store: string) => Promise<void>) {
  await withTemporaryDirectory(async (directory) => {
    const store = `${directory}/store`;
    const server = await startServerProcess(["--store", store, ...args]);
    try {
      await body(server, store);
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  });
}

async function failedStart(args: readonly string[]): Promise<FailedStart> {
  try {
    const server = await startServerProcess(args);
    server.kill("SIGKILL");
  } catch (error) {
    if (error instanceof FailedStart) return error;
    throw error;
  }
  throw new Error("The server started");
}

test("a port that is taken is refused with a sentence, and the store is left free", async () => {
  await withServer([], async (server) => {
    await withTemporaryDirectory(async (directory) => {
      const { exitCode, output } = await failedStart(["--store", directory, "--port", new URL(server.url).port]);
      expect(exitCode).toBe(1);
      expect(output).toContain("Cannot listen on 127.0.0.1");
      const other = await startServerProcess(["--store", directory]);
      other.kill("SIGTERM");
      expect(await other.exited).toBe(0);
    });
  });
});

test("SIGTERM finishes what is being written, closes the store and exits with 0", async () => {
  await withServer([], async (server, store) => {
    const writes = Array.from({ length: 64 }, (_, index) =>
      fetch(`${server.url}/key${index}`, { method: "PUT", body: "1" }).then(({ status }) => status),
    );
    await fetch(`${server.url}/-/ready`);
    const startedAt = performance.now();
    server.kill("SIGTERM");
    const statuses = await Promise.allSettled(writes);
    expect(await server.exited).toBe(0);
    expectWithin("the stop", performance.now() - startedAt, STOP_MS_MAX);
    expect(existsSync(`${store}/keyhold.db-wal`)).toBe(false);
    const acknowledged = statuses.filter((result) => result.status === "fulfilled" && result.value === 201).length;
    const again = await startServerProcess(["--store", store]);
    const names: readonly string[] = JSON.parse(await (await fetch(`${again.url}/keys?keys`)).text());
    again.kill("SIGTERM");
    expect(await again.exited).toBe(0);
    expect(names.length).toBeGreaterThanOrEqual(acknowledged);
  });
});

test("SIGTERM cuts a half-sent request after --stop-timeout and exits with 0", async () => {
  await withServer(["--stop-timeout", "100ms"], async (server) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.on("error", () => {});
    socket.write("PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    await fetch(`${server.url}/-/ready`);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    socket.destroy();
  });
});

test("an entry that reads find damaged keeps the store from being marked whole, so that the next start checks it", async () => {
  await withServer([], async (server, store) => {
    for (let index = 0; index < 50; index++) {
      await fetch(`${server.url}/key${index}`, { method: "PUT", body: `value-${index}-${"v".repeat(100)}` });
    }
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    const database = readFileSync(`${store}/keyhold.db`);
    // Every copy: pages that were split keep stale ones.
    for (let at = database.indexOf("value-7-"); at >= 0; at = database.indexOf("value-7-", at + 1))
      database[at + 20] = 0x21;
    writeFileSync(`${store}/keyhold.db`, database);

    const reading = await startServerProcess(["--store", store]);
    expect((await fetch(`${reading.url}/key7`)).status).toBe(500);
    expect((await fetch(`${reading.url}/key8`)).status).toBe(200);
    reading.kill("SIGTERM");
    expect(await reading.exited).toBe(0);

    // Once because a read met the damage, and again because the check did.
    expect(await verdictOfNextStart(store)).toBe("damaged");
    expect(await verdictOfNextStart(store)).toBe("damaged");
    expect(readFileSync(`${store}/error.log`, "utf8")).toContain("damaged-store");
  });
});

test("a store whose last server was killed is checked, and passes", async () => {
  await withServer([], async (server, store) => {
    await fetch(`${server.url}/a`, { method: "PUT", body: "1" });
    server.kill("SIGKILL");
    await server.exited;
    expect(await verdictOfNextStart(store)).toBe("passed");
    expect(await verdictOfNextStart(store)).toBe("unneeded");
  });
});

test("the store and its logs are readable by their user alone", async () => {
  await withServer([], async (_server, store) => {
    for (const name of ["", "/keyhold.db", "/lock.db", "/holder.json"]) {
      expect((statSync(store + name).mode & 0o077).toString(8)).toBe("0");
    }
  });
});

test("an entry is readable until its instant and never after, and its row is gone soon after it", async () => {
  await withServer([], async (server) => {
    const put = await fetch(`${server.url}/keys?brief=1&expire_in=1`, { method: "PUT" });
    expect(put.status).toBe(201);
    const meta: { readonly expires_at: string } = JSON.parse(
      await (await fetch(`${server.url}/keys/brief?meta`)).text(),
    );
    const endsAt = Date.parse(meta.expires_at);
    let lastSeenAt = 0;
    let firstMissedAt = 0;
    while (firstMissedAt === 0) {
      const askedAt = Date.now();
      const { status } = await fetch(`${server.url}/brief`);
      if (status === 200) lastSeenAt = askedAt;
      else firstMissedAt = Date.now();
    }
    expect(lastSeenAt).toBeLessThan(endsAt);
    expect(firstMissedAt).toBeGreaterThanOrEqual(endsAt);
    await pollUntil(async () => (await storedRows(server)) === 0, {
      ms: SWEPT_PATIENCE_MS,
      intervalMs: 10,
      what: () => "The row of an entry that has ended is still there",
    });
    expectWithin("the row of an entry that has ended", Date.now() - endsAt, SWEPT_MS);
  });
});

test("npm start passes SIGTERM on to the server, and the launcher ends with its exit code", async () => {
  const npm = Bun.spawn(["npm", "start", "--silent", "--", "--port", "0", "--store", "memory:"], {
    cwd: PROJECT,
    stdout: "pipe",
    stderr: "ignore",
  });
  let text = "";
  let signals = 0;
  const decoder = new TextDecoder();
  for await (const chunk of npm.stdout) {
    text += decoder.decode(chunk, { stream: true });
    // Once: a second one would end the server at once.
    if (text.includes('"event":"listening"') && signals++ === 0) npm.kill("SIGTERM");
  }
  expect(await npm.exited).toBe(0);
  expect(text).toContain("Stopped with exit code 0");
});

async function storedRows(server: ServerProcess): Promise<number> {
  return (await storeInfo(server)).entries;
}

/** What a server finds that is started on the store, checks it and is stopped. */
async function verdictOfNextStart(store: string): Promise<string> {
  const server = await startServerProcess(["--store", store]);
  let verdict = "running";
  while (verdict === "running") verdict = (await storeInfo(server)).integrity;
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  return verdict;
}

interface StoreInfo {
  readonly entries: number;
  readonly integrity: string;
}

async function storeInfo(server: ServerProcess): Promise<StoreInfo> {
  const info: { readonly store: StoreInfo } = JSON.parse(await (await fetch(`${server.url}/-/info`)).text());
  return info.store;
}
