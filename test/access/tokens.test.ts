// The life of a token: made, listed, used, revoked, expired; what it leaves in answers, logs and records.
import { describe, expect, test } from "bun:test";
import { EVERYBODY } from "../../src/auth/policy.ts";
import type { Incoming } from "../../src/http/exchange.ts";
import { type AccessServer, bearer, issue, withAccess } from "../support/access-server.ts";
import { makeApp } from "../support/http-harness.ts";

const ADMIN_SECRET = "operator.s/own+secret_of~43-characters=";

/** Makes a token over HTTP. */
async function make({ http }: AccessServer, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const answer = await http.postJson("/-/tokens", JSON.stringify(body), headers);
  return { ...answer, json: JSON.parse(answer.text) };
}

describe("/-/tokens", () => {
  test("makes a token whose secret works, is answered once, and is kept by no cache", async () => {
    await withAccess(async (server) => {
      const { http } = server;
      const admin = await make(server, { name: "admin", scopes: ["admin"] });
      const asAdmin = { Authorization: `Bearer ${admin.json.token}` };
      const made = await make(
        server,
        { name: "ci", scopes: ["write", "read"], prefixes: ["ci/"], expires_in: 60 },
        asAdmin,
      );
      expect(made).toMatchObject({
        status: 201,
        headers: { "cache-control": "no-store", location: `/-/tokens/${made.json.id}` },
        json: { name: "ci", scopes: ["read", "write"], prefixes: ["ci/"], revoked_at: null, state: "active" },
      });
      expect(Date.parse(made.json.expires_at) - Date.parse(made.json.created_at)).toBe(60_000);
      expect(made.json.id).toMatch(/^tk_[a-z0-9]{12}$/);
      expect(made.json.token).toMatch(/^kh_[A-Za-z0-9_-]{43}$/);
      const put = await http.put("/keys/ci/1", "v", { Authorization: `Bearer ${made.json.token}` });
      expect(put.status).toBe(201);
      const list = await http.get("/-/tokens", asAdmin);
      const { token: _secret, ...shown } = made.json;
      expect(JSON.parse(list.text).at(-1)).toEqual(shown);
      expect(list.headers["cache-control"]).toBe("no-store");
      for (const secret of [made.json.token, admin.json.token]) expect(list.text).not.toContain(secret);
      for (const { hash } of server.tokens.list()) expect(list.text).not.toContain(hash);
    });
  });

  test("gives read, write and watch where no scope is named, and takes an end as an instant", async () => {
    await withAccess(async (server) => {
      const { json } = await make(server, { name: "n", expires_at: "2099-01-01T00:00:00Z" });
      expect(json).toMatchObject({ scopes: ["read", "write", "watch"], expires_at: "2099-01-01T00:00:00.000Z" });
    });
  });

  const bad = [
    [{}, "invalid-parameter"],
    [{ name: 7 }, "invalid-parameter"],
    [{ name: "n", scope: ["read"] }, "invalid-parameter"],
    [{ name: "n", scopes: "read" }, "invalid-parameter"],
    [{ name: "n", scopes: ["root"] }, "invalid-parameter"],
    [{ name: "n", scopes: ["admin"], prefixes: ["a"] }, "invalid-parameter"],
    [{ name: "n", prefixes: [""] }, "invalid-parameter"],
    [{ name: "n", expires_in: 0 }, "invalid-expiry"],
    [{ name: "n", expires_in: 60, expires_at: 4_000_000_000 }, "invalid-expiry"],
    [{ name: "n", expires_at: "2001-01-01T00:00:00Z" }, "invalid-expiry"],
    [{ name: "n", expires_in: {} }, "invalid-expiry"],
    ["n", "invalid-json"],
  ] as const;
  test.each(bad)("refuses %j as %s, and makes nothing", async (body, code) => {
    await withAccess(async (server) => {
      expect(await make(server, body)).toMatchObject({ status: 400, json: { code } });
      expect(server.tokens.hasTokens()).toBe(false);
    });
  });

  test("takes no Idempotency-Key: a secret is not to be recorded", async () => {
    await withAccess(async (server) => {
      const { status, text } = await make(server, { name: "n" }, { "Idempotency-Key": "one" });
      expect([status, JSON.parse(text).code]).toEqual([400, "invalid-header"]);
      expect([server.tokens.hasTokens(), server.store.stats().records]).toEqual([false, 0]);
    });
  });

  test("revokes, again and again with the same answer, and never opens the server by it", async () => {
    await withAccess(async (server) => {
      const { http } = server;
      const [token] = [await issue(server)];
      const revoke = () => http.delete(`/-/tokens/${token.record.id}`, bearer(token));
      const { status, text } = await revoke();
      expect([status, JSON.parse(text).state]).toEqual([200, "revoked"]);
      expect((await revoke()).status).toBe(401);
      expect((await http.get("/keys")).status).toBe(401);
      const admin = await issue(server);
      const again = await http.delete(`/-/tokens/${token.record.id}`, bearer(admin));
      expect([again.status, again.text]).toEqual([200, text]);
      const unknown = await http.delete("/-/tokens/tk_nobody", bearer(admin));
      expect([unknown.status, JSON.parse(unknown.text).code]).toEqual([404, "no-such-resource"]);
    });
  });
});

