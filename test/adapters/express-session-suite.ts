// The session store with real express and express-session, over HTTP, as browsers use it.
import { expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import session from "express-session";
import { type SessionStoreOptions, sessionStore } from "../../src/adapters/express-session.ts";
import { type Entry, Keyhold } from "../../src/client/keyhold.ts";
import { NOWHERE, type Served } from "./served.ts";

declare module "express-session" {
  interface SessionData {
    user: string;
    views: number;
  }
}

const HOUR_MS = 3_600_000;

export function expressSessionSuite({ client }: Served): void {
  let count = 0;
  /** Options for a store below a prefix of its own. */
  const options = (): SessionStoreOptions => ({ client: client(), prefix: `sessions-${++count}/` });

  test("keeps who has logged in over a restart of the app", async () => {
    const store = options();
    const browser = new Browser();
    await withApp(store, {}, async (url) => {
      expect(await browser.get(`${url}/me`)).toBe("nobody");
      await browser.get(`${url}/login/anna`);
      expect(await browser.get(`${url}/me`)).toBe("anna");
    });
    await withApp(store, {}, async (url) => expect(await browser.get(`${url}/me`)).toBe("anna"));
  });

  test("forgets who has logged out, and only them", async () => {
    await withApp(options(), {}, async (url) => {
      const [anna, bert] = [new Browser(), new Browser()];
      await anna.get(`${url}/login/anna`);
      await bert.get(`${url}/login/bert`);
      await anna.get(`${url}/logout`);
      expect(await anna.get(`${url}/me`)).toBe("nobody");
      expect(await bert.get(`${url}/me`)).toBe("bert");
    });
  });

  test("makes no entry for who has no session to keep", async () => {
    const store = options();
    await withApp(store, {}, async (url) => {
      await new Browser().get(`${url}/me`);
      expect(await store.client.count({ prefix: store.prefix ?? "" })).toBe(0);
    });
  });

  test("ends a session with its cookie", async () => {
    const store = options();
    await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => {
      const browser = new Browser();
      await browser.get(`${url}/login/anna`);
      const { key, etag, ttlMs } = await onlyEntry(store);
      expect(ttlMs ?? 0).toBeGreaterThan(HOUR_MS - 10_000);
      expect(ttlMs ?? 0).toBeLessThanOrEqual(HOUR_MS);
      expect(await browser.get(`${url}/me`)).toBe("anna");
      await store.client.expire(key, 1);
      expect(await store.client.waitFor(key, { etag })).toBeNull();
      expect(await browser.get(`${url}/me`)).toBe("nobody");
    });
  });

  test("keeps a session longer each time that it is read, without writing it again", async () => {
    const store = options();
    await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => {
      const browser = new Browser();
      await browser.get(`${url}/login/anna`);
      const before = await onlyEntry(store);
      await store.client.expire(before.key, 60_000);
      expect(await browser.get(`${url}/me`)).toBe("anna");
      const after = await onlyEntry(store);
      expect(after.etag).toBe(before.etag);
      expect(after.ttlMs).toBeGreaterThan(HOUR_MS - 10_000);
      expect(Number(await browser.get(`${url}/left`))).toBeGreaterThan(HOUR_MS - 10_000);
    });
  });

  test("does so no more often than it is told", async () => {
    for (const [touchIntervalMs, isTouched] of [
      [HOUR_MS, false],
      [Number.POSITIVE_INFINITY, false],
      [0, true],
    ] as const) {
      const store = { ...options(), touchIntervalMs };
      await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => {
        const browser = new Browser();
        await browser.get(`${url}/login/anna`);
        await store.client.expire((await onlyEntry(store)).key, 60_000);
        expect(await browser.get(`${url}/me`)).toBe("anna");
        expect(((await onlyEntry(store)).ttlMs ?? 0) > 60_000).toBe(isTouched);
      });
    }
  });

  test("shows a session whose cookie ends with its entry", async () => {
    const store = { ...options(), touchIntervalMs: Number.POSITIVE_INFINITY };
    await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => {
      const browser = new Browser();
      await browser.get(`${url}/login/anna`);
      await store.client.expire((await onlyEntry(store)).key, 60_000);
      expect(Number(await browser.get(`${url}/stored`))).toBeLessThanOrEqual(61_000);
    });
  });

  test("touches a session of another process at its first read", async () => {
    const store = { ...options(), touchIntervalMs: HOUR_MS };
    const browser = new Browser();
    await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => void (await browser.get(`${url}/login/anna`)));
    await store.client.expire((await onlyEntry(store)).key, 60_000);
    await withApp(store, { cookie: { maxAge: HOUR_MS } }, async (url) => {
      expect(await browser.get(`${url}/me`)).toBe("anna");
      expect((await onlyEntry(store)).ttlMs ?? 0).toBeGreaterThan(60_000);
    });
  });

  test("keeps a session of a cookie without an end for a day, or as long as it is told", async () => {
    const DAY_MS = 86_400_000;
    for (const [ttlMs, kept] of [
      [undefined, DAY_MS],
      [60_000, 60_000],
    ] as const) {
      const store = { ...options(), ...(ttlMs !== undefined && { ttlMs }) };
      await withApp(store, {}, async (url) => {
        await new Browser().get(`${url}/login/anna`);
        const left = (await onlyEntry(store)).ttlMs ?? 0;
        expect(left).toBeGreaterThan(kept - 10_000);
        expect(left).toBeLessThanOrEqual(kept);
      });
    }
  });

  test("serves requests of one session at once", async () => {
    await withApp(options(), {}, async (url) => {
      const browser = new Browser();
      await browser.get(`${url}/login/anna`);
      const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get(`${url}/me`)));
      expect(answers).toEqual(answers.map(() => "anna"));
      // Each writes the session; the last to be written stands, and none is torn.
      await Promise.all(Array.from({ length: 20 }, () => browser.get(`${url}/view`)));
      expect(Number(await browser.get(`${url}/view`))).toBeGreaterThan(1);
      expect(await browser.get(`${url}/me`)).toBe("anna");
    });
  });

  test("gives a new session to who logs in, and ends the one before", async () => {
    const store = options();
    await withApp(store, {}, async (url) => {
      const browser = new Browser();
      await browser.get(`${url}/view`);
      const before = await onlyEntry(store);
      await browser.get(`${url}/login/anna`);
      const after = await onlyEntry(store);
      expect(after.key).not.toBe(before.key);
    });
  });

  test("lists, counts and clears the sessions of its prefix alone", async () => {
    const store = options();
    const sessions = sessionStore(session.Store, store);
    await store.client.put(`${store.prefix?.slice(0, -1)}0`, "not a session");
    await withApp(store, {}, async (url) => {
      for (const name of ["anna", "bert"]) await new Browser().get(`${url}/login/${name}`);
    });
    const all = await called<Record<string, session.SessionData> | null>((callback) => sessions.all(callback));
    expect(
      Object.values(all ?? {})
        .map(({ user }) => user)
        .toSorted(),
    ).toEqual(["anna", "bert"]);
    expect(await called<number>((callback) => sessions.length(callback))).toBe(2);
    await called<void>((callback) => sessions.clear(callback));
    expect(await called<number>((callback) => sessions.length(callback))).toBe(0);
    expect(await store.client.has(`${store.prefix?.slice(0, -1)}0`)).toBe(true);
  });

  test("passes on to the app that its server cannot be reached", async () => {
    const store = { client: new Keyhold(NOWHERE, { retry: false }) };
    await withApp(store, {}, async (url) => {
      const browser = new Browser();
      expect(await browser.get(`${url}/login/anna`)).toBe("unreachable");
      await called((callback) => sessionStore(session.Store, store).destroy("none", callback)).then(
        () => expect.unreachable(),
        (error) => expect(error.code).toBe("unreachable"),
      );
    });
  });
}

