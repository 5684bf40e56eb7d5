// Tokens where several servers share one store: what one makes and revokes counts at the others within a second, and a token
// that has just been made elsewhere is let in at once.
import { describe, expect, test } from "bun:test";
import { TokenBook } from "../../src/auth/token-book.ts";
import { makeWatchHub } from "../../src/compose-parts.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import { makeGrant, SCOPES } from "../../src/core/token.ts";
import type { Store } from "../../src/store/store.ts";
import { bearer } from "../support/access-server.ts";
import type { Http } from "../support/http-client.ts";
import { expectProblem } from "../support/http-expectations.ts";
import { configOf, makeAppServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { partitionedHarness } from "../support/partitioned-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";
import { makeTurnableTimers } from "../support/turnable-timers.ts";

const GRANT = makeGrant({ name: "n", scopes: SCOPES, prefixes: [], expiresAt: null });

interface Server {
  readonly http: Http;
  readonly book: TokenBook;
  readonly failures: readonly unknown[];
}

interface Servers {
  readonly store: Store;
  readonly here: Server;
  readonly there: Server;
  pass(ms: number): Promise<void>;
}

async function withServers(
  body: (servers: Servers) => Promise<void>,
  make: MakeStore = partitionedHarness(3),
): Promise<void> {
  await withStore(make, async ({ store, step }) => {
    const timers = makeTurnableTimers(store.now);
    const serve = async (): Promise<Server & { stop(): void }> => {
      const log = makeRecordingLog();
      const book = new TokenBook({ store, timers, adminSecret: null, changes: null }, await store.tokens());
      const hub = makeWatchHub({ store, log, timers }, configOf({}));
      const failures: unknown[] = [];
      book.follow((error) => failures.push(error));
      const { http } = makeAppServer(store, {}, { log, timers, hub, tokens: book });
      const stop = () => {
        book.stop();
        hub.stop();
      };
      return { http, book, failures, stop };
    };
    const [here, there] = [await serve(), await serve()];
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed++) {
        await step();
        timers.runDue();
        await new Promise(setImmediate);
      }
    };
    try {
      await body({ store, here, there, pass });
    } finally {
      here.stop();
      there.stop();
    }
  });
}

/** The answer of a request for which time passes. */
async function answered<T>(asked: Promise<T>, pass: Servers["pass"]): Promise<T> {
  let isSettled = false;
  const settled = asked.finally(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 1000 && !isSettled; turn++) await pass(1);
  return settled;
}

describe("a token that another server has made", () => {
  test("makes this one ask for tokens within a second, and ends what was open without one", async () => {
    await withServers(async ({ here, there, pass }) => {
      const stream = await there.http.open("/keys?watch", { Accept: "application/x-ndjson" });
      const texts: string[] = [];
      const reading = (async () => {
        for await (const text of stream.texts()) texts.push(text);
      })();
      await pass(5);
      await here.book.issue(GRANT);
      expect((await there.http.get("/keys")).status).toBe(200);
      await pass(1000);
      expectProblem(await there.http.get("/keys"), "unauthenticated");
      await reading;
      expect(texts.join("")).toContain('"reason":"token-ended"');
    });
  });

  test("is let in at once, wherever it was made", async () => {
    await withServers(async ({ here, there, pass }) => {
      await here.book.issue(GRANT);
      await pass(1000);
      for (const [maker, other] of [
        [here, there],
        [there, here],
      ] as const) {
        const token = await maker.book.issue(GRANT);
        expect((await answered(other.http.get("/keys", bearer(token)), pass)).status).toBe(200);
      }
    });
  });

  test("is revoked by any server", async () => {
    await withServers(async ({ here, there, pass }) => {
      const token = await here.book.issue(GRANT);
      const { id } = token.record;
      const revoking = there.http.send(`DELETE /-/tokens/${id}`, null, bearer(token));
      expect((await answered(revoking, pass)).status).toBe(200);
      await pass(1000);
      expectProblem(await here.http.get("/keys", bearer(token)), "unauthenticated");
    });
  });
});

describe("a token that another server has revoked", () => {
  test("counts here no longer than a second, and ends its streams", async () => {
    await withServers(async ({ here, there, pass }) => {
      const [lasting, token] = [await here.book.issue(GRANT), await here.book.issue(GRANT)];
      await pass(1000);
      const open = (who: typeof token) =>
        there.http.open("/keys?watch", { Accept: "application/x-ndjson", ...bearer(who) });
      const ended: string[] = [];
      const readings = [await open(token), await open(lasting)].map(async (stream, index) => {
        for await (const text of stream.texts())
          if (text.includes("token-ended")) ended.push(["token", "lasting"][index] ?? "");
      });
      await pass(5);
      await here.book.revoke(token.record.id);
      await pass(1000);
      expectProblem(await there.http.get("/keys", bearer(token)), "unauthenticated");
      await readings[0];
      expect(ended).toEqual(["token"]);
    });
  });

  test("was the last one: every server goes on asking for a token", async () => {
    await withServers(async ({ here, there, pass }) => {
      const token = await here.book.issue(GRANT);
      await here.book.revoke(token.record.id);
      await pass(1000);
      expectProblem(await there.http.get("/keys"), "unauthenticated");
    });
  });
});

describe("an unknown secret", () => {
  test("is refused after one more look, and looked for some times a second at most", async () => {
    await withServers(async ({ store, here, there, pass }) => {
      await here.book.issue(GRANT);
      await pass(1000);
      let readings = 0;
      const { tokens } = store;
      store.tokens = () => {
        readings++;
        return tokens.call(store);
      };
      const unknown = { Authorization: `Bearer ${"x".repeat(43)}` };
      const asked = Array.from({ length: 100 }, () => there.http.get("/keys", unknown));
      for (const answer of await answered(Promise.all(asked), pass)) expectProblem(answer, "unauthenticated");
      expect(readings).toBeLessThanOrEqual(3);
    });
  });
});

describe("a store whose tokens cannot be read", () => {
  test("leaves the tokens in force that were read before, and is told of once", async () => {
    await withServers(async ({ store, here, there, pass }) => {
      const token = await here.book.issue(GRANT);
      await pass(1000);
      const { tokens } = store;
      store.tokens = () => Promise.reject(new KeyholdError("unavailable", "The store is away"));
      await pass(5000);
      expect((await there.http.get("/keys", bearer(token))).status).toBe(200);
      expectProblem(await there.http.get("/keys"), "unauthenticated");
      expect(there.failures).toHaveLength(1);
      store.tokens = async () => [];
      await pass(1000);
      // A store that has lost its tokens does not open the server to everybody.
      expectProblem(await there.http.get("/keys"), "unauthenticated");
      store.tokens = tokens;
      await pass(1000);
      expect((await there.http.get("/keys", bearer(token))).status).toBe(200);
    });
  });
});

test("a store that one server has to itself is not read again", async () => {
  await withServers(async ({ store, here, pass }) => {
    await here.book.issue(GRANT);
    store.tokens = () => Promise.reject(new Error("The tokens are read"));
    await pass(2000);
    expectProblem(await here.http.get("/keys", { Authorization: `Bearer ${"x".repeat(43)}` }), "unauthenticated");
    expect(here.failures).toEqual([]);
  }, makeMemoryHarness);
});
