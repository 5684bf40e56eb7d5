// What clients see when the store fails under a request: a problem that shows nothing of the inside, or a connection that
// is cut; never a listing that merely looks whole.

import { expect, test } from "bun:test";
import { once } from "node:events";
import { KeyholdError } from "../../src/core/errors.ts";
import { parseKey } from "../../src/core/key.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { startHttpServer } from "../../src/http/server.ts";
import type { Store } from "../../src/store/store.ts";
import { Http } from "../support/http-client.ts";
import { expectProblem } from "../support/http-expectations.ts";
import { configOf, makeApp, makeAppServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { mustCommit, put } from "../support/requests.ts";
import { makeSocketClient, openSocket } from "../support/socket-client.ts";
import { ROOMY } from "../support/store-harness.ts";

const SECRET = "SQLITE_MISUSE in /var/lib/secret.sqlite";

/** The memory engine with some of its methods replaced. */
async function withFailingStore(
  replaced: (store: Store) => Partial<Store>,
  body: (parts: ReturnType<typeof makeAppServer> & { readonly store: Store }) => Promise<void>,
): Promise<void> {
  const { store, close } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1000 });
  await mustCommit(store, put("a"));
  const proxy = new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(replaced(store), name) ?? Reflect.get(target, name);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  try {
    await body({ ...makeAppServer(proxy), store: proxy });
  } finally {
    await close();
  }
}

function throws(error: Error) {
  return () => {
    throw error;
  };
}

test("a fault answers 500 without its reason, which the log has under the same id", async () => {
  await withFailingStore(
    () => ({ get: throws(new Error(SECRET)) }),
    async ({ http, log }) => {
      const answer = await http.get("/a", { "X-Request-Id": "id-1" });
      const problem = expectProblem(answer, "internal");
      expect(problem["instance"]).toBe("id-1");
      expect(answer.text).not.toContain("secret");
      expect(answer.text).not.toContain("SQLITE");
      expect(log.lines).toMatchObject([
        { level: "error", event: "request-failed", fields: { request_id: "id-1", code: "internal" } },
      ]);
      expect(log.lines[0]?.message).toContain(SECRET);
    },
  );
});

test("a fault shows nothing in plain text either", async () => {
  await withFailingStore(
    () => ({ get: throws(new Error(SECRET)) }),
    async ({ http }) => {
      const { status, text } = await http.get("/a", { Accept: "text/plain" });
      expect([status, text]).toEqual([500, "The server failed; its log has the reason under this id\n"]);
    },
  );
});

test("a fault that lasts is logged once a second, not once a request", async () => {
  await withFailingStore(
    () => ({ get: throws(new KeyholdError("unavailable", "Cannot do it")) }),
    async ({ http, log }) => {
      for (let turn = 0; turn < 5; turn++) await http.get("/a");
      expect(log.lines).toHaveLength(1);
    },
  );
});

test("a fault of the server itself is logged each time, as its answer promises", async () => {
  await withFailingStore(
    () => ({ get: throws(new Error(SECRET)) }),
    async ({ http, log }) => {
      for (let turn = 0; turn < 5; turn++) await http.get("/a");
      expect(log.lines).toHaveLength(5);
    },
  );
});

test.each([
  ["busy", 503, "1"],
  ["unavailable", 503, "1"],
  ["no-room", 507, undefined],
  ["outcome-unknown", 504, undefined],
  ["damaged-entry", 500, undefined],
] as const)("the store's %s answers %d, Retry-After %p", async (code, status, retryAfter) => {
  await withFailingStore(
    () => ({ commit: throws(new KeyholdError(code, "Cannot do it")) }),
    async ({ http }) => {
      const answer = await http.put("/a", "v");
      expectProblem(answer, code);
      expect([answer.status, answer.headers["retry-after"]]).toEqual([status, retryAfter]);
    },
  );
});

test("a write that is applied and not known to be kept answers 504 with the tag and revision that stand", async () => {
  for (const [data, etag, revision] of [
    [{ etag: '"7.life1"', revision: 7 }, '"7.life1"', "7"],
    [{ etag: '"7.life1"' }, '"7.life1"', undefined],
    [{}, undefined, undefined],
  ] as const) {
    await withFailingStore(
      () => ({ commit: throws(new KeyholdError("outcome-unknown", "One copy has it, and two were promised", data)) }),
      async ({ http }) => {
        for (const accept of ["application/json", "text/plain"]) {
          const answer = await http.put("/a", "v", { Accept: accept });
          expect([answer.status, answer.headers["etag"], answer.headers["revision"]]).toEqual([504, etag, revision]);
        }
        expect(expectProblem(await http.put("/a", "v"), "outcome-unknown")).toMatchObject(data);
      },
    );
  }
});

test("other problems carry no tag, whatever they are about", async () => {
  await withFailingStore(
    () => ({ commit: throws(new KeyholdError("unavailable", "Cannot do it", { etag: '"7.life1"', revision: 7 })) }),
    async ({ http }) => {
      const { headers } = await http.put("/a", "v");
      expect([headers["etag"], headers["revision"]]).toEqual([undefined, undefined]);
    },
  );
});

