// What of the HTTP contract only a socket can show: framing, the fields that the transport adds, bodies that come in part,
// and what the runtime refuses before any of our code sees it.
import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import type { Config } from "../../../src/config/options.ts";
import { expectProblem, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { TestServer, WithServer } from "../../support/http-harness.ts";
import { openSocket, readAnswer } from "../../support/socket-client.ts";

const MiB = 1024 * 1024;
const HALF_SENT = 40;

export function transportSuite(name: string, transport: Config["transport"], withServer: WithServer): void {
  describe(name, () => {
    describe("HEAD", () => {
      headSuite(withServer);
      streamedHeadSuite(withServer);
    });
    describe("bodies", () => bodiesSuite(withServer));
    describe("malformed input", () => malformedSuite(transport, withServer));
    describe("the body budget", () => budgetSuite(withServer));
  });
}

function headSuite(withServer: WithServer): void {
  test.each([
    "/a",
    "/html",
    "/keys/a",
    "/keys/a?meta",
    "/keys",
    "/keys?limit=1&count",
    "/keys?keys",
    "/",
    "/-/healthy",
    "/-/problems/busy",
    "/qux",
    "/my-key",
    "/-/nothing",
  ])("of %s has the very fields of GET, Content-Length and Date among them", async (target) => {
    await withServer(async ({ http }) => {
      await http.put("/a?expire_in=60", "value");
      await http.put("/html", "<b>é</b>", { "Content-Type": "text/html" });
      const id = { "X-Request-Id": "same" };
      const get = await http.get(target, id);
      const head = await http.head(target, id);
      expect(head.status).toBe(get.status);
      const { date: _got, ...ofGet } = get.headers;
      const { date, ...ofHead } = head.headers;
      expect(ofHead).toEqual(ofGet);
      expect(ofHead["content-length"]).toBe(String(get.body.length));
      expect(Math.abs(Date.parse(date ?? "") - Date.now())).toBeLessThan(10_000);
    });
  });
}

function streamedHeadSuite(withServer: WithServer): void {
  test("of a streamed listing has the very fields of GET, its framing and no length among them", async () => {
    await withServer(async ({ http }) => {
      for (let index = 0; index < 4; index++) await http.put(`/keys/big${index}`, "v".repeat(1024 * 1024));
      const { date: _got, ...ofGet } = (await http.get("/keys")).headers;
      const { date: _had, ...ofHead } = (await http.head("/keys")).headers;
      expect(ofHead).toEqual(ofGet);
      expect(ofHead["transfer-encoding"]).toBe("chunked");
      expect(ofHead["content-length"]).toBeUndefined();
    });
  });
}

function bodiesSuite(withServer: WithServer): void {
  test("a chunked body is taken, and counted while it arrives", async () => {
    await withServer(async ({ http }) => {
      const chunked = { "Transfer-Encoding": "chunked" };
      expect((await http.put("/a", "v".repeat(1024), chunked)).status).toBe(201);
      expect((await http.get("/a")).body.length).toBe(1024);
      expectProblem(await http.put("/a", "v".repeat(1025), chunked), "value-too-large");
      expect((await http.put("/empty", "", chunked)).status).toBe(201);
      expect((await http.postJson("/keys", '{"{t}b": 1, "{t}c": 2}', chunked)).status).toBe(201);
      expect(await http.json("/keys?keys")).toEqual(["a", "empty", "{t}b", "{t}c"]);
    });
  });

  test("a declared length over the limit is refused before the body is sent", async () => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        socket.write(
          `PUT /keys/a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: ${64 * MiB}\r\n\r\n`,
        );
        const answer = await readAnswer(socket, false);
        expectProblem(answer, "value-too-large");
        expect(answer.headers["connection"]).toBe("close");
      });
    });
  });

  test("a chunked body over the limit is refused before its end", async () => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        socket.write("PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        socket.write(`401\r\n${"v".repeat(1025)}\r\n`);
        expectProblem(await readAnswer(socket, false), "value-too-large");
      });
      expect((await server.http.get("/a")).status).toBe(404);
    });
  });

  test("Expect: 100-continue is answered before the body is sent", async () => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        const continued = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
        socket.write("PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        expect(await continued).toStartWith("HTTP/1.1 100 ");
        const answer = readAnswer(socket, false);
        socket.write("v");
        expect((await answer).status).toBe(201);
      });
    });
  });

  test("one connection carries many requests, also behind a body that nobody reads", async () => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        for (const line of ["PUT /a", "DELETE /a", "GET /a", "POST /a"]) {
          const answer = readAnswer(socket, false);
          socket.write(`${line} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`);
          const { status } = await answer;
          expect(`${line} ${status}`).toMatch(/^(?:PUT \/a 201|DELETE \/a 204|GET \/a 404|POST \/a 405)$/);
          socket.removeAllListeners();
        }
      });
    });
  });

  test(`${HALF_SENT} half-sent uploads that are closed leave the store as it was, and the server answering`, async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a", "v");
      const before = await stateOf(http);
      const sockets = await Promise.all(Array.from({ length: HALF_SENT }, () => openSocket(urlOf(server))));
      for (const [index, socket] of sockets.entries()) {
        const target = index % 2 === 0 ? "/a" : "/keys/a";
        const framing = index % 4 < 2 ? "Content-Length: 1000" : "Transfer-Encoding: chunked";
        const part = index % 4 < 2 ? "half" : "4\r\nhalf\r\n";
        socket.write(`PUT ${target} HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n${framing}\r\n\r\n${part}`);
      }
      expect(await stateOf(http)).toBe(before);
      await Promise.all(sockets.map(closed));
      expect(await stateOf(http)).toBe(before);
      expect((await http.put("/a", "w")).status).toBe(204);
    });
  });
}

