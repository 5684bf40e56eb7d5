// One server of several serving threads, seen from outside: what it counts, bounds, tells and ends is of all of them together.
import { expect, test } from "bun:test";
import { parseExposition } from "../support/exposition.ts";
import { Http, type HttpStream } from "../support/http-client.ts";
import { type ServerFlags, type TestServer, withSqliteServer } from "../support/http-harness.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { pollUntil } from "../support/poll-until.ts";
import { type FailedStart, startServerProcess } from "../support/server-process.ts";
import { connectToEach } from "../support/serving-threads.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { expectWithin } from "../support/time-bar.ts";

const THREADS = 2;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
/** "Within about a second", and what a busy machine takes besides. */
const REVOKED_MS = 3000;
const PATIENCE_MS = 15_000;

type Served = TestServer & { readonly url: string; readonly threads: readonly KeptConnection[] };

function withThreads(body: (server: Served) => Promise<void>, flags: ServerFlags = {}): Promise<void> {
  return withSqliteServer(
    async (server) => {
      const { url } = server;
      if (url === null) throw new Error("The server has no address");
      const threads = await connectToEach(url, THREADS);
      try {
        // Until those that came to a thread a second time have gone.
        const areAlone = async () => (await connectionsOf(threads)) === THREADS;
        await pollUntil(areAlone, { ms: PATIENCE_MS, what: () => "Connections that were closed still count" });
        await body({ ...server, url, threads });
      } finally {
        for (const thread of threads) thread.close();
      }
    },
    { workers: String(THREADS), ...flags },
  );
}

async function connectionsOf([thread]: readonly KeptConnection[]): Promise<number> {
  if (thread === undefined) throw new Error("There is no thread");
  return parseExposition((await send(thread, "GET /-/metrics")).body).get("keyhold_http_connections") ?? 0;
}

function send(thread: KeptConnection, line: string, body = "", fields: Readonly<Record<string, string>> = {}) {
  return thread.send(thread.render(line, fields, body));
}

test("increments through all threads are counted once each", async () => {
  await withThreads(async ({ url, http }) => {
    const clients = (await Promise.all(Array.from({ length: 8 }, () => connectToEach(url, THREADS)))).flat();
    const seen = await Promise.all(
      clients.map(async (client) => {
        const own: number[] = [];
        for (let round = 0; round < 25; round++)
          own.push(Number((await send(client, "PATCH /hits", "incr=1", FORM)).body));
        client.close();
        return own;
      }),
    );
    const all = Array.from({ length: 8 * THREADS * 25 }, (_, index) => index + 1);
    expect(seen.flat().toSorted((a, b) => a - b)).toEqual(all);
    expect(await http.text("/hits")).toBe(String(all.length));
  });
});

test("each watcher is told of what every thread writes, in order", async () => {
  await withThreads(async ({ http, threads }) => {
    const watchers = await Promise.all(Array.from({ length: 6 }, () => http.open("/keys?watch&prefix=w")));
    for (let round = 0; round < 30; round++) {
      const thread = threads[round % threads.length];
      if (thread !== undefined) await send(thread, `PUT /w${round}`, "v");
    }
    const all = Array.from({ length: 30 }, (_, round) => `w${round}`);
    for (const watcher of watchers) expect(await keysOf(watcher, all.length)).toEqual(all);
  });
});

async function keysOf(watcher: HttpStream, count: number): Promise<readonly string[]> {
  let text = "";
  for await (const part of watcher.texts()) {
    text += part;
    const keys = [...text.matchAll(/"key": ?"(w\d+)"/g)].map(([, key]) => key ?? "");
    if (keys.length >= count) {
      watcher.close();
      return keys;
    }
  }
  throw new Error(`The watch ended: ${text}`);
}

test("metrics are the sum of all threads, whichever answers, and the store's own are shown once", async () => {
  await withThreads(async ({ threads }) => {
    for (const [index, thread] of threads.entries()) {
      await send(thread, `PUT /k${index}`, "v");
      for (let round = 0; round < 5; round++) await send(thread, "GET /k0");
    }
    for (const thread of threads) {
      const found = parseExposition((await send(thread, "GET /-/metrics")).body);
      const of = (name: string) => found.get(name);
      expect(of('keyhold_http_requests_total{route="/{key}",method="GET",code="200"}')).toBe(5 * THREADS);
      expect(of('keyhold_http_request_duration_seconds_count{route="/{key}",method="GET"}')).toBe(5 * THREADS);
      expect(of("keyhold_hits_total")).toBe(5 * THREADS);
      expect([of("keyhold_keys"), of("keyhold_store_revision")]).toEqual([THREADS, THREADS]);
      expect(of("keyhold_http_connections")).toBe(THREADS);
      expect(of("keyhold_commit_wait_seconds_count")).toBe(THREADS);
    }
  });
});

