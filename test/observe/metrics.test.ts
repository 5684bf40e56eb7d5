// /-/metrics of a whole server: what is counted, under which labels, and that Prometheus' own checker has nothing to say.
import { describe, expect, test } from "bun:test";
import { METRICS } from "../../src/observe/metric-families.ts";
import { type Exposition, parseExposition } from "../support/exposition.ts";
import { type TestServer, withMemoryServer, withSqliteServer } from "../support/http-harness.ts";
import { requireCommand, runToEnd } from "../support/required-command.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

/** Metrics that only a store on disk has. */
const BACKUP_METRICS = [METRICS.lastBackup, METRICS.lastBackupBytes, METRICS.backupFailures];
const DISK_METRICS = [
  METRICS.diskFreeBytes,
  METRICS.diskReserveBytes,
  METRICS.walBytes,
  METRICS.commitDuration,
  METRICS.commitRequests,
  METRICS.commitWait,
  METRICS.checkpoints,
  METRICS.checkpointDuration,
];

async function scrape({ http }: TestServer): Promise<Exposition> {
  return parseExposition((await http.get("/-/metrics")).text);
}

/** Scrapes until this holds; the test's own time limit bounds it. */
async function scrapeUntil(server: TestServer, holds: (found: Exposition) => boolean): Promise<Exposition> {
  for (;;) {
    const found = await scrape(server);
    if (holds(found)) return found;
    await server.step();
  }
}

/** promtool is a hundred megabytes, and may have to be read from a disk that others write to. */
const FIRST_RUN_MS = 60_000;