/** An app with a login, as a user of express-session writes it, for the length of `body`. */
async function withApp(
  store: SessionStoreOptions,
  options: { readonly cookie?: session.CookieOptions },
  body: (url: string) => Promise<void>,
): Promise<void> {
  const app = express();
  app.use(
    session({
      store: sessionStore(session.Store, store),
      secret: "of this test",
      resave: false,
      saveUninitialized: false,
      ...options,
    }),
  );
  app.get("/login/:user", (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.user = request.params.user;
      request.session.save((failure) => (failure ? next(failure) : response.send("welcome")));
    });
  });
  app.get("/me", (request, response) => void response.send(request.session.user ?? "nobody"));
  app.get("/left", (request, response) => void response.send(String(request.session.cookie.maxAge)));
  app.get("/stored", (request, response, next) => {
    request.sessionStore.get(request.sessionID, (error, stored) => {
      if (error) return next(error);
      response.send(String((stored?.cookie.expires?.getTime() ?? 0) - Date.now()));
    });
  });
  app.get("/view", (request, response) => {
    request.session.views = (request.session.views ?? 0) + 1;
    response.send(String(request.session.views));
  });
  app.get("/logout", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.send("bye")));
  });
  const sayCode: express.ErrorRequestHandler = (error, _request, response, _next) =>
    void response.status(500).send(error.code);
  app.use(sayCode);
  const server = createServer(app);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    await body(`http://127.0.0.1:${portOf(server.address())}`);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((closed) => server.close(() => closed()));
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("The app does not listen on a port");
  return address.port;
}

/** Keeps the cookie that it was sent. */
class Browser {
  #cookie = "";

  async get(url: string): Promise<string> {
    const answer = await fetch(url, { headers: this.#cookie === "" ? {} : { Cookie: this.#cookie } });
    const set = answer.headers.getSetCookie()[0];
    if (set !== undefined) this.#cookie = set.split(";")[0] ?? "";
    return answer.text();
  }
}

async function onlyEntry({ client, prefix = "" }: SessionStoreOptions): Promise<Entry> {
  const entries = await Array.fromAsync(client.list({ prefix }));
  expect(entries.length).toBe(1);
  if (entries[0] === undefined) throw new Error("There is no session");
  return entries[0];
}

/** What a function that calls back comes to. */
function called<Value>(ask: (callback: (error: unknown, value?: Value) => void) => void): Promise<Value | undefined> {
  return new Promise((resolve, reject) => ask((error, value) => (error ? reject(error) : resolve(value))));
}