test("a token counts on every thread once it is made, nowhere once it is revoked, and its watches end", async () => {
  await withThreads(async ({ url, threads }) => {
    const [one, other] = threads;
    if (one === undefined || other === undefined) throw new Error("There are two threads");
    const make = async (fields = {}) =>
      JSON.parse((await send(one, "POST /-/tokens", TOKEN, { ...JSON_BODY, ...fields })).body);
    // Known, so that it is sent again without a look at what it says.
    await send(other, "PUT /known", "v");
    for (let round = 0; round < 3; round++) expect((await send(other, "GET /known")).status).toBe(200);
    const admin = { Authorization: `Bearer ${(await make()).token}` };
    expect((await send(other, "GET /known")).status).toBe(401);
    for (let round = 0; round < 20; round++) {
      const { id, token } = await make(admin);
      const asked = { Authorization: `Bearer ${token}` };
      expect((await send(other, "GET /a", "", asked)).status).toBe(404);
      const watches = await Promise.all(round < 2 ? [1, 2, 3, 4].map(() => openWatch(url, asked)) : []);
      expect((await send(one, `DELETE /-/tokens/${id}`, "", admin)).status).toBe(200);
      expect((await send(other, "GET /a", "", asked)).status).toBe(401);
      const revokedAtMs = performance.now();
      for (const watch of watches) for await (const _ of watch.texts());
      if (watches.length > 0) expectWithin("the end of watches", performance.now() - revokedAtMs, REVOKED_MS);
    }
  });
});

const JSON_BODY = { "Content-Type": "application/json" };
const TOKEN = '{"name": "t", "scopes": ["read", "watch", "admin"]}';

function openWatch(url: string, fields: Readonly<Record<string, string>>): Promise<HttpStream> {
  return new Http(makeSocketClient(url)).open("/keys?watch", fields);
}

test("connections are bounded for all threads together", async () => {
  await withThreads(
    async ({ url, threads }) => {
      const more = await Promise.all(Array.from({ length: 14 - threads.length }, () => KeptConnection.open(url)));
      const answers = await Promise.allSettled(more.map((connection) => send(connection, "GET /a")));
      const statuses = answers.map((answer) => (answer.status === "fulfilled" ? answer.value.status : 503));
      expect(statuses.filter((status) => status === 404).length).toBe(10 - threads.length);
      expect(statuses.filter((status) => status === 503).length).toBe(4);
      for (const connection of more) connection.close();
    },
    { connections: "10" },
  );
});

test("watchers are bounded for all threads together", async () => {
  await withThreads(
    async ({ http }) => {
      const watches = await Promise.all(Array.from({ length: 8 }, () => http.open("/keys?watch")));
      expect(watches.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 503, 503, 503]);
      expect(JSON.parse(await http.text("/-/info")).watchers).toBe(5);
      for (const watch of watches) watch.close();
    },
    { watchers: "5" },
  );
});

test("every thread sends backups, no more at once than one would, and gives their room back", async () => {
  await withThreads(async ({ http, url, threads }) => {
    await http.put("/a", "v");
    for (let round = 0; round < 8; round++) {
      const { status, body, headers } = await http.get("/-/backup");
      expect(status).toBe(200);
      const digest = new Bun.CryptoHasher("sha256").update(body).digest("base64");
      expect(headers["repr-digest"]).toBe(`sha-256=:${digest}:`);
    }
    for (const _ of threads) (await new Http(makeSocketClient(url)).open("/-/backup")).close();
    expect((await http.get("/-/export")).text).toContain('"key":"a"');
  });
});

test("each request has a line in the access log, and ids are of one thread each", async () => {
  await withThreads(
    async ({ threads, log, step }) => {
      for (const thread of threads) for (let round = 0; round < 4; round++) await send(thread, "GET /logged");
      const lines = () => log.accesses.filter(({ target }) => target === "/logged");
      while (lines().length < 4 * threads.length) await step();
      expect(new Set(lines().map(({ requestId }) => requestId)).size).toBe(4 * threads.length);
      expect(new Set(lines().map(({ requestId }) => requestId.slice(0, 8))).size).toBe(threads.length);
    },
    { "access-log": "true" },
  );
});

test("a second server is not let in on the port", async () => {
  await withThreads(async ({ url }) => {
    await withTemporaryDirectory(async (directory) => {
      const { port } = new URL(url);
      for (const workers of ["1", "2"]) {
        const refused = await startServerProcess(["--store", directory, "--port", port, "--workers", workers]).then(
          () => null,
          (error: FailedStart) => error,
        );
        expect(refused?.output).toContain(`Cannot listen on 127.0.0.1, port ${port}`);
        expect(refused?.exitCode).toBe(1);
      }
    });
  });
});

test("what an address may ask in a second is bounded for all threads together", async () => {
  const startedAtMs = performance.now();
  await withThreads(
    async ({ threads }) => {
      let admitted = 0;
      for (let round = 0; round < 100; round++) {
        for (const thread of threads) if ((await send(thread, "GET /a")).status === 404) admitted++;
      }
      expect(admitted).toBeGreaterThan(50);
      expect(admitted).toBeLessThanOrEqual(100 + (10 * (performance.now() - startedAtMs)) / 1000);
    },
    { "address-requests": "10" },
  );
});