describe("a secret", () => {
  test("is carried by the field alone: in the query it is an unknown parameter", async () => {
    await withAccess(async (server) => {
      const token = await issue(server);
      for (const name of ["token", "access_token"]) {
        expect((await server.http.get(`/a?${name}=${token.secret}`)).status).toBe(401);
        const { status, text } = await server.http.get(`/a?${name}=x`, bearer(token));
        expect([status, JSON.parse(text).code]).toEqual([400, "invalid-parameter"]);
      }
    });
  });

  test("may be sent by a scheme in any case, and once", async () => {
    await withAccess(async (server) => {
      const { secret } = await issue(server);
      const status = async (field: string) => (await server.http.get("/keys", { Authorization: field })).status;
      expect([await status(`bearer ${secret}`), await status(`BEARER  ${secret} `)]).toEqual([200, 200]);
      for (const field of [
        secret,
        `Bearer${secret}`,
        `Bearer ${secret}, Bearer ${secret}`,
        `Bearer ${secret.slice(0, -1)}`,
      ]) {
        expect([field, await status(field)]).toEqual([field, 401]);
      }
    });
  });

  test("stands in no line of the log and no problem; the token's id stands in the request's line", async () => {
    await withAccess(
      async (server) => {
        const token = await issue(server, { prefixes: ["a"] });
        const revoked = await issue(server);
        await server.tokens.revoke(revoked.record.id);
        const answers = [
          await server.http.get("/keys/b", bearer(token)),
          await server.http.get("/keys/a", bearer(token)),
          await server.http.get("/keys/a", bearer(revoked)),
        ];
        expect(answers.map(({ status }) => status)).toEqual([403, 404, 401]);
        expect(server.log.accesses.map((line) => line.token)).toEqual([token.record.id, token.record.id, null]);
        const told = JSON.stringify([server.log.accesses, server.log.lines, answers.map(({ text }) => text)]);
        for (const { secret, record } of [token, revoked]) {
          expect(told).not.toContain(secret);
          expect(told).not.toContain(record.hash);
        }
      },
      { flags: { "access-log": "true" } },
    );
  });
});

