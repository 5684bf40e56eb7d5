// Every route by every kind of token. What is expected is written out here by hand, and not read from the route table: a new
// route fails until it stands here.
import { describe, expect, test } from "bun:test";
import { withoutToken } from "../../src/http/access.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { type AccessServer, bearer, issue, withAccess } from "../support/access-server.ts";
import type { HttpAnswer } from "../support/http-client.ts";

type Json = Readonly<Record<string, string>>;

interface Row {
  /** As in the route table. */
  readonly route: string;
  readonly line: string;
  readonly body?: string;
  readonly headers?: Json;
  /** Every scope that is needed; none for a route that is open to all. */
  readonly needs: readonly string[];
  /** What is answered with leave. */
  readonly status: number;
  /** With a token for the keys that begin with "in/" alone; as `status` where it is not said. */
  readonly within?: number;
}

const JSON_TYPE: Json = { "Content-Type": "application/json" };
const FORM: Json = { "Content-Type": "application/x-www-form-urlencoded" };
const MERGE: Json = { "Content-Type": "application/merge-patch+json" };
const SHOWN: Json = { Prefer: "return=representation" };

/** "/out" and "/keys/out" name a key outside "in/". */
const ROWS: readonly Row[] = [
  { route: "GET /", line: "GET /", needs: [], status: 200 },
  { route: "GET /{key}", line: "GET /out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /{key}", line: "HEAD /out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /{key}", line: "GET /none", needs: ["read"], status: 404, within: 403 },
  { route: "GET /{key}", line: "GET /out?wait=0", needs: ["read"], status: 200, within: 403 },
  { route: "PUT /{key}", line: "PUT /out", body: "v", needs: ["write"], status: 204, within: 403 },
  {
    route: "PATCH /{key}",
    line: "PATCH /n",
    body: "incr=1",
    headers: FORM,
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "DELETE /{key}", line: "DELETE /out", needs: ["write"], status: 204, within: 403 },
  { route: "DELETE /{key}", line: "DELETE /out", headers: SHOWN, needs: ["write", "read"], status: 200, within: 403 },
  { route: "GET /keys", line: "GET /keys", needs: ["read"], status: 200 },
  { route: "GET /keys", line: "HEAD /keys?count", needs: ["read"], status: 200 },
  { route: "GET /keys", line: "GET /keys?key=out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /keys", line: "GET /keys?wait=0&prefix=in", needs: ["read"], status: 200 },
  { route: "GET /keys", line: "HEAD /keys?watch", needs: ["watch"], status: 200 },
  { route: "GET /keys", line: "GET /keys?watch=no", needs: ["watch"], status: 400 },
  { route: "QUERY /keys", line: "QUERY /keys", body: "{}", headers: JSON_TYPE, needs: ["read"], status: 200 },
  {
    route: "QUERY /keys",
    line: "QUERY /keys",
    body: '{"watch": true}',
    headers: JSON_TYPE,
    needs: ["read"],
    status: 400,
  },
  {
    route: "POST /keys",
    line: "POST /keys",
    body: '{"new": 1}',
    headers: JSON_TYPE,
    needs: ["write"],
    status: 201,
    within: 403,
  },
  { route: "PUT /keys", line: "PUT /keys?out=1", needs: ["write"], status: 200, within: 403 },
  {
    route: "PATCH /keys",
    line: "PATCH /keys",
    body: '{"out": 1}',
    headers: MERGE,
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "DELETE /keys", line: "DELETE /keys", needs: ["write"], status: 200 },
  { route: "DELETE /keys", line: "DELETE /keys?key=out", needs: ["write"], status: 200, within: 403 },
  { route: "GET /keys/{key}", line: "GET /keys/out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /keys/{key}", line: "GET /keys/in/1", needs: ["read"], status: 200 },
  { route: "PUT /keys/{key}", line: "PUT /keys/out", body: "v", needs: ["write"], status: 200, within: 403 },
  { route: "PUT /keys/{key}", line: "PUT /keys/in/1", body: "v", needs: ["write"], status: 200 },
  {
    route: "PATCH /keys/{key}",
    line: "PATCH /keys/n",
    body: "incr=1",
    headers: FORM,
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "DELETE /keys/{key}", line: "DELETE /keys/out", needs: ["write"], status: 200, within: 403 },
  { route: "DELETE /keys/{key}", line: "DELETE /keys/in/1", headers: SHOWN, needs: ["write", "read"], status: 200 },
  {
    route: "POST /-/txn",
    line: "POST /-/txn",
    body: '{"ops": [{"put": {"key": "out", "value": 1}}]}',
    headers: JSON_TYPE,
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "GET /-/healthy", line: "GET /-/healthy", needs: [], status: 200 },
  { route: "GET /-/ready", line: "GET /-/ready", needs: [], status: 200 },
  { route: "GET /-/info", line: "GET /-/info", needs: ["admin"], status: 200 },
  { route: "GET /-/metrics", line: "GET /-/metrics", needs: ["metrics"], status: 200 },
  { route: "GET /-/backup", line: "GET /-/backup", needs: ["admin"], status: 501 },
  { route: "GET /-/export", line: "GET /-/export", needs: ["admin"], status: 200 },
  { route: "POST /-/import", line: "POST /-/import", body: "{}", needs: ["admin"], status: 400 },
  { route: "GET /-/tokens", line: "GET /-/tokens", needs: ["admin"], status: 200 },
  {
    route: "POST /-/tokens",
    line: "POST /-/tokens",
    body: '{"name": "n"}',
    headers: JSON_TYPE,
    needs: ["admin"],
    status: 201,
  },
  { route: "DELETE /-/tokens/{id}", line: "DELETE /-/tokens/nobody", needs: ["admin"], status: 404 },
  { route: "GET /-/console", line: "GET /-/console", needs: [], status: 200 },
  { route: "GET /-/docs", line: "GET /-/docs", needs: [], status: 200 },
  { route: "GET /-/openapi.json", line: "GET /-/openapi.json", needs: [], status: 200 },
  { route: "GET /-/assets/{name}", line: "GET /-/assets/none.js", needs: [], status: 404 },
  { route: "GET /-/problems/{code}", line: "GET /-/problems/forbidden", needs: [], status: 200 },
  { route: "POST /-/redis", line: "POST /-/redis", body: '["GET", "out"]', needs: ["read"], status: 200, within: 403 },
  { route: "POST /-/redis", line: "POST /-/redis", body: '["SET", "in/1", "7"]', needs: ["write"], status: 200 },
  {
    route: "POST /-/redis",
    line: "POST /-/redis",
    body: '["SET", "out", "7", "GET"]',
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "POST /-/redis", line: "POST /-/redis", body: '["DBSIZE"]', needs: ["read"], status: 200 },
  { route: "POST /-/redis", line: "POST /-/redis", body: '["FLUSHDB"]', needs: ["write"], status: 200 },
  {
    route: "POST /-/redis/multi-exec",
    line: "POST /-/redis/multi-exec",
    body: '[["SET", "in/1", "7"], ["INCR", "out"]]',
    needs: ["write", "read"],
    status: 200,
    within: 403,
  },
  { route: "GET /-/redis/{command}", line: "GET /-/redis/get/out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /-/redis/{command}", line: "GET /-/redis/set/out/8", needs: ["write"], status: 200, within: 403 },
  {
    route: "POST /-/redis/{command}",
    line: "POST /-/redis/set/out",
    body: "8",
    needs: ["write"],
    status: 200,
    within: 403,
  },
  {
    route: "PUT /-/redis/{command}",
    line: "PUT /-/redis/set/out",
    body: "8",
    needs: ["write"],
    status: 200,
    within: 403,
  },
  { route: "GET /-/unstorage/{key}", line: "GET /-/unstorage/out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /-/unstorage/{key}", line: "HEAD /-/unstorage/out", needs: ["read"], status: 200, within: 403 },
  { route: "GET /-/unstorage/{key}", line: "GET /-/unstorage/:", needs: ["read"], status: 200 },
  {
    route: "PUT /-/unstorage/{key}",
    line: "PUT /-/unstorage/out",
    body: "8",
    needs: ["write"],
    status: 204,
    within: 403,
  },
  { route: "DELETE /-/unstorage/{key}", line: "DELETE /-/unstorage/out", needs: ["write"], status: 204, within: 403 },
  { route: "DELETE /-/unstorage/{key}", line: "DELETE /-/unstorage/:", needs: ["write"], status: 200 },
];