describe("/-/metrics", () => {
  test("is the text format of Prometheus, not to be cached", async () => {
    await withMemoryServer(async ({ http }) => {
      const { status, headers } = await http.get("/-/metrics");
      expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        "no-store",
      ]);
    });
  });

  test(
    "shows every metric that there is, and promtool has nothing to say against it",
    async () => {
      const promtool = requireCommand("promtool", "prometheus");
      await withTemporaryDirectory((directory) =>
        withSqliteServer(
          async (server) => {
            const { http } = server;
            await http.put("/a", "value");
            await http.get("/a");
            await scrape(server);
            let { text } = await http.get("/-/metrics");
            // The first backup is begun at the start; the test's own time bounds how long it is waited for.
            while (!text.includes(METRICS.lastBackup.name)) ({ text } = await http.get("/-/metrics"));
            const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
            expect(shown.toSorted()).toEqual(
              Object.values(METRICS)
                .map(({ name, type }) => `${name} ${type}`)
                .toSorted(),
            );
            expect(await runToEnd([promtool, "check", "metrics"], text)).toEqual({ exitCode: 0, output: "" });
          },
          { "backup-directory": directory },
        ),
      );
    },
    FIRST_RUN_MS,
  );

  test("of a store in memory shows all but what a disk has", async () => {
    await withMemoryServer(async (server) => {
      await server.http.put("/a", "value");
      await server.http.get("/a");
      const { text } = await server.http.get("/-/metrics");
      const missing = Object.values(METRICS).filter(({ name }) => !text.includes(`# TYPE ${name} `));
      expect(missing.map(({ name }) => name).toSorted()).toEqual(
        [...DISK_METRICS, ...BACKUP_METRICS].map(({ name }) => name).toSorted(),
      );
    });
  });

  test("counts requests by route, method and code, never by key", async () => {
    await withMemoryServer(async (server) => {
      const { http } = server;
      await http.put("/secretkey", "value");
      await http.putJson("/keys/secretkey", '{"secretkey": "value"}');
      await http.get("/secretkey");
      await http.get("/secretkey");
      await http.get("/missing");
      await http.send("HEAD /secretkey");
      await http.send("DELETE /-/nothing");
      const { text } = await http.get("/-/metrics");
      expect(text).not.toContain("secretkey");
      const found = parseExposition(text);
      const count = (labels: string) => found.get(`keyhold_http_requests_total{${labels}}`);
      expect(count('route="/{key}",method="PUT",code="201"')).toBe(1);
      expect(count('route="/keys/{key}",method="PUT",code="200"')).toBe(1);
      expect(count('route="/{key}",method="GET",code="200"')).toBe(2);
      expect(count('route="/{key}",method="GET",code="404"')).toBe(1);
      expect(count('route="/{key}",method="HEAD",code="200"')).toBe(1);
      expect(count('route="unmatched",method="DELETE",code="404"')).toBe(1);
      expect(found.get("keyhold_hits_total")).toBe(3);
      expect(found.get("keyhold_misses_total")).toBe(1);
      expect(found.get('keyhold_problems_total{code="not-found"}')).toBe(1);
      expect(found.get('keyhold_problems_total{code="no-such-resource"}')).toBe(1);
      expect(found.get('keyhold_problems_total{code="busy"}')).toBe(0);
      expect(found.get("keyhold_http_requests_in_flight")).toBe(1);
    });
  });

  test("counts bodies as they were received and sent, and none where there is none", async () => {
    await withMemoryServer(async (server) => {
      const { http } = server;
      await http.put("/a", "x".repeat(300));
      await http.send("HEAD /a");
      await http.get("/a");
      const found = await scrape(server);
      expect(found.get('keyhold_http_request_size_bytes_sum{route="/{key}",method="PUT"}')).toBe(300);
      expect(found.get('keyhold_http_request_size_bytes_bucket{route="/{key}",method="PUT",le="256"}')).toBe(0);
      expect(found.get('keyhold_http_request_size_bytes_bucket{route="/{key}",method="PUT",le="1024"}')).toBe(1);
      expect(found.get('keyhold_http_response_size_bytes_sum{route="/{key}",method="GET"}')).toBe(300);
      expect(found.has('keyhold_http_response_size_bytes_sum{route="/{key}",method="HEAD"}')).toBe(false);
      expect(found.has('keyhold_http_request_size_bytes_sum{route="/{key}",method="GET"}')).toBe(false);
    });
  });

  test("counts a streamed listing when it has ended", async () => {
    await withMemoryServer(async (server) => {
      const { http } = server;
      await http.put("/a", "value");
      const { text } = await http.get("/keys");
      const series = 'keyhold_http_response_size_bytes_sum{route="/keys",method="GET"}';
      const found = await scrapeUntil(server, (now) => now.has(series) && now.get("keyhold_http_streams") === 0);
      expect(found.get(series)).toBe(text.length);
      expect(found.get('keyhold_http_request_duration_seconds_count{route="/keys",method="GET"}')).toBe(1);
    });
  });

  test("counts a watch apart: it is no request that took long, and its events and bytes have counters", async () => {
    await withMemoryServer(async (server) => {
      const { http } = server;
      const watch = await http.open("/keys?watch", { Accept: "application/x-ndjson" });
      const texts = watch.texts()[Symbol.asyncIterator]();
      await texts.next();
      await http.put("/a", "value");
      await texts.next();
      const found = await scrapeUntil(server, (now) => now.get("keyhold_watch_events_sent_total") === 1);
      expect(found.get("keyhold_watchers")).toBe(1);
      expect(found.get("keyhold_http_streams")).toBe(1);
      expect(found.get("keyhold_watch_sent_bytes_total")).toBeGreaterThan(0);
      expect(found.get('keyhold_http_requests_total{route="/keys",method="GET",code="200"}')).toBe(1);
      expect(found.has('keyhold_http_request_duration_seconds_count{route="/keys",method="GET"}')).toBe(false);
      watch.close();
      await scrapeUntil(server, (now) => now.get("keyhold_watchers") === 0 && now.get("keyhold_http_streams") === 0);
    });
  });

  test("tells what the writer thread measured", async () => {
    await withSqliteServer(
      async (server) => {
        const { http } = server;
        await Promise.all(Array.from({ length: 20 }, (_, index) => http.put(`/k${index}`, "value")));
        const found = await scrape(server);
        const commits = found.get("keyhold_commits_total") ?? 0;
        expect(commits).toBeGreaterThan(0);
        expect(found.get("keyhold_commit_duration_seconds_count")).toBe(commits);
        expect(found.get("keyhold_commit_duration_seconds_sum")).toBeGreaterThan(0);
        expect(found.get("keyhold_commit_requests_sum")).toBe(20);
        expect(found.get("keyhold_commit_wait_seconds_count")).toBe(20);
        expect(found.get("keyhold_commit_queue_depth")).toBe(0);
        expect(found.get("keyhold_keys")).toBe(20);
        expect(found.get("keyhold_store_revision")).toBe(20);
        expect(found.get("keyhold_wal_size_bytes")).toBeGreaterThan(0);
        expect([found.get("keyhold_store_up"), found.get("keyhold_ready")]).toEqual([1, 1]);
        await scrapeUntil(server, (now) => (now.get("keyhold_checkpoints_total") ?? 0) > 0);
      },
      { "sweep-interval": "100ms" },
    );
  });

  test("counts entries that have ended", async () => {
    await withSqliteServer(
      async (server) => {
        await server.http.put("/a?expire_in=1", "value");
        await scrapeUntil(
          server,
          (now) => now.get("keyhold_expired_keys_total") === 1 && now.get("keyhold_keys") === 0,
        );
      },
      { "sweep-interval": "100ms" },
    );
  });

  test("counts requests of any made-up method as one", async () => {
    await withMemoryServer(async (server) => {
      await server.http.send("PURGE /a");
      await server.http.send("MKCOL /a");
      const found = await scrape(server);
      expect(found.get('keyhold_http_requests_total{route="/{key}",method="_OTHER",code="405"}')).toBe(2);
    });
  });
});