describe("answers given for a token", () => {
  test("are private, and vary by it; without tokens they are as they were", async () => {
    await withAccess(async (server) => {
      const { http } = server;
      await http.put("/a", "v");
      const seen = async (headers = {}) =>
        Promise.all(
          ["/a", "/keys/a", "/keys", "/keys?watch"].map(async (target) => {
            const answer = await http.head(target, headers);
            return [answer.headers["cache-control"], answer.headers["vary"]];
          }),
        );
      expect(await seen()).toEqual([
        ["no-cache", undefined],
        ["no-cache", "Accept"],
        ["no-cache", "Accept"],
        ["no-cache", "Accept"],
      ]);
      expect(await seen(bearer(await issue(server)))).toEqual([
        ["private, no-cache", "Authorization"],
        ["private, no-cache", "Accept, Authorization"],
        ["private, no-cache", "Accept, Authorization"],
        ["private, no-cache", "Accept, Authorization"],
      ]);
      expect((await http.head("/-/healthy")).headers["cache-control"]).toBe("no-store");
    });
  });

  test("are 304 in the same way", async () => {
    await withAccess(async (server) => {
      const { http } = server;
      const tag = (await http.put("/a", "v")).headers["etag"] ?? "";
      const answer = await http.get("/a", { ...bearer(await issue(server)), "If-None-Match": tag });
      expect([answer.status, answer.headers["cache-control"]]).toEqual([304, "private, no-cache"]);
    });
  });
});

test("a name that a write gives itself is its token's own", async () => {
  await withAccess(async (server) => {
    const { http } = server;
    const count = (headers: Readonly<Record<string, string>>) =>
      http.patch("/n", "incr=1", { "Idempotency-Key": "one", ...headers }).then(({ text }) => text);
    expect([await count({}), await count({})]).toEqual(["1", "1"]);
    const [first, second] = [bearer(await issue(server)), bearer(await issue(server))];
    expect([await count(first), await count(second), await count(first)]).toEqual(["2", "3", "2"]);
  });
});

describe("what is held open", () => {
  test("a watch is told bye and ends when its token is revoked", async () => {
    await withAccess(async (server) => {
      const token = await issue(server);
      const stream = await server.http.open("/keys?watch", bearer(token));
      const ending = lastOf(stream.texts());
      await server.step();
      await server.tokens.revoke(token.record.id);
      expect(await ending).toContain('event: bye\ndata: {"reason":"token-ended"}');
    });
  });

  test("a watch ends within a second of the end of its token, by the server's clock", async () => {
    await withAccess(async (server) => {
      const stream = await server.http.open("/keys?watch", bearer(await issue(server, { endsInMs: 300 })));
      let hasEnded = false;
      const ending = lastOf(stream.texts()).finally(() => {
        hasEnded = true;
      });
      for (let ms = 0; ms < 299; ms++) await server.step();
      expect(hasEnded).toBe(false);
      for (let ms = 0; ms < 1000 && !hasEnded; ms++) await server.step();
      expect(hasEnded).toBe(true);
      expect(await ending).toContain("token-ended");
    });
  });

  test("a watch that came without a token ends when the first one is made; others stay", async () => {
    await withAccess(async (server) => {
      const open = await server.http.open("/keys?watch");
      const ending = lastOf(open.texts());
      await server.step();
      const token = await issue(server);
      expect(await ending).toContain("token-ended");
      const stays = await server.http.open("/keys?watch", bearer(token));
      let seen = "";
      const reading = (async () => {
        for await (const part of stays.texts()) seen += part;
      })();
      const until = async (text: string) => {
        for (let turn = 0; turn < 1000 && !seen.includes(text); turn++) await server.step();
        expect(seen).toContain(text);
      };
      await until("event: ready");
      await issue(server);
      await server.http.put("/a", "v", bearer(token));
      await until("event: put");
      stays.close();
      await reading;
      expect(seen).not.toContain("bye");
    });
  });

  test.each(["/a?wait=60", "/keys?wait=60"])("a wait (%s) is 401", async (target) => {
    await withAccess(async (server) => {
      const token = await issue(server);
      const waiting = server.http.get(target, bearer(token));
      for (let turn = 0; turn < 5; turn++) await server.step();
      await server.tokens.revoke(token.record.id);
      for (let turn = 0; turn < 5; turn++) await server.step();
      expect((await waiting).status).toBe(401);
    });
  });

  test("a body that comes to its end after the token did is not written", async () => {
    await withAccess(async (server) => {
      const token = await issue(server);
      const { answering, end } = putSlowly(server, bearer(token));
      await server.tokens.revoke(token.record.id);
      end();
      expect([(await answering).status, server.store.stats().entries]).toEqual([401, 0]);
    });
  });

  test("a body that comes to its end after the first token was made is not written", async () => {
    await withAccess(async (server) => {
      const { answering, end } = putSlowly(server, {});
      await issue(server);
      end();
      expect([(await answering).status, server.store.stats().entries]).toEqual([401, 0]);
    });
  });

  test("a long listing is cut", async () => {
    await withAccess(async (server) => {
      const { http } = server;
      for (let number = 0; number < 5; number++) await http.put(`/keys/${number}`, "v".repeat(200_000));
      const token = await issue(server);
      const stream = await http.open("/keys", bearer(token));
      const parts = stream.texts()[Symbol.asyncIterator]();
      await parts.next();
      await server.tokens.revoke(token.record.id);
      let error: unknown = null;
      try {
        while ((await parts.next()).done !== true);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: "unauthenticated" });
    });
  });
});

