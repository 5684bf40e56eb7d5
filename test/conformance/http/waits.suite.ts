// `?wait=` on an entry and on a listing (contract §12).
import { describe, expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../../support/http-client.ts";
import { expectProblem, fieldOf, nowMs, untilAnswered } from "../../support/http-expectations.ts";
import type { ServerFlags, TestServer, WithServer } from "../../support/http-harness.ts";
import { createAll } from "../../support/http-set-up.ts";
import { expectWithin } from "../../support/time-bar.ts";

/** Longer than any test: a wait that comes back has been woken. */
const LONG = "wait=300";
/** What is waited out. */
const SHORT = "wait=0.02";
const PATIENCE_MS = 10_000;
/** The first sweep is a second after the start: what ends at the beginning of a test and is found sooner, it has not found. */
const RARE_SWEEPS: ServerFlags = { "sweep-interval": "1s" };
const BEFORE_SWEEP_MS = 800;
/** Of an entry that ends while it is waited on. */
const LIFE_SECONDS = 0.1;

export function waitsSuite(withServer: WithServer): void {
  for (const path of ["/a", "/keys/a"]) {
    describe(`GET ${path}?wait=`, () => entryWaitsSuite(withServer, path));
  }
  describe("GET /keys?wait=", () => listingWaitsSuite(withServer));
}

function entryWaitsSuite(withServer: WithServer, path: string): void {
  const tagOf = async (http: Http) => fieldOf(await http.get(path), "etag");

  test("an entry that is there is answered at once", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "1");
      expect((await http.get(`${path}?${LONG}`)).text).toBe((await http.get(path)).text);
    });
  });

  test("a missing entry is waited for, until there is one", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const waiting = http.get(`${path}?${LONG}`);
      await untilWaiting(server, 1);
      await http.put("/other", "1");
      await http.put("/a", "new");
      const answer = await settled(server, waiting);
      expect([answer.status, answer.text]).toEqual([200, (await http.get(path)).text]);
    });
  });

  test("a missing entry is 404 when the time is up", async () => {
    await withServer(async (server) => {
      expectProblem(await settled(server, server.http.get(`${path}?${SHORT}`)), "not-found");
    });
  });

  test("a state that is known is waited out of: 200 once the entry differs", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a", "old");
      const waiting = http.get(`${path}?${LONG}`, { "If-None-Match": await tagOf(http) });
      await untilWaiting(server, 1);
      // A touch keeps the state.
      await http.patch("/a", "expire_in=1000");
      await http.put("/a", "new");
      const answer = await settled(server, waiting);
      expect([answer.status, answer.headers["etag"]]).toEqual([200, await tagOf(http)]);
    });
  });

  test("a state that is not the one known is answered at once", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "1");
      expect((await http.get(`${path}?${LONG}`, { "If-None-Match": '"other"' })).status).toBe(200);
    });
  });

  test("a state that stays is 304 when the time is up, with the fields of a 304", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a", "1");
      const known = { "If-None-Match": await tagOf(http) };
      const { status, headers } = await settled(server, http.get(`${path}?${SHORT}`, known));
      const plain = await http.get(path, known);
      expect([status, headers["etag"]]).toEqual([304, plain.headers["etag"]]);
    });
  });

  test("an entry that is deleted while it is waited on is 404 at once", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a", "1");
      const waiting = [await tagOf(http), "*"].map((tag) => http.get(`${path}?${LONG}`, { "If-None-Match": tag }));
      await untilWaiting(server, 2);
      await http.delete("/a");
      for (const answer of waiting) expectProblem(await settled(server, answer), "not-found");
    });
  });

  test("an entry that was released between reading and waiting is 404 at once", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get(`${path}?${LONG}`, { "If-None-Match": '"1"' }), "not-found");
    });
  });

  test("an entry that ends while it is waited on is 404 at its instant, not at the sweep", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const before = await nowMs(http);
      await http.put(`/a?expire_in=${LIFE_SECONDS}`, "1");
      const waiting = http.get(`${path}?${LONG}`, { "If-None-Match": "*" });
      expectProblem(await settled(server, waiting), "not-found");
      const lateMs = (await nowMs(http)) - before - LIFE_SECONDS * 1000;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expectWithin("the end", lateMs, BEFORE_SWEEP_MS);
    }, RARE_SWEEPS);
  });

  test("an expiry that is brought forward is waited for anew", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a?expire_in=300", "1");
      const waiting = http.get(`${path}?${LONG}`, { "If-None-Match": "*" });
      await untilWaiting(server, 1);
      const before = await nowMs(http);
      await http.patch("/a", "expire_in=0.05");
      expectProblem(await settled(server, waiting), "not-found");
      expectWithin("the end", (await nowMs(http)) - before, BEFORE_SWEEP_MS);
    }, RARE_SWEEPS);
  });

  test("If-Match that fails is 412, at once or when the entry comes", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const waiting = http.get(`${path}?${LONG}`, { "If-Match": '"none"' });
      await untilWaiting(server, 1);
      await http.put("/a", "1");
      expectProblem(await settled(server, waiting), "precondition-failed");
      expectProblem(await http.get(`${path}?${LONG}`, { "If-Match": '"none"' }), "precondition-failed");
    });
  });

  test("HEAD waits as GET does", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const waiting = http.head(`${path}?${LONG}`);
      await untilWaiting(server, 1);
      await http.put("/a", "1");
      expect((await settled(server, waiting)).status).toBe(200);
      expect((await settled(server, http.head(`${path}?${SHORT}`, { "If-None-Match": "*" }))).status).toBe(304);
    });
  });

  test("wait=0 waits for nothing", async () => {
    await withServer(async ({ http }) => {
      expect((await http.get(`${path}?wait=0`)).status).toBe(404);
      await http.put("/a", "1");
      expect((await http.get(`${path}?wait=0`)).status).toBe(200);
      expect((await http.get(`${path}?wait=0.0`, { "If-None-Match": "*" })).status).toBe(304);
    });
  });

  test.each(["300.1", "301", "-1", "abc", "1e2", "", " 1", "1s", ".5", "1&wait=2"])(
    "wait=%s is refused",
    async (wait) => {
      await withServer(async ({ http }) => {
        await http.put("/a", "1");
        expectProblem(await http.get(`${path}?wait=${wait.replace(" ", "%20")}`), "invalid-parameter");
      });
    },
  );

  test("a stop answers what waits, as at the end of its time", async () => {
    await withServer(
      async (server) => {
        const { http } = server;
        await http.put("/b", "1");
        const missing = http.get(`${path}?${LONG}`);
        const standing = http.get(`/b?${LONG}`, { "If-None-Match": "*" });
        await untilWaiting(server, 2);
        const stopped = server.stop();
        expect([(await missing).status, (await standing).status]).toEqual([404, 304]);
        await stopped;
      },
      { "stop-timeout": "4s" },
    );
  });
}