const SCOPES_ALONE = ["read", "write", "watch", "admin", "metrics"];
const BAD: Readonly<Record<string, Json>> = {
  nothing: {},
  "an unknown secret": { Authorization: `Bearer kh_${"A".repeat(43)}` },
  "the secret as Basic": { Authorization: "Basic a2g6c2VjcmV0" },
  "an empty field": { Authorization: "" },
};

async function withEntries(body: (server: AccessServer) => Promise<void>): Promise<void> {
  await withAccess(async (server) => {
    for (const line of ["PUT /out", "PUT /keys/in/1", "PUT /n"]) await server.http.send(line, "7");
    await body(server);
  });
}

function ask({ http }: AccessServer, { line, body, headers = {} }: Row, credentials: Json): Promise<HttpAnswer> {
  return http.send(line, body ?? null, { ...headers, ...credentials });
}

test("every route of the table stands here", () => {
  const routes = new Set(ROUTES.map(({ method, pattern }) => `${method} ${pattern}`));
  routes.delete("POST /-/redis/pipeline");
  expect([...new Set(ROWS.map(({ route }) => route))].toSorted()).toEqual([...routes].toSorted());
});

describe.each(ROWS)("$line, which needs $needs", (row) => {
  const isOpen = row.needs.length === 0;

  test("is answered as long as there is no token", async () => {
    await withEntries(async (server) => {
      expect((await ask(server, row, {})).status).toBe(row.status);
    });
  });

  test.each(Object.keys(BAD))("with %s is 401 once there is one, and does nothing", async (kind) => {
    await withEntries(async (server) => {
      await issue(server);
      const before = JSON.stringify([await server.store.latestCursor(), server.store.stats(), server.tokens.list()]);
      const { status, headers } = await ask(server, row, BAD[kind] ?? {});
      expect(status).toBe(isOpen ? row.status : 401);
      if (isOpen) return;
      expect(headers["www-authenticate"]).toBe(
        kind === "nothing" ? 'Bearer realm="keyhold"' : 'Bearer realm="keyhold", error="invalid_token"',
      );
      expect(JSON.stringify([await server.store.latestCursor(), server.store.stats(), server.tokens.list()])).toBe(
        before,
      );
    });
  });

  test("with a token that has expired or was revoked is 401, were it the last", async () => {
    await withEntries(async (server) => {
      const [ended, revoked] = [await issue(server, { endsInMs: 1 }), await issue(server)];
      await server.step();
      await server.tokens.revoke(revoked.record.id);
      for (const token of [ended, revoked]) {
        expect((await ask(server, row, bearer(token))).status).toBe(isOpen ? row.status : 401);
      }
    });
  });

  test.each(SCOPES_ALONE)("with the scope %s alone is answered where that is all it needs, else 403", async (scope) => {
    await withEntries(async (server) => {
      const { status, headers } = await ask(server, row, bearer(await issue(server, { scopes: [scope] })));
      const isGiven = (needed: string) => needed === scope || (needed === "metrics" && scope === "admin");
      const missing = row.needs.find((needed) => !isGiven(needed));
      expect(status).toBe(missing === undefined ? row.status : 403);
      if (missing !== undefined) expect(headers["www-authenticate"]).toContain('error="insufficient_scope", scope="');
    });
  });

  test("with every scope is answered", async () => {
    await withEntries(async (server) => {
      expect((await ask(server, row, bearer(await issue(server)))).status).toBe(row.status);
    });
  });

  test("with a prefix is answered as far as its keys go", async () => {
    await withEntries(async (server) => {
      const expected = row.needs.some((needed) => needed === "admin" || needed === "metrics")
        ? 403
        : (row.within ?? row.status);
      expect((await ask(server, row, bearer(await issue(server, { prefixes: ["in/"] })))).status).toBe(expected);
      // What is outside is neither read nor written.
      const seen = await server.store.getMany(["out", "n"].map((key) => key as never));
      expect(seen.map((entry) => new TextDecoder().decode(entry?.value))).toEqual(["7", "7"]);
    });
  });
});

