// Tests of run-load.ts, against servers that answer as the test says.
import { describe, expect, test } from "bun:test";
import { LoadFailed, targetOf } from "./open-socket.ts";
import { makeOperation } from "./operation.ts";
import { type Load, runLoad } from "./run-load.ts";

const GET = { kind: "read", method: "GET", target: "/", fields: "Host: a\r\n", body: null, statuses: [200] } as const;
const READ = makeOperation(GET);
const WRITE = makeOperation({ ...GET, kind: "write", method: "PUT", statuses: [204], body: "x" });
const ENDLESS = new AbortController().signal;

async function loadOn(answer: (request: Request) => Response, load: Partial<Load>) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  const defaults = { connections: 4, seconds: 60, requests: 100, next: () => READ, signal: ENDLESS };
  try {
    return await runLoad({ ...defaults, ...load, target: targetOf(server.url) });
  } finally {
    await server.stop(true);
  }
}

describe("a load", () => {
  test("asks as often as it is told, and counts answers by status and kind", async () => {
    let turn = 0;
    const next = () => (turn++ % 4 === 0 ? WRITE : READ);
    const answer = ({ method }: Request) =>
      method === "PUT" ? new Response(null, { status: 204 }) : new Response("x");
    const { requests, statuses, latencies } = await loadOn(answer, { next });
    expect(requests).toBe(100);
    expect([...statuses].sort()).toEqual([
      [200, 75],
      [204, 25],
    ]);
    expect([latencies.read.count, latencies.write.count]).toEqual([75, 25]);
  });

  test("ends with its time", async () => {
    const { seconds, requests } = await loadOn(() => new Response("x"), { seconds: 0.05, requests: 1e9 });
    expect(requests).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThanOrEqual(0.05);
  });

  test("sends whole what no socket takes at once", async () => {
    const bodyBytes = 8 * 1024 * 1024;
    const lengths: number[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        lengths.push((await request.arrayBuffer()).byteLength);
        return new Response(null, { status: 204 });
      },
    });
    const next = () =>
      makeOperation({ ...GET, kind: "write", method: "PUT", statuses: [204], body: "x".repeat(bodyBytes) });
    try {
      const load = { connections: 2, seconds: 60, requests: 4, next, signal: ENDLESS };
      await runLoad({ ...load, target: targetOf(server.url) });
    } finally {
      await server.stop(true);
    }
    expect(lengths).toEqual([bodyBytes, bodyBytes, bodyBytes, bodyBytes]);
  });

  test("goes on over a new connection where the server closes one behind its answer", async () => {
    const answer = () => new Response("x", { headers: { Connection: "close" } });
    expect((await loadOn(answer, { requests: 20 })).requests).toBe(20);
  });

  test("fails by the status that is not as expected, with what was said", async () => {
    const failed = loadOn(() => new Response("too busy", { status: 503 }), {});
    await expect(failed).rejects.toThrow("A read was answered 503, not 200: too busy");
  });

  test("fails where nobody listens", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("x") });
    const target = targetOf(server.url);
    await server.stop(true);
    const load = { target, connections: 2, seconds: 1, requests: 1, next: () => READ, signal: ENDLESS };
    await expect(runLoad(load)).rejects.toThrow(/^Cannot reach 127\.0\.0\.1:\d+: /);
  });

  test("fails where the server closes in the middle of an answer", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") },
    });
    const target = { hostname: "127.0.0.1", port: server.port, isTls: false };
    const load = { target, connections: 1, seconds: 1, requests: 1, next: () => READ, signal: ENDLESS };
    try {
      await expect(runLoad(load)).rejects.toThrow("closed a connection before its answer was whole");
    } finally {
      server.stop(true);
    }
  });

  test("is stopped by its signal", async () => {
    const controller = new AbortController();
    let turn = 0;
    const next = () => {
      if (turn++ === 50) controller.abort();
      return READ;
    };
    const stopped = loadOn(() => new Response("x"), { next, requests: 1e9, signal: controller.signal });
    await expect(stopped).rejects.toThrow(LoadFailed);
  });
});