describe("the token that an operator brings", () => {
  test("has every scope and every key, and is in no list; without others a token is asked for too", async () => {
    await withAccess(
      async (server) => {
        const { http, tokens } = server;
        const asOperator = { Authorization: `Bearer ${ADMIN_SECRET}` };
        expect((await http.get("/keys")).status).toBe(401);
        for (const line of ["GET /keys", "GET /-/info", "HEAD /keys?watch"]) {
          expect([line, (await http.send(line, null, asOperator)).status]).toEqual([line, 200]);
        }
        expect((await http.get("/-/tokens", asOperator)).text).toBe("[]\n");
        expect((await http.delete("/-/tokens/admin-file", asOperator)).status).toBe(404);
        expect(tokens.isGood(EVERYBODY)).toBe(false);
      },
      { adminSecret: ADMIN_SECRET },
    );
  });

  test("is exchanged while the server runs: the old one and its watches end, the same one again changes nothing", async () => {
    await withAccess(
      async (server) => {
        const { http, tokens } = server;
        const before = { Authorization: `Bearer ${ADMIN_SECRET}` };
        const stream = await http.open("/keys?watch", before);
        const ending = lastOf(stream.texts());
        await server.step();
        tokens.setAdminSecret(ADMIN_SECRET);
        expect((await http.get("/keys", before)).status).toBe(200);
        tokens.setAdminSecret(`${ADMIN_SECRET}2`.replace("=", ""));
        expect(await ending).toContain("token-ended");
        expect((await http.get("/keys", before)).status).toBe(401);
      },
      { adminSecret: ADMIN_SECRET },
    );
  });
});

async function lastOf(parts: AsyncIterable<string>): Promise<string> {
  let last = "";
  for await (const part of parts) last = part;
  return last;
}

/** A PUT whose body is on its way until `end` is called. */
function putSlowly(server: AccessServer, headers: Readonly<Record<string, string>>) {
  const body = Promise.withResolvers<Uint8Array>();
  const fields = new Headers({ ...headers, "Content-Length": "1" });
  const incoming: Incoming = {
    method: "PUT",
    target: "/a",
    origin: null,
    remoteAddress: null,
    isLocal: false,
    isKeptOpen: false,
    receivedBytes: 0,
    signal: new AbortController().signal,
    keepOpen: () => {},
    header: (name) => fields.get(name),
    body: () => body.promise,
  };
  const app = makeApp(server.store, server.log, {}, { tokens: server.tokens });
  return { answering: app.handle(incoming), end: () => body.resolve(new Uint8Array(1)) };
}