/** Each of its commands is answered for itself, so it has no row. */
test("a pipeline is let in with any token, and each of its commands with its scope and keys alone", async () => {
  await withEntries(async (server) => {
    const lines = '[["GET", "out"], ["SET", "in/1", "8"], ["GET", "in/1"], ["PING"]]';
    const asked = (headers: Json) => server.http.send("POST /-/redis/pipeline", lines, headers);
    const all = [{ result: "7" }, { result: "OK" }, { result: "8" }, { result: "PONG" }];
    expect(JSON.parse((await asked({})).text)).toEqual(all);
    const [reads, metrics] = [await issue(server, { scopes: ["read"] }), await issue(server, { scopes: ["metrics"] })];
    const [within, every] = [await issue(server, { prefixes: ["in/"] }), await issue(server)];
    expect((await asked({})).status).toBe(401);
    const refused = { error: expect.stringMatching(/^NOPERM The token/) };
    expect(JSON.parse((await asked(bearer(reads))).text)).toEqual([all[0], refused, all[2], all[3]]);
    expect(JSON.parse((await asked(bearer(metrics))).text)).toEqual([refused, refused, refused, all[3]]);
    expect(JSON.parse((await asked(bearer(within))).text)).toEqual([refused, all[1], all[2], all[3]]);
    expect(JSON.parse((await asked(bearer(every))).text)).toEqual(all);
  });
});

