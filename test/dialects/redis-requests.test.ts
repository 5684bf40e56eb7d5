// /-/redis as a resource: what is logged and counted of its requests, what pages of other origins may, and its bounds.
import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/core/limits.ts";
import { bearer, issue, withAccess } from "../support/access-server.ts";
import { makeAppServer, withMemoryServer } from "../support/http-harness.ts";
import { keyholdOver, makeWallClockStore } from "../support/redis-sides.ts";
import { mustCommit, put } from "../support/requests.ts";

const PAGE = "https://app.example";

describe("/-/redis", () => {
  test("takes a token in the target, and leaves it out of the access log", async () => {
    await withAccess(
      async (server) => {
        const token = await issue(server);
        await server.http.get(`/-/redis/set/logged/value?EX=60&_token=${token.secret}`);
        expect((await server.http.get("/-/redis/ttl/logged", bearer(token))).text).toBe('{"result":60}');
        const log = JSON.stringify(server.log);
        expect([log.includes("/-/redis/set/logged/value?EX=60&_token=…"), log.includes(token.secret)]).toEqual([
          true,
          false,
        ]);
      },
      { flags: { "access-log": "true" } },
    );
  });

  test("is counted under its pattern, never under a key", async () => {
    await withMemoryServer(async ({ http }) => {
      await http.get("/-/redis/get/secret-key");
      await http.postJson("/-/redis/pipeline", '[["GET", "secret-key"]]');
      const { text } = await http.get("/-/metrics");
      expect(text).toMatch(/^keyhold_http_requests_total\{[^}]*route="\/-\/redis\/\{command\}"[^}]*\} 1$/m);
      expect(text).toMatch(/^keyhold_http_requests_total\{[^}]*route="\/-\/redis\/pipeline"[^}]*\} 1$/m);
      expect(text).not.toContain("secret-key");
    });
  });

  test("lets pages of known origins send what @upstash/redis sends, and others do nothing, by any method", async () => {
    const { http } = makeAppServer(makeWallClockStore(), { "cors-origins": PAGE });
    const asked = await http.send("OPTIONS /-/redis/pipeline", null, {
      Origin: PAGE,
      "Access-Control-Request-Method": "POST",
    });
    expect(asked.headers["access-control-allow-headers"]).toContain("Upstash-Encoding");
    expect(asked.headers["access-control-allow-headers"]).toContain("Upstash-Sync-Token");
    expect((await http.get("/-/redis/set/a/1", { Origin: PAGE })).text).toBe('{"result":"OK"}');
    for (const fields of [{ Origin: "https://other.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
      expect((await http.get("/-/redis/set/a/2", fields)).status).toBe(403);
      expect((await http.postJson("/-/redis", '["SET", "a", "2"]', fields)).status).toBe(403);
    }
    expect((await http.get("/-/redis/get/a")).text).toBe('{"result":"1"}');
  });

  test("runs nothing that writes for a browser that does not say whose page asks, as an image of any page could", async () => {
    const browser = { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)" };
    const { http } = makeAppServer(makeWallClockStore());
    for (const target of ["set/a/1", "flushall", "getdel/a"]) {
      expect((await http.get(`/-/redis/${target}`, browser)).status).toBe(403);
      expect((await http.send(`HEAD /-/redis/${target}`, null, browser)).status).toBe(403);
    }
    expect((await http.get("/-/redis/get/a", browser)).text).toBe('{"result":null}');
    expect((await http.get("/-/redis/set/a/1", { ...browser, "Sec-Fetch-Site": "none" })).status).toBe(200);
    expect((await http.postJson("/-/redis", '["SET", "a", "2"]', browser)).status).toBe(200);
    await withAccess(async (server) => {
      const { secret } = await issue(server);
      expect((await server.http.get(`/-/redis/set/a/1?_token=${secret}`, browser)).status).toBe(200);
    });
  });

  test("answers as many keys as it may by KEYS, and no more", async () => {
    const store = makeWallClockStore();
    for (let from = 0; from < LIMITS.redisKeys; from += LIMITS.batchMutations) {
      const keys = Array.from({ length: LIMITS.batchMutations }, (_, index) => put(`k${from + index}`));
      await mustCommit(store, ...keys);
    }
    const redis = keyholdOver(store);
    const all = await redis.one(["KEYS", "*"]);
    expect(Array.isArray(all) ? all.length : all).toBe(LIMITS.redisKeys);
    await mustCommit(store, put("one-more"));
    expect(await redis.one(["KEYS", "*"])).toBe(
      `!ERR more than ${LIMITS.redisKeys} keys match, which is the limit of KEYS here; use SCAN`,
    );
    expect(await redis.one(["KEYS", "one*"])).toEqual(["one-more"]);
    expect(await redis.one(["DBSIZE"])).toBe(LIMITS.redisKeys + 1);
  });

  test("keeps a value within --max-value, by any command, and has done nothing where one of several is longer", async () => {
    const { http } = makeAppServer(makeWallClockStore(), { "max-value": "1KiB" });
    const ask = async (...words: readonly string[]) => (await http.postJson("/-/redis", JSON.stringify(words))).text;
    const [fits, long] = ["x".repeat(1024), "x".repeat(1025)];
    expect(await ask("SET", "a", fits)).toBe('{"result":"OK"}');
    const refused = expect.stringContaining("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    expect(await ask("SET", "b", long)).toEqual(refused);
    expect(await ask("MSET", "b", "1", "c", long)).toEqual(refused);
    expect(await ask("APPEND", "a", "x")).toEqual(refused);
    expect(await ask("SETRANGE", "a", "1024", "x")).toEqual(refused);
    expect(await ask("SETRANGE", "a", "9223372036854775807", "x")).toEqual(refused);
    const lines = JSON.stringify([
      ["MSET", "b", "1", "c", long],
      ["APPEND", "a", "x"],
      ["EXISTS", "b", "c"],
      ["STRLEN", "a"],
    ]);
    const answers: unknown = JSON.parse((await http.postJson("/-/redis/multi-exec", lines)).text);
    expect(answers).toEqual([{ error: refused }, { error: refused }, { result: 0 }, { result: 1024 }]);
  });

  test("reads no more of several values than may be in memory, and a body no longer than one may be", async () => {
    const store = makeWallClockStore();
    const { http } = makeAppServer(store, { "max-value": "4MiB" });
    const ask = async (path: string, body: unknown) => (await http.postJson(path, JSON.stringify(body))).text;
    const value = "x".repeat(4 * 1024 * 1024);
    for (const key of ["a", "b", "c"]) await ask("/-/redis", ["SET", key, value]);
    expect((await ask("/-/redis", ["MGET", "a", "b"])).length).toBeGreaterThan(2 * value.length);
    expect(await ask("/-/redis", ["MGET", "a", "b", "c"])).toContain('{"error":"ERR Cannot read');
    expect(
      await ask("/-/redis/multi-exec", [
        ["COPY", "a", "d"],
        ["COPY", "b", "e"],
        ["COPY", "c", "f"],
      ]),
    ).toContain("ERR Cannot");
    expect(await ask("/-/redis", ["EXISTS", "d", "e", "f"])).toBe('{"result":0}');
    expect(await ask("/-/redis", ["MGET", "a", "a", "a"])).toContain('{"error":"ERR Cannot answer');
    const three = Array.from({ length: 3 }, () => ["GET", "a"]);
    expect(await ask("/-/redis/multi-exec", [["SET", "d", "1"], ...three])).toContain('{"error":"ERR Cannot answer');
    expect(await ask("/-/redis", ["EXISTS", "d"])).toBe('{"result":0}');
    const piped: readonly { error?: string }[] = JSON.parse(
      await ask("/-/redis/pipeline", [["SET", "d", "1"], ...three, ...three, ["INCR", "d"]]),
    );
    expect(piped.map(({ error }) => error?.slice(0, 11) ?? "answered")).toEqual([
      ...Array.from({ length: 4 }, () => "answered"),
      ...Array.from({ length: 4 }, () => "ERR not run"),
    ]);
    expect(await ask("/-/redis", ["GET", "d"])).toBe('{"result":"1"}');
    const appends = Array.from({ length: 17 }, () => ["APPEND", "e", ""]);
    expect(await ask("/-/redis/multi-exec", [["COPY", "a", "e"], ...appends])).toContain('{"error":"ERR Cannot write');
    const { status, text } = await http.postJson("/-/redis", " ".repeat(30 * 1024 * 1024));
    expect([status, text.slice(0, 10)]).toEqual([413, '{"error":"']);
  });
});
