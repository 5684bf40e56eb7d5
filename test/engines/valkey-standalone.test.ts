// The router over one real server.
import { expect, test } from "bun:test";
import { KeyholdError } from "../../src/core/errors.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { startSwallowingProxy } from "../support/swallowing-proxy.ts";
import { expectWithin } from "../support/time-bar.ts";
import { textOf } from "../support/valkey-connection.ts";
import { COUNT, GET, makeScript, PATIENCE_MS, SET, serversOptions, withServers } from "../support/valkey-servers.ts";
import { sharedStandalone, startStandalone } from "../support/valkey-standalone.ts";

const SLOT = 0;
let keys = 0;

function freshKey(): string {
  return `router:${process.pid}:${keys++}`;
}

test("what is written is read, by command and by script, byte by byte", async () => {
  const { node } = await sharedStandalone();
  await withServers(serversOptions([node.address]), async (servers) => {
    const key = freshKey();
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(await servers.write(SLOT, SET, [key], [value])).toEqual({
      reply: Buffer.from("written"),
      shortfall: null,
    });
    expect(await servers.read(SLOT, ["GET", key])).toEqual(Buffer.from(value));
    expect(await servers.readScript(SLOT, GET, [key], [])).toEqual(Buffer.from(value));
    expect(servers).toMatchObject({ topology: "standalone", clockOffsetMs: 0, pendingWrites: 0 });
    expect(servers.refusal()).toBeNull();
  });
});

test("a script that the server has forgotten is brought to it, and counts once", async () => {
  const server = await startStandalone();
  try {
    await withServers(serversOptions([server.node.address]), async (servers) => {
      await servers.write(SLOT, COUNT, ["n"], []);
      await server.node.ask("SCRIPT", "FLUSH");
      expect((await servers.write(SLOT, COUNT, ["n"], [])).reply).toBe(2);
      await server.node.ask("SCRIPT", "FLUSH");
      expect(textOf(await servers.readScript(SLOT, GET, ["n"], []))).toBe("2");
    });
  } finally {
    await server.stop();
  }
});

test("a write whose answer is lost is told as unknown, has been made once, and is not made again", async () => {
  const { node } = await sharedStandalone();
  const proxy = await startSwallowingProxy(node.address);
  try {
    await withServers(serversOptions([proxy.address]), async (servers) => {
      const key = freshKey();
      await servers.write(SLOT, SET, [key], ["0"]);
      const swallowed = proxy.swallow();
      const failure = rejectionOf(() => servers.write(SLOT, COUNT, [key], []));
      await swallowed;
      proxy.relent();
      expect((await failure)?.code).toBe("outcome-unknown");
      expect(textOf(await servers.read(SLOT, ["GET", key]))).toBe("1");
      expect((await servers.write(SLOT, COUNT, [key], [])).reply).toBe(2);
    });
  } finally {
    await proxy.close();
  }
});

test("a read whose answer is lost is made again", async () => {
  const { node } = await sharedStandalone();
  const proxy = await startSwallowingProxy(node.address);
  try {
    await withServers(serversOptions([proxy.address]), async (servers) => {
      const key = freshKey();
      await servers.write(SLOT, SET, [key], ["value"]);
      const swallowed = proxy.swallow();
      const reading = servers.read(SLOT, ["GET", key]);
      await swallowed;
      proxy.relent();
      expect(textOf(await reading)).toBe("value");
    });
  } finally {
    await proxy.close();
  }
});

test(
  "while the server is gone nothing is written and all are told so in time; once it is back, all is as before",
  async () => {
    const server = await startStandalone({ appendFsync: "always" });
    try {
      const options = serversOptions([server.node.address], { deadlineMs: 300 });
      await withServers(options, async (servers) => {
        expect((await servers.write(SLOT, COUNT, ["n"], [])).reply).toBe(1);
        await server.node.kill();
        const begunAt = performance.now();
        const failures = await Promise.all([
          rejectionOf(() => servers.write(SLOT, COUNT, ["n"], [])),
          rejectionOf(() => servers.read(SLOT, ["GET", "n"])),
        ]);
        expectWithin("the refusals", performance.now() - begunAt, 300 + 150);
        expect(failures.map((failure) => failure?.code)).toEqual(["unavailable", "unavailable"]);
        expect(failures[0]?.detail).toContain("nothing has been written");
        expect(failures[0]?.data).toEqual({ retry_after: 1 });
        await server.node.restart();
        expect((await eventually(() => servers.write(SLOT, COUNT, ["n"], []))).reply).toBe(2);
      });
    } finally {
      await server.stop();
    }
  },
  PATIENCE_MS,
);