test("a token in the target is taken where clients of Upstash put it, and nowhere else; no log shows it", async () => {
  await withEntries(async (server) => {
    const token = await issue(server);
    expect((await server.http.get(`/-/redis/get/out?_token=${token.secret}`)).text).toBe('{"result":"7"}');
    expect((await server.http.get(`/keys/out?_token=${token.secret}`)).status).toBe(401);
    expect((await server.http.get("/-/redis/get/out?_token=kh_wrong")).status).toBe(401);
    expect(withoutToken(`/-/redis/get/out?EX=1&_token=${token.secret}&NX`, "_token")).toBe(
      "/-/redis/get/out?EX=1&_token=…&NX",
    );
  });
});

test("paths that nothing serves, methods that nothing takes, and OPTIONS need no token", async () => {
  await withEntries(async (server) => {
    await issue(server);
    expect((await server.http.get("/-/nothing")).status).toBe(404);
    expect((await server.http.send("TRACE /out")).status).toBe(405);
    expect((await server.http.send("POST /-/info")).status).toBe(405);
    expect((await server.http.send("OPTIONS /out")).status).toBe(204);
  });
});

test("who asks is decided before what the request says is read", async () => {
  await withEntries(async (server) => {
    await issue(server);
    for (const line of ["GET /keys?%ff", "GET /keys/%ff", "PUT /keys?=", "GET /keys?nonsense=1", "GET /my-key"]) {
      expect([line, (await server.http.send(line)).status]).toEqual([line, 401]);
    }
    expect((await server.http.put("/a", "x".repeat(2000))).status).toBe(401);
    expect((await server.http.put("/a", "x", { "Idempotency-Key": "\u00e9" })).status).toBe(401);
  });
});
