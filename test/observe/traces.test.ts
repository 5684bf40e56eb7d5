// Traces of a whole server, taken by a collector of the test's own.
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { openTracing, QUEUED_SPANS_MAX } from "../../src/observe/otel-tracing.ts";
import type { TracedRequest } from "../../src/observe/tracing.ts";
import { type ServerFlags, type TestServer, withMemoryServer, withSqliteServer } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { expectWithin } from "../support/time-bar.ts";
import { type CollectedSpan, withTraceCollector } from "../support/trace-collector.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";
/** The two ends of `traceparent`: the caller has this request traced, or has not. */
const SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-01`;
const UNSAMPLED = `00-${TRACE_ID}-${PARENT_ID}-00`;

const REQUEST: TracedRequest = {
  method: "GET",
  route: "/{key}",
  target: "/a",
  origin: null,
  remoteAddress: null,
  header: () => null,
};

/** What a server that did this has sent when it has stopped. */
async function spansOf(
  body: (server: TestServer) => Promise<void>,
  flags: ServerFlags = {},
): Promise<readonly CollectedSpan[]> {
  let collected: readonly CollectedSpan[] = [];
  await withTraceCollector(async ({ url, spans, requests }) => {
    await withMemoryServer(
      async (server) => {
        await body(server);
        await server.stop();
      },
      { traces: url, ...flags },
    );
    expect(new Set(requests)).toEqual(new Set(spans.length > 0 ? ["POST /v1/traces application/json"] : []));
    collected = [...spans];
  });
  return collected;
}

describe("a server with --traces", () => {
  test("sends a span of each request, and below it one of its commit", async () => {
    const spans = await spansOf(async ({ http }) => {
      await http.put("/a?expire_in=60", "value", { "User-Agent": "tester" });
    });
    const [request] = spans.filter(({ kind }) => kind === 2);
    const [commit] = spans.filter(({ kind }) => kind === 1);
    expect(spans).toHaveLength(2);
    expect(request).toMatchObject({ name: "PUT /{key}", parentSpanId: "", isError: false });
    expect(request?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(request?.attributes).toMatchObject({
      "http.request.method": "PUT",
      "http.route": "/{key}",
      "http.response.status_code": 201,
      "url.path": "/a",
      "url.scheme": "http",
      "server.address": expect.any(String),
      "client.address": "127.0.0.1",
      "user_agent.original": "tester",
      "network.protocol.version": "1.1",
    });
    expect(request?.resource).toMatchObject({ "service.name": "keyhold", "service.version": expect.any(String) });
    expect(commit).toMatchObject({ name: "commit", traceId: request?.traceId, parentSpanId: request?.spanId });
    expect(commit?.attributes).toEqual({ "db.system.name": "memory", "db.operation.name": "commit" });
  });

  test("takes part in the trace that a request brings, with its state", async () => {
    const [span] = await spansOf(async ({ http }) => {
      await http.get("/-/healthy", { traceparent: SAMPLED, tracestate: "vendor=1" });
    });
    expect(span).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT_ID, traceState: "vendor=1" });
  });

  test("begins a trace of its own where the one that is brought is malformed", async () => {
    const [span] = await spansOf(async ({ http }) => {
      await http.get("/-/healthy", { traceparent: `00-${TRACE_ID}-short-01` });
    });
    expect(span?.parentSpanId).toBe("");
    expect(span?.traceId).not.toBe(TRACE_ID);
  });

  test("traces no request by itself at 0 %, and still what its caller has traced", async () => {
    const spans = await spansOf(
      async ({ http }) => {
        await http.get("/-/healthy");
        await http.get("/-/ready", { traceparent: SAMPLED });
      },
      { "trace-percent": "0" },
    );
    expect(spans.map(({ name }) => name)).toEqual(["GET /-/ready"]);
  });

  test("does not trace what its caller has not traced", async () => {
    const spans = await spansOf(async ({ http }) => {
      await http.get("/-/healthy", { traceparent: UNSAMPLED });
    });
    expect(spans).toEqual([]);
  });

  test("calls only 5xx errors, and a method that there is not _OTHER", async () => {
    const spans = await spansOf(
      async ({ http }) => {
        await http.get("/missing");
        await http.send("PURGE /a");
        const first = await http.open("/keys?watch");
        await http.get("/a?wait=1");
        first.close();
      },
      { watchers: "1" },
    );
    const byName = new Map(spans.map((span) => [`${span.name} ${span.attributes["http.response.status_code"]}`, span]));
    expect(byName.get("GET /{key} 404")).toMatchObject({ isError: false });
    expect(byName.get("GET /{key} 404")?.attributes).not.toHaveProperty("error.type");
    expect(byName.get("_OTHER /{key} 405")?.attributes).toMatchObject({ "http.request.method": "_OTHER" });
    expect(byName.get("GET /{key} 503")).toMatchObject({ isError: true });
    expect(byName.get("GET /{key} 503")?.attributes).toMatchObject({ "error.type": "busy" });
  });

  test("never sends a query, which may hold values", async () => {
    const spans = await spansOf(async ({ http }) => {
      await http.send("PUT /keys?name=secretvalue");
    });
    expect(spans.length).toBeGreaterThan(0);
    expect(JSON.stringify(spans)).not.toContain("secretvalue");
  });

  test("names the trace in the access line and with a failed request", async () => {
    await withTraceCollector(async ({ url }) => {
      await withMemoryServer(
        async ({ http, log }) => {
          const first = await http.open("/keys?watch");
          await http.get("/a?wait=1", { traceparent: SAMPLED });
          first.close();
          expect(log.accesses.at(-1)).toMatchObject({ traceId: TRACE_ID });
          const failed = log.lines.filter(({ event }) => event === "request-failed");
          expect(failed.map(({ fields }) => fields["trace_id"])).toEqual([TRACE_ID]);
        },
        { traces: url, "access-log": "true", watchers: "1" },
      );
    });
  });

  test("serves and stops as ever where nobody listens, and says so once", async () => {
    await withSqliteServer(
      async ({ http, log, stop }) => {
        expect((await http.put("/a", "value")).status).toBe(201);
        const startedAt = performance.now();
        await stop();
        expectWithin("the stop", performance.now() - startedAt, 5000);
        expect(log.lines.filter(({ event }) => event === "traces-unsent").length).toBeLessThanOrEqual(1);
      },
      { traces: "http://127.0.0.1:9" },
    );
  });
});

test("without --traces no line names a trace", async () => {
  await withMemoryServer(
    async ({ http, log }) => {
      await http.get("/-/healthy", { traceparent: SAMPLED });
      expect(log.accesses.at(-1)).toMatchObject({ traceId: null });
    },
    { "access-log": "true" },
  );
});

test("spans that wait for a collector that hangs are bounded, and a stop does not wait for it", async () => {
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  const address = hanging.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const due: (() => void)[] = [];
  const tracing = openTracing({
    url: `http://127.0.0.1:${port}`,
    percent: 100,
    version: "0.0.0",
    log: makeRecordingLog(),
    steadyMs: () => 0,
    after: (_delayMs, run) => {
      due.push(run);
      return () => {};
    },
  });
  try {
    Bun.gc(true);
    const before = process.memoryUsage().heapUsed;
    for (let span = 0; span < 20 * QUEUED_SPANS_MAX; span++) tracing.begin(REQUEST).end(200);
    Bun.gc(true);
    const bytesEach = (process.memoryUsage().heapUsed - before) / (20 * QUEUED_SPANS_MAX);
    // One span that is kept takes a kilobyte and more.
    expect(bytesEach).toBeLessThan(500);
    let hasStopped = false;
    const stopping = tracing.stop().then(() => {
      hasStopped = true;
    });
    await new Promise(setImmediate);
    expect(hasStopped).toBe(false);
    due[0]?.();
    await stopping;
    expect(due).toHaveLength(1);
  } finally {
    hanging.close();
  }
});
