// The clients that people have, against a real server: curl, the HTTP libraries of several languages, a browser, a load
// generator, and nginx and HAProxy in between. Each goes through one scenario (clients/scenario.ts), plain and over TLS.
import { afterAll, describe, expect, test } from "bun:test";
import { makeCertificate } from "../support/certificate.ts";
import { withSqliteServer } from "../support/http-harness.ts";
import { findCommand } from "../support/other-program.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { withCountingTunnel } from "./clients/counting-tunnel.ts";
import { makeCurlClient } from "./clients/curl-client.ts";
import { makeFetchHttp } from "./clients/fetch-client.ts";
import { CLIENTS, firstMatch, type Room } from "./clients/known-clients.ts";
import { sendPipelined } from "./clients/pipeline.ts";
import { PROXIES, type ProxyKind, withProxy } from "./clients/proxies.ts";
import { ResultTable } from "./clients/result-table.ts";
import { runScenario } from "./clients/scenario.ts";
import { runWrk } from "./clients/wrk.ts";

/** Bun's own fails some of what is asked here. */
const TRANSPORT = process.env["TRANSPORT"] ?? "keyhold";
const WRK_SECONDS = Number(process.env["SECONDS"] ?? 1);
const TEST_MS = 30_000;
const PIPELINED = 100;
const KEPT_REQUESTS = 100;
const WAYS = ["plain", "TLS"] as const;
type Way = (typeof WAYS)[number];

const table = new ResultTable();
afterAll(() => table.print("Clients against the server:"));

for (const { name, commands, toInstall, version, start } of CLIENTS) {
  const command = findCommand(commands, toInstall);

  test.skipIf(command === null).each(WAYS)(
    `${name} creates, reads, lists, watches and is refused as promised, %s`,
    async (way) => {
      await withServer(way, async (url, room) => {
        const client = await start(command ?? "", room);
        try {
          const result = await runScenario({ client, origin: url, reference: makeFetchHttp(url) });
          table.add({ client: name, version: await version(command ?? ""), way, result });
        } finally {
          await client.close();
        }
      });
    },
    TEST_MS,
  );
}

describe("a raw client", () => {
  test.each(WAYS)(
    `is answered ${2 * PIPELINED} requests sent at once, in order, %s`,
    async (way) => {
      await withServer(way, async (url) => {
        expect(await sendPipelined(url, pipelinedRequests())).toEqual(pipelinedAnswers());
        table.add({ client: "node:net, pipelined", version: Bun.version, way, result: `${2 * PIPELINED} in order` });
      });
    },
    TEST_MS,
  );
});

const wrk = findCommand(["wrk"], "Debian's wrk");

describe.skipIf(wrk === null)("wrk", () => {
  for (const isPipelined of [false, true]) {
    const manner = isPipelined ? "sixteen requests at a time" : "one request at a time";
    test.each(WAYS)(
      `gets every answer, ${manner} on each connection, %s`,
      async (way) => {
        await withServer(way, async (url) => {
          expect((await makeFetchHttp(url).put("/hot", "value")).status).toBe(201);
          const result = await runWrk({ command: wrk ?? "", url: `${url}/hot`, seconds: WRK_SECONDS, isPipelined });
          const version = await firstMatch([wrk ?? "", "-v"], /^wrk (\S+)/);
          table.add({ client: "wrk", version, way, result: `${result}, ${manner}` });
        });
      },
      TEST_MS,
    );
  }
});

const curl = findCommand(["curl"], "Debian's curl");

for (const proxy of PROXIES) {
  const command = findCommand([proxy.program, `/usr/sbin/${proxy.program}`], `Debian's ${proxy.program}`);

  test.skipIf(command === null || curl === null).each(WAYS)(
    `${proxy.name} in front: curl sees what it sees without, with the server %s`,
    async (way) => {
      await withServer(way, async (url, room) => {
        await withCountingTunnel(url, async (tunnel) => {
          await withProxy(proxy, { command: command ?? "", target: tunnel.url, ...room }, async (origin) => {
            const client = makeCurlClient({ command: curl ?? "", ...room });
            const result = await runScenario({ client, origin, reference: makeFetchHttp(url) });
            expect(await sendPipelined(origin, pipelinedRequests())).toEqual(pipelinedAnswers());
            const before = tunnel.connections();
            const request = { method: "GET", url: `${origin}/-/healthy`, headers: {}, body: null };
            await client.askTimes(request, KEPT_REQUESTS);
            const connections = tunnel.connections() - before;
            expect(connections).toBeLessThanOrEqual(proxy.upstreamConnectionsMax);
            const kept = `${connections} connections for ${KEPT_REQUESTS}`;
            table.add({
              client: proxy.name,
              version: await versionOf(proxy, command ?? ""),
              way,
              result: `${result}; ${kept}`,
            });
          });
        });
      });
    },
    TEST_MS,
  );
}

function versionOf({ program }: ProxyKind, command: string): Promise<string> {
  return firstMatch([command, "-v"], program === "nginx" ? /nginx\/(\S+)/ : /version (\S+)/);
}

/** Each is written and read: an answer out of order would be another's. */
function pipelinedRequests(): readonly string[] {
  return Array.from({ length: PIPELINED }, (_, index) => [
    `PUT /piped${index} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n${1000 + index}`,
    `GET /piped${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  ]).flat();
}

function pipelinedAnswers() {
  return Array.from({ length: PIPELINED }, (_, index) => [
    { status: 201, body: "" },
    { status: 200, body: String(1000 + index) },
  ]).flat();
}

/** A server on an empty store, and what a client needs to trust it. */
async function withServer(way: Way, body: (url: string, room: Room) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const { cert, key } = makeCertificate(directory, "server");
    await withSqliteServer(
      async ({ url }) => {
        if (url === null) throw new Error("The server has no socket");
        await body(url, { directory, caFile: cert });
      },
      { transport: TRANSPORT, ...(way === "TLS" && { "tls-cert": cert, "tls-key": key }) },
    );
  });
}