test(
  "a write that waits for the server while it starts is made once it is there",
  async () => {
    const server = await startStandalone({ appendFsync: "always" });
    try {
      await withServers(serversOptions([server.node.address], { deadlineMs: 10_000 }), async (servers) => {
        await server.node.kill();
        const written = servers.write(SLOT, COUNT, ["n"], []);
        expect(servers.pendingWrites).toBe(1);
        await server.node.restart();
        expect((await written).reply).toBe(1);
        expect(servers.pendingWrites).toBe(0);
      });
    } finally {
      await server.stop();
    }
  },
  PATIENCE_MS,
);

test(
  "a server that hangs: what was sent is unknown at the deadline, what was not is refused, and refusal() says so",
  async () => {
    const server = await startStandalone();
    try {
      await withServers(serversOptions([server.node.address], { deadlineMs: 2000 }), async (servers) => {
        await servers.write(SLOT, COUNT, ["n"], []);
        server.node.pause();
        const begunAt = performance.now();
        const sent = rejectionOf(() => servers.write(SLOT, COUNT, ["n"], []));
        const reading = rejectionOf(() => servers.read(SLOT, ["GET", "n"]));
        expect((await sent)?.code).toBe("outcome-unknown");
        expect((await reading)?.code).toBe("unavailable");
        expectWithin("the answers", performance.now() - begunAt, 2100);
        const late = await rejectionOf(() => servers.write(SLOT, COUNT, ["n"], []));
        expect(late?.code).toBe("unavailable");
        expect(servers.refusal()).toMatch(/has not answered|No connection within/);
        server.node.resume();
        const { reply } = await eventually(() => servers.write(SLOT, COUNT, ["n"], []));
        // The one that was in flight may have been executed when the server went on; the one refused was not.
        expect([2, 3]).toContain(Number(reply));
      });
    } finally {
      await server.stop();
    }
  },
  PATIENCE_MS,
);

test("memory that is full, and a script that is wrong, are told as such", async () => {
  const server = await startStandalone();
  try {
    await withServers(serversOptions([server.node.address]), async (servers) => {
      const wrong = makeScript("return redis.call('GET')");
      expect((await rejectionOf(() => servers.write(SLOT, wrong, [], [])))?.code).toBe("internal");
      await servers.write(SLOT, SET, ["list"], ["x"]);
      expect((await rejectionOf(() => servers.read(SLOT, ["LPUSH", "list", "x"])))?.code).toBe("internal");
      await server.node.ask("CONFIG", "SET", "maxmemory", "1");
      expect((await rejectionOf(() => servers.write(SLOT, SET, ["key"], ["x"])))?.code).toBe("no-room");
      expect(await servers.read(SLOT, ["GET", "key"])).toBeNull();
    });
  } finally {
    await server.stop();
  }
});

test("more than may wait are told that there is too much to do", async () => {
  const server = await startStandalone();
  try {
    const options = serversOptions([server.node.address], { queuedCommits: 3, queuedBytes: 10_000, deadlineMs: 300 });
    await withServers(options, async (servers) => {
      server.node.pause();
      const count = () => rejectionOf(() => servers.write(SLOT, COUNT, ["n"], []));
      const outcomes = await Promise.all([count(), count(), count(), count()]);
      server.node.resume();
      expect(outcomes.map((failure) => failure?.code).filter((code) => code === "busy")).toEqual(["busy"]);
      await eventually(() => servers.write(SLOT, COUNT, ["n"], []));
      const large = new Uint8Array(9000);
      const both = await Promise.allSettled([large, large].map((value) => servers.write(SLOT, SET, ["v"], [value])));
      expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    });
  } finally {
    await server.stop();
  }
});

test("a server that begins to evict is refused to write to, and refusal() says which line to change", async () => {
  const server = await startStandalone();
  try {
    await withServers(serversOptions([server.node.address]), async (servers) => {
      await server.node.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      const failure = await eventually(async () => {
        const refusal = await rejectionOf(() => servers.write(SLOT, SET, ["key"], ["x"]));
        if (refusal === null) throw new KeyholdError("unavailable", "Not noticed yet");
        return refusal;
      });
      expect(failure).toMatchObject({ code: "unavailable" });
      expect(servers.refusal()).toContain("CONFIG SET maxmemory-policy noeviction");
    });
  } finally {
    await server.stop();
  }
});

test("close waits for writes that have begun, and further ones are refused", async () => {
  const { node } = await sharedStandalone();
  await withServers(serversOptions([node.address]), async (servers) => {
    const key = freshKey();
    const written = servers.write(SLOT, COUNT, [key], []);
    await servers.close();
    expect((await written).reply).toBe(1);
    expect((await rejectionOf(() => servers.write(SLOT, COUNT, [key], [])))?.code).toBe("unavailable");
    expect(servers.refusal()).toBe("The store is closed");
  });
});

/** Tries again while the servers are not ready. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof KeyholdError) || performance.now() > givenUpAt) throw error;
    }
    await Bun.sleep(20);
  }
}
