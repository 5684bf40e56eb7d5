// What happens to commands when the connection or the server fails: each is lost and told so, truly, and none is sent again.
import { describe, expect, test } from "bun:test";
import { startSwallowingProxy } from "../../../test/support/swallowing-proxy.ts";
import { expectWithin } from "../../../test/support/time-bar.ts";
import { connectionOptions, lossOf, textOf, withConnection } from "../../../test/support/valkey-connection.ts";
import type { ValkeyNode } from "../../../test/support/valkey-node.ts";
import { sharedStandalone, startStandalone } from "../../../test/support/valkey-standalone.ts";
import type { Connection } from "./connection.ts";

/** More than socket buffers of both sides hold. */
const LARGE_BYTES = 40_000_000;

/** A server that may be hurt, and a connection to it. */
function withServer(
  body: (connection: Connection, node: ValkeyNode) => Promise<void>,
  changed: Parameters<typeof connectionOptions>[1] = {},
): () => Promise<void> {
  return async () => {
    const server = await startStandalone();
    try {
      const options = connectionOptions(server.node.address, changed);
      await withConnection(options, (connection) => body(connection, server.node));
    } finally {
      await server.stop();
    }
  };
}

test("a command whose reply is lost has been executed once, and is never sent again", async () => {
  const { node } = await sharedStandalone();
  const proxy = await startSwallowingProxy(node.address);
  const key = `replay:${process.pid}`;
  try {
    await withConnection(connectionOptions(proxy.address), async (connection) => {
      const swallowed = proxy.swallow();
      const loss = lossOf(connection.send(["INCR", key]));
      await swallowed;
      expect(await loss).toMatchObject({ isSent: true, isFull: false });
      await connection.closed;
      expect(connection.isOpen).toBe(false);
      proxy.relent();
      expect(await lossOf(connection.send(["INCR", key]))).toMatchObject({ isSent: false });
      expect(await node.ask("GET", key)).toBe("1");
    });
  } finally {
    await proxy.close();
  }
});

test(
  "a killed server loses all that is in flight",
  withServer(async (connection, node) => {
    node.pause();
    const losses = [lossOf(connection.send(["PING"])), lossOf(connection.send(["PING"]))];
    await turn();
    await node.kill();
    for (const loss of losses) expect(await loss).toMatchObject({ isSent: true, isFull: false });
    await connection.closed;
    expect(connection.inFlight).toBe(0);
  }),
);

test(
  "a command behind one that the system has not taken was not sent",
  withServer(async (connection, node) => {
    node.pause();
    const large = lossOf(connection.send(["SET", "large", new Uint8Array(LARGE_BYTES)]));
    const behind = lossOf(connection.send(["INCR", "n"]));
    await turn();
    const later = lossOf(connection.send(["INCR", "n"]));
    await turn();
    connection.close("test");
    expect(await large).toMatchObject({ isSent: true });
    expect(await behind).toMatchObject({ isSent: false });
    expect(await later).toMatchObject({ isSent: false });
    node.resume();
    expect(await node.ask("EXISTS", "n", "large")).toBe(0);
  }),
);

test(
  "a command of the turn in which the connection is closed was not sent",
  withServer(async (connection, node) => {
    const loss = lossOf(connection.send(["INCR", "n"]));
    connection.close("test");
    expect(await loss).toMatchObject({ isSent: false, message: "test" });
    expect(await node.ask("EXISTS", "n")).toBe(0);
  }),
);

test(
  "what the system takes only in parts arrives whole, and in order",
  withServer(async (connection, node) => {
    node.pause();
    const value = Buffer.alloc(LARGE_BYTES, "abcdefghijklmnopqrstuvwxyz0123456789");
    const replies = [connection.send(["SET", "large", value]), connection.send(["GETRANGE", "large", "35", "37"])];
    await turn();
    replies.push(connection.send(["APPEND", "large", "end"]));
    await turn();
    node.resume();
    const [set, range, appended] = await Promise.all(replies);
    expect(set).toBe("OK");
    expect(textOf(range ?? null)).toBe("9ab");
    expect(appended).toBe(LARGE_BYTES + 3);
  }),
);

describe("a server that says nothing", () => {
  test(
    "for so long loses what is in flight, in about that time",
    withServer(
      async (connection, node) => {
        await connection.send(["PING"]);
        node.pause();
        const begunAt = performance.now();
        expect(await lossOf(connection.send(["PING"]))).toMatchObject({ isSent: true, isFull: false });
        const tookMs = performance.now() - begunAt;
        // An eighth more at the most by itself.
        expect(tookMs).toBeGreaterThan(395);
        expectWithin("the loss", tookMs, 800);
      },
      { stallMs: 400 },
    ),
  );

  test(
    "is no fault while nothing is asked",
    withServer(
      async (connection, node) => {
        await connection.send(["PING"]);
        // Time passes as the server sees it.
        await withConnection(connectionOptions(node.address), (other) => waitAtServer(other, 0.4));
        expect(connection.isOpen).toBe(true);
        expect(await connection.send(["PING"])).toBe("PONG");
      },
      { stallMs: 50 },
    ),
  );

  test(
    "for less than so long is waited for, each time anew",
    withServer(
      async (connection) => {
        // One behind the other: something is awaited all the time.
        await Promise.all(Array.from({ length: 6 }, () => waitAtServer(connection, 0.15)));
        expect(connection.isOpen).toBe(true);
      },
      { stallMs: 400 },
    ),
  );

  test(
    "refuses what goes beyond the bounds, and is served again when it speaks",
    withServer(
      async (connection, node) => {
        node.pause();
        const sent = Array.from({ length: 100 }, () => connection.send(["INCR", "n"]));
        await turn();
        expect(await lossOf(connection.send(["INCR", "n"]))).toMatchObject({ isFull: true, isSent: false });
        node.resume();
        expect((await Promise.all(sent)).at(-1)).toBe(100);
        expect(await connection.send(["INCR", "n"])).toBe(101);
      },
      { inFlightMax: 100 },
    ),
  );
});

async function waitAtServer(connection: Connection, seconds: number): Promise<void> {
  expect(await connection.send(["BLPOP", "no-such-list", String(seconds)])).toBeNull();
}

/** Lets what is sent leave. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
