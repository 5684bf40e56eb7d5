// What a server sends to StatsD, taken by a socket and by a small statsd_exporter.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { StatsdSender } from "../../src/observe/statsd.ts";
import { withMemoryServer } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { exportCounters, readMappings } from "../support/statsd-mapping.ts";
import { type StatsdServer, withStatsdServer } from "../support/statsd-server.ts";

const MAPPING = fileURLToPath(new URL("../../deploy/statsd/statsd.conf", import.meta.url));

/** Longer than any test: what is sent is sent by the stop. */
const NEVER = "60s";

async function until(statsd: StatsdServer, holds: () => boolean): Promise<void> {
  while (!holds()) await statsd.next();
}

describe("a server with --statsd", () => {
  test("sends what the mapping file that it grew up with makes http_response_code of", async () => {
    await withStatsdServer(async (statsd) => {
      const flags = {
        statsd: `127.0.0.1:${statsd.port}`,
        "statsd-interval": NEVER,
        "statsd-names": "gunicorn",
        "statsd-prefix": "flaskvstore",
      };
      await withMemoryServer(async ({ http, stop }) => {
        await http.put("/a", "value");
        for (let index = 0; index < 3; index++) await http.get("/a");
        await http.get("/missing");
        await stop();
      }, flags);
      await until(statsd, () => statsd.lines().includes("flaskvstore.gunicorn.workers:1|g"));
      const exported = exportCounters(statsd.lines(), readMappings(MAPPING));
      const code = (status: number) =>
        exported.get(`http_response_code{status="${status}",job="flaskvstore_gunicorn_response_code"}`);
      expect([code(200), code(201), code(404), code(500)]).toEqual([3, 1, 1, undefined]);
      expect(exported.get("flaskvstore_gunicorn_requests")).toBe(5);
      const durations = statsd
        .lines()
        .filter((line) => /^flaskvstore\.gunicorn\.request\.duration:[\d.]+\|ms$/.test(line));
      expect(durations).toHaveLength(5);
    });
  });

  test("sends each interval what came in it, in datagrams that fit a frame", async () => {
    await withStatsdServer(async (statsd) => {
      const flags = { statsd: `127.0.0.1:${statsd.port}`, "statsd-interval": "100ms" };
      await withMemoryServer(async ({ http }) => {
        const counted = () => exportCounters(statsd.lines(), []).get("keyhold_http_requests") ?? 0;
        await Promise.all(Array.from({ length: 300 }, (_, index) => http.put(`/k${index}`, "value")));
        await until(statsd, () => counted() === 300);
        await http.get("/k1");
        await until(statsd, () => counted() === 301);
        await until(statsd, () => statsd.lines().includes("keyhold.keys:300|g"));
      }, flags);
      expect(Math.max(...statsd.datagrams.map((datagram) => datagram.length))).toBeLessThanOrEqual(1432);
    });
  });

  test("serves and stops as ever where StatsD is at no address, and says so once", async () => {
    const flags = { statsd: "statsd.invalid:8125", "statsd-interval": "100ms" };
    await withMemoryServer(async ({ http, log, step, stop }) => {
      const told = () => log.lines.filter(({ event }) => event === "statsd-unreachable");
      while (told().length === 0) await step();
      expect((await http.put("/a", "value")).status).toBe(201);
      await stop();
      expect(told()).toHaveLength(1);
      expect(told()[0]?.message).toStartWith("Cannot send metrics to StatsD at statsd.invalid, port 8125: ");
    }, flags);
  });
});

test("complaints of a server that cannot be reached come once a minute", async () => {
  const log = makeRecordingLog();
  const due: (() => void)[] = [];
  let nowMs = 0;
  const sender = new StatsdSender({
    host: "statsd.invalid",
    port: 8125,
    intervalMs: 1000,
    toLines: () => ["a:1|c"],
    read: () => {
      throw new Error("Nothing is read before there is an address");
    },
    log,
    steadyMs: () => nowMs,
    after: (_delayMs, run) => {
      due.push(run);
      return () => {};
    },
  });
  const complaints: number[] = [];
  for (const atMs of [0, 59_999, 60_000]) {
    nowMs = atMs;
    const run = due.shift();
    run?.();
    while (due.length === 0) await new Promise(setImmediate);
    complaints.push(log.lines.length);
  }
  await sender.stop();
  expect(complaints).toEqual([1, 1, 2]);
  expect(log.lines[0]?.message).not.toContain("Nothing is read");
});