function listingWaitsSuite(withServer: WithServer): void {
  test("answers the listing as soon as something selected has changed, from now on", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a1", "1");
      const waiting = ["prefix=a", "filter=a*", "key=a2&key=a3", "start=a&end=b&meta", ""].map((query) =>
        http.get(`/keys?${query}&${LONG}`.replace("?&", "?")),
      );
      await untilWaiting(server, waiting.length);
      // Neither of them is in any but the last selection, and a touch is no change.
      await http.patch("/a1", "expire_in=1000");
      const others = waiting.slice(0, -1);
      const whole = await settled(server, waiting.at(-1) ?? Promise.reject(), () => http.put("/b", "1"));
      expect(whole.text).toBe('[{"a1": "1"}, {"b": "1"}]');
      expect(JSON.parse(await http.text("/-/info")).watchers).toBe(others.length);
      const texts: HttpAnswer[] = [];
      for (const answer of others) texts.push(await settled(server, answer, () => http.put("/a2", "2")));
      expect(texts.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(texts.slice(0, 3).map(({ text }) => text)).toEqual([
        '[{"a1": "1"}, {"a2": "2"}]',
        '[{"a1": "1"}, {"a2": "2"}]',
        '[{"a2": "2"}]',
      ]);
    });
  });

  test("answers 304 with Cursor when the time is up, and goes on from there with no gap", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/b", "1");
      const { status, headers } = await settled(server, http.get(`/keys?prefix=a&${SHORT}`));
      expect([status, headers["cursor"], headers["content-type"]]).toEqual([304, expect.any(String), undefined]);
      expect((await http.get(`/keys?prefix=a&wait=0&since=${headers["cursor"]}`)).status).toBe(304);
      await http.put("/a", "1");
      const answer = await http.get(`/keys?prefix=a&${LONG}&since=${headers["cursor"]}`);
      expect([answer.status, answer.text]).toEqual([200, '[{"a": "1"}]']);
      const next = await settled(server, http.get(`/keys?prefix=a&${SHORT}&since=${fieldOf(answer, "cursor")}`));
      expect(next.status).toBe(304);
    });
  });

  test("answers at once where something has changed since the cursor, a deletion too", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "1");
      const cursor = fieldOf(await http.head("/keys"), "cursor");
      await http.put("/b", "1");
      await http.delete("/a");
      for (const query of ["prefix=a", "key=a", "limit=1&prefix=a&keys", "count&filter=$"]) {
        expect((await http.get(`/keys?${query}&${LONG}&since=${cursor}`)).status).toBe(200);
      }
      expect((await http.get(`/keys?prefix=c&wait=0&since=${cursor}`)).status).toBe(304);
    });
  });

  test("answers at once from since=0, without a time, and from a cursor of another life of the store", async () => {
    await withServer(async ({ http, cursors }) => {
      for (const query of [`${LONG}&since=0`, "wait=0", `${LONG}&since=${cursors.foreign()}`]) {
        const { status, text } = await http.get(`/keys?${query}`);
        expect([status, text]).toEqual([200, "[]"]);
      }
    });
  });

  test("an entry that ends is a change, once the sweep has logged it", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/a?expire_in=300", "1");
      const waiting = http.get(`/keys?prefix=a&${LONG}`);
      await untilWaiting(server, 1);
      await http.patch("/a", `expire_in=${LIFE_SECONDS}`);
      const answer = await settled(server, waiting);
      expect([answer.status, answer.text]).toEqual([200, "[]"]);
    });
  });

  test("a link to the next page does not wait again", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await createAll(server, '{"a": 1, "b": 2}');
      const { headers } = await http.get("/keys?limit=1&wait=0&since=0");
      expect(headers["link"]).toMatch(/^<\/keys\?limit=1&cursor=[\w-]+>; rel="next"$/);
    });
  });

  test("what is no cursor is refused", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get(`/keys?${LONG}&since=x`), "invalid-parameter");
      expectProblem(await http.get("/keys?wait=301"), "invalid-parameter");
    });
  });

  test("a stop answers what waits with 304", async () => {
    await withServer(
      async (server) => {
        const waiting = server.http.get(`/keys?${LONG}`);
        await untilWaiting(server, 1);
        const stopped = server.stop();
        expect((await waiting).status).toBe(304);
        await stopped;
      },
      { "stop-timeout": "4s" },
    );
  });
}

/** Until so many requests wait. */
async function untilWaiting({ http, step }: TestServer, count: number): Promise<void> {
  await untilAnswered(
    () => http.get("/-/info"),
    ({ text }) => JSON.parse(text).watchers === count,
    step,
  );
}

/**
 * The answer, for which the server's time passes.
 *
 * @param change - what is to be answered, made again and again: who waits from now on counts as waiting before the store
 * has told where now is
 */
async function settled(
  { step }: TestServer,
  waiting: Promise<HttpAnswer>,
  change: () => Promise<unknown> = async () => {},
): Promise<HttpAnswer> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  let isDone = false;
  const done = waiting.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    if (performance.now() > givenUpAt) throw new Error(`No answer in ${PATIENCE_MS} ms`);
    await change();
    await step();
  }
  return done;
}