test("a page whose steps find nothing ends at its bound of steps, and says where to go on", async () => {
  let steps = 0;
  const scan = async () => {
    steps++;
    return { items: [], next: parseKey(`k${steps}`) };
  };
  await withFailingStore(
    () => ({ scan }),
    async ({ http }) => {
      const answer = await http.get("/keys?limit=1");
      expect([answer.status, answer.text, steps]).toEqual([200, "[]", LIMITS.pageSteps]);
      expect(answer.headers["link"]).toContain("cursor=");
    },
  );
});

test.each([
  ["1,001 keys", 1001, 1, 0],
  ["three values of 5 MiB", 3, 5 * 1024 * 1024, 2],
])("a patch of %s is refused before it holds more than it may change", async (_what, count, bytes, readsMax) => {
  let reads = 0;
  const value = new Uint8Array(bytes);
  const read = (store: Store) => async () => {
    reads++;
    const entry = await store.get(parseKey("a"));
    if (entry === null) throw new Error("The entry is missing");
    return { ...entry, value, size: value.length };
  };
  await withFailingStore(
    (store) => ({ get: read(store), getMany: (keys) => Promise.all(keys.map(read(store))) }),
    async ({ http }) => {
      const body = `{${Array.from({ length: count }, (_, index) => `"k${index}": {"x": 1}`).join()}}`;
      expectProblem(await http.mergePatch("/keys", body), "body-too-large");
      expect(reads).toBeLessThanOrEqual(readsMax);
    },
  );
});

test("a client's mistake is not logged", async () => {
  await withFailingStore(
    () => ({}),
    async ({ http, log }) => {
      await http.get("/qux");
      await http.put("/a?expire_in=0", "v");
      expect(log.lines).toEqual([]);
    },
  );
});

test("a listing that fails before its first byte is a problem", async () => {
  await withFailingStore(
    () => ({ scan: throws(new KeyholdError("damaged-entry", "Cannot read it")) }),
    async ({ http }) => {
      expectProblem(await http.get("/keys"), "damaged-entry");
    },
  );
});

test("a listing that fails in its middle cuts the connection, so that no client takes the part for the whole", async () => {
  let pages = 0;
  await withFailingStore(
    (store) => ({
      scan: async (range) => {
        if (++pages > 1) throw new Error(SECRET);
        const { items } = await store.scan(range);
        return { items, next: items[0]?.key ?? null };
      },
    }),
    async ({ store }) => {
      const log = makeRecordingLog();
      const server = await startHttpServer(makeApp(store, log), serverOptions());
      try {
        const asked = new Http(makeSocketClient(server.url)).get("/keys");
        expect(await asked.catch((error: Error) => error.message)).toMatch(/ended inside an answer|ECONNRESET/);
        expect(pages).toBe(2);
        expect(log.lines).toMatchObject([{ level: "error", event: "request-failed", fields: { code: "internal" } }]);
      } finally {
        await server.stop(0);
      }
    },
  );
});

test("a listing is read from the store as its client takes it, and not ahead", async () => {
  const pagesMax = 1000;
  let pages = 0;
  await withFailingStore(
    (store) => ({
      scan: async (range) => {
        pages++;
        const { items } = await store.scan({ ...range, after: null });
        const [item] = items;
        if (item === undefined) throw new Error("The entry is missing");
        const value = new Uint8Array(1024 * 1024).fill(0x76);
        return { items: [{ ...item, value }], next: pages < pagesMax ? item.key : null };
      },
    }),
    async ({ store }) => {
      const server = await startHttpServer(makeApp(store, makeRecordingLog()), serverOptions());
      const http = new Http(makeSocketClient(server.url));
      const socket = await openSocket(server.url);
      try {
        socket.write("GET /keys HTTP/1.1\r\nHost: h\r\n\r\n");
        await once(socket, "readable");
        let before = -1;
        while (before !== pages) {
          before = pages;
          for (let turn = 0; turn < 50; turn++) await http.get("/-/healthy");
        }
        expect(pages).toBeLessThan(100);
      } finally {
        socket.destroy();
        await server.stop(0);
      }
    },
  );
});

test("an address that is taken is refused with what to do", async () => {
  await withFailingStore(
    () => ({}),
    async ({ store }) => {
      const app = makeApp(store, makeRecordingLog());
      const server = await startHttpServer(app, serverOptions());
      try {
        const again = () => startHttpServer(app, serverOptions(new URL(server.url).port));
        expect(await rejectionOf(again)).toMatchObject({
          code: "unavailable",
          detail: expect.stringMatching(/^Cannot listen on 127\.0\.0\.1, port \d+: .*--port/),
        });
      } finally {
        await server.stop(0);
      }
    },
  );
});

test.each([
  ["PATCH /a", "application/x-www-form-urlencoded"],
  ["QUERY /keys", "application/json"],
])("%s takes 1 MiB, and not a byte more", async (line, contentType) => {
  await withFailingStore(
    () => ({}),
    async ({ http }) => {
      const send = (bytes: number) => http.send(line, "&".repeat(bytes), { "Content-Type": contentType });
      expect((await send(1024 * 1024)).status).toBe(400);
      expectProblem(await send(1024 * 1024 + 1), "body-too-large");
    },
  );
});

function serverOptions(port = "0") {
  return { ...configOf({ port }), tls: null };
}
