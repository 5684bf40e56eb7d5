// Clients that stop in the middle, many at once: uploads that never end, readers and watchers that take nothing, heads that
// come letter by letter. The server keeps within its memory, and serves others meanwhile.
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Http } from "../support/http-client.ts";
import { pollUntil } from "../support/poll-until.ts";
import { peakResidentBytes, tellsMemory } from "../support/process-memory.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const UPLOADS = 500;
const READERS = 500;
const WATCHERS = 1000;
const SLOW_HEADS = 1000;
const VALUE_BYTES = 1024 * 1024;
const KEYS = 20;
const WRITES = 40;
/**
 * 260 to 330 MB, the more the later the collector comes, which it does where others work on the same cores. Readers or uploads
 * that are held without a bound would be 500 MB more, each of the two.
 */
const RESIDENT_BYTES_MAX = 500_000_000;
const TEST_MS = 120_000;
const PATIENCE_MS = 40_000;

test.skipIf(!tellsMemory)(
  `${WATCHERS} watchers, ${READERS} readers and ${UPLOADS} uploads that stall leave the server within ${RESIDENT_BYTES_MAX / 1e6} MB`,
  async () => {
    await withServer([], async (server) => {
      const crowd = new Crowd(server.url);
      const http = new Http(makeSocketClient(server.url));
      const value = "x".repeat(VALUE_BYTES);
      const write = async (index: number) => {
        const { status } = await http.put(`/keys/big${index % KEYS}`, value, { "Content-Type": "text/plain" });
        expect([200, 201]).toContain(status);
      };
      try {
        for (let index = 0; index < KEYS; index++) await write(index);
        for (let index = 0; index < WATCHERS; index++)
          await crowd.join("GET /keys?watch&prefix=big HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (let index = 0; index < WRITES; index++) await write(index);
        for (let index = 0; index < READERS; index++)
          await crowd.join(`GET /keys/big${index % KEYS} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        // Answered behind all of them, so that the server has seen each.
        expect((await http.get("/keys?limit=1&keys")).status).toBe(200);
        for (let index = 0; index < UPLOADS; index++) {
          const head = `PUT /keys/up${index} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${VALUE_BYTES}\r\n\r\n`;
          await crowd.join(`${head}${value.slice(1000)}`);
        }
        expect((await http.get("/keys?limit=1&keys")).text).toBe('["big0"]');
        const peak = peakResidentBytes(server.pid);
        console.log(`stalled clients: the server's peak was ${Math.round(peak / 1e6)} MB`);
        expect(peak).toBeLessThan(RESIDENT_BYTES_MAX);
      } finally {
        crowd.leave();
      }
    });
  },
  TEST_MS,
);

test(
  `${SLOW_HEADS} connections whose heads never end are closed, and others are served meanwhile`,
  async () => {
    await withServer(["--idle-timeout", "4s"], async (server) => {
      const crowd = new Crowd(server.url);
      const http = new Http(makeSocketClient(server.url));
      try {
        for (let index = 0; index < SLOW_HEADS; index++) await crowd.join("GET /a HTTP/1.1\r\nHost: loc", "reading");
        const isServedAlone = async () => {
          expect((await http.get("/-/healthy")).status).toBe(200);
          return crowd.open === 0;
        };
        await pollUntil(isServedAlone, { ms: PATIENCE_MS, what: () => `${crowd.open} of them are open still` });
      } finally {
        crowd.leave();
      }
    });
  },
  TEST_MS,
);

/** Connections that say their part and then only hold on. */
class Crowd {
  readonly #place: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#place = { host: hostname, port: Number(port) };
  }

  /** Those that are not closed yet, as far as they read. */
  get open(): number {
    return this.#sockets.size;
  }

  join(text: string, manner: "stalled" | "reading" = "stalled"): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(this.#place, () => {
        if (manner === "stalled") socket.pause();
        socket.write(text, () => resolve());
      });
      this.#sockets.add(socket);
      // A server that has had enough closes, perhaps while the rest is still being written.
      socket.on("error", () => resolve());
      socket.once("close", () => this.#sockets.delete(socket));
      if (manner === "reading") socket.resume();
    });
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function withServer(args: readonly string[], body: (server: ServerProcess) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const server = await startServerProcess(["--store", `sqlite:${directory}/store`, ...args]);
    try {
      await body(server);
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  });
}