function malformedSuite(transport: Config["transport"], withServer: WithServer): void {
  test("20 KB of header fields are answered 431", async () => {
    await withServer(async ({ http }) => {
      const before = await stateOf(http);
      const answer = await http.put("/a", "v", { "X-Large": "x".repeat(20_480) });
      if (transport === "keyhold") expectProblem(answer, "head-too-large");
      else expect([answer.status, answer.text]).toEqual([431, ""]);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test.each(["text/a\rb", "text/a\nX-Evil: 1", "text/a\r\nX-Evil: 1"])(
    "a line break in a Content-Type never comes back: %j",
    async (contentType) => {
      await withServer(async ({ http }) => {
        const { status } = await http.put("/a", "v", { "Content-Type": contentType });
        expect([201, 400]).toContain(status);
        const { headers } = await http.get("/a");
        expect(headers["x-evil"]).toBeUndefined();
        expect(headers["content-type"]).toMatch(/^[\x20-\x7e]*$/);
      });
    },
  );

  test.each([
    "Content-Length: abc",
    "Content-Length: -1",
    "Content-Length: 1\r\nContent-Length: 2",
    "No colon",
    ": none",
  ])("a head with %j is refused, and the server answers on", async (field) => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        const answer = readAnswer(socket, false);
        socket.write(`PUT /a HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\nv`);
        expect((await answer).status).toBe(400);
      });
      expect(await server.http.text("/keys")).toBe("[]");
    });
  });

  test.each([
    "GARBAGE\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "\u0000\u0001\u0002\r\n\r\n",
    "FOO /a HTTP/1.1\r\nHost: h\r\n\r\n",
  ])("%j is refused or cut off, and the server answers on", async (text) => {
    await withServer(async (server) => {
      await withSocket(server, async (socket) => {
        const answer = readAnswer(socket, false).then(
          ({ status }) => status,
          () => "cut off",
        );
        socket.write(text);
        expect([400, 405, 501, 505, "cut off"]).toContain(await answer);
      });
      expect((await server.http.get("/-/ready")).status).toBe(200);
    });
  });

  test("dot segments are refused, unless the runtime has resolved them", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/b", "v");
      if (transport === "keyhold") expectProblem(await http.get("/keys/a/../b"), "invalid-key");
      else expect(await http.text("/keys/a/../b")).toBe('{"b": "v"}');
      expectProblem(await http.get("/keys/a%2F..%2Fb"), "invalid-key");
    });
  });

  test("raw UTF-8 in a path names the key that its escapes name", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/%C3%A9", "v");
      expect(await http.text(`/keys/${Buffer.from("é").toString("latin1")}`)).toBe('{"é": "v"}');
    });
  });
}

function budgetSuite(withServer: WithServer): void {
  const flags = { wide: "true", "max-value": "8MiB", "body-budget": "8MiB" };

  test.each([
    ["of a declared length", `Content-Length: ${5 * MiB}`, "half"],
    ["in chunks", "Transfer-Encoding: chunked", `500000\r\n${"v".repeat(5 * MiB)}\r\n`],
  ])(
    "bodies in flight beyond it are answered 503, and what one %s took is given back",
    async (_name, framing, part) => {
      await withServer(async (server) => {
        const { http, step } = server;
        const large = () => http.put("/b", "v".repeat(4 * MiB));
        // Whichever body comes first is taken, so the test tries until the half-sent one was.
        for (let isRefused = false; !isRefused; ) {
          await withSocket(server, async (socket) => {
            await new Promise((resolve) =>
              socket.write(`PUT /a HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n${part}`, resolve),
            );
            await step();
            const answer = await large();
            isRefused = answer.status === 503;
            if (!isRefused) return;
            expect(expectProblem(answer, "busy")).toMatchObject({ limit: 8 * MiB });
            expect([answer.headers["retry-after"], answer.headers["connection"]]).toEqual(["1", "close"]);
            expect((await http.put("/c", "v".repeat(3 * MiB))).status).toBe(201);
          });
        }
        const taken = await untilAnswered(large, ({ status }) => status !== 503, step);
        expect([201, 204]).toContain(taken.status);
        expect((await http.get("/a")).status).toBe(404);
      }, flags);
    },
  );

  test("one body of the greatest size is always let through, however often", async () => {
    await withServer(async ({ http }) => {
      const value = "v".repeat(8 * MiB);
      expect((await http.put("/a", value)).status).toBe(201);
      expect((await http.put("/a", value)).status).toBe(204);
      expectProblem(await http.put("/a", `${value}v`), "value-too-large");
      expect((await http.put("/a", value, { "If-None-Match": "*" })).status).toBe(412);
      expect((await http.put("/a", value)).status).toBe(204);
    }, flags);
  });
}

async function withSocket(server: TestServer, body: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = await openSocket(urlOf(server));
  try {
    await body(socket);
  } finally {
    await closed(socket);
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.once("close", () => resolve());
    socket.destroy();
  });
}

function urlOf({ url }: TestServer): string {
  if (url === null) throw new Error("The transport suite needs a socket");
  return url;
}
