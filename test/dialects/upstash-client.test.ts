// The client of Upstash, unmodified, against a server on a socket that asks for tokens: each command that there is, pipelines made
// by hand and by the client, transactions, bytes and other scripts, errors. The last line counts what it asked.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "@upstash/redis";
import { type RunningServer, startServer } from "../../src/compose.ts";
import { COMMANDS } from "../../src/http/redis/commands.ts";
import { Http } from "../support/http-client.ts";
import { configOf } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { makeSocketClient } from "../support/socket-client.ts";

/** Names of the commands that have been sent, and how many. */
const sent = new Map<string, number>();
const log = makeRecordingLog();
const realFetch = globalThis.fetch;
let server: RunningServer;
let http: Http;
let token: string;
/** As most programs have it: values are parsed as JSON, answers in Base64, calls of one turn in one pipeline. */
let redis: Redis;
/** One request a command, and values as they are. */
let plain: Redis;

beforeAll(async () => {
  server = await startServer(configOf({ port: "0", store: "memory:", "access-log": "true" }), log);
  http = new Http(makeSocketClient(server.url));
  token = await issue({ name: "all", scopes: ["admin", "read", "write"] });
  globalThis.fetch = Object.assign(recordingFetch, realFetch);
  redis = new Redis({ url: url(), token });
  plain = new Redis({ url: url(), token, enableAutoPipelining: false, automaticDeserialization: false });
});

afterAll(async () => {
  globalThis.fetch = realFetch;
  server.stop();
  await server.ended;
  const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
  console.log(`@upstash/redis, unmodified: ${total} commands sent, all ${COMMANDS.length} kinds of them`);
});

describe("@upstash/redis", () => {
  test("sets and gets texts, numbers, objects and nothing", async () => {
    expect(await redis.set("greeting", "hello")).toBe("OK");
    expect(await redis.get<string>("greeting")).toBe("hello");
    expect(await redis.set("number", 42)).toBe("OK");
    expect(await redis.get<number>("number")).toBe(42);
    const user = { name: "Zoë", tags: ["a", "ü", "€", "😀"], nested: { yes: true, none: null } };
    await redis.set("user", user);
    expect(await redis.get<typeof user>("user")).toEqual(user);
    expect(await redis.get("missing")).toBeNull();
    const { text } = await http.get("/keys/greeting", { Authorization: `Bearer ${token}` });
    expect(text).toBe('{"greeting": "hello"}');
  });

  test("sets under conditions, with ends, and tells what stood", async () => {
    expect(await redis.set("lock", "me", { nx: true, px: 60_000 })).toBe("OK");
    expect(await redis.set("lock", "you", { nx: true })).toBeNull();
    expect(await redis.set("lock", "still me", { xx: true, get: true, keepTtl: true })).toBe("me");
    expect(await redis.pttl("lock")).toBeGreaterThan(50_000);
    expect(await redis.set("lock", "x", { ex: 100 })).toBe("OK");
    expect(await redis.ttl("lock")).toBe(100);
    await redis.set("lock", "x", { exat: 4_102_444_800 });
    expect(await redis.exec<number>(["EXPIRETIME", "lock"])).toBe(4_102_444_800);
    await redis.set("lock", "x", { pxat: 4_102_444_800_123 });
    expect(await redis.exec<number>(["PEXPIRETIME", "lock"])).toBe(4_102_444_800_123);
    expect([await redis.setnx("once", 1), await redis.setnx("once", 2), await redis.get<number>("once")]).toEqual([
      1, 0, 1,
    ]);
    expect(await redis.setex("short", 50, "v")).toBe("OK");
    expect(await redis.psetex("shorter", 50_000, "v")).toBe("OK");
    expect([await redis.ttl("short"), await redis.ttl("shorter")]).toEqual([50, 50]);
  });

  test("takes, replaces and touches what it gets", async () => {
    await redis.set("old", "1st");
    expect(await redis.getset("old", "2nd")).toBe("1st");
    expect(await redis.getex<string>("old", { ex: 500 })).toBe("2nd");
    expect(await redis.ttl("old")).toBe(500);
    expect(await redis.getex<string>("old", { persist: true })).toBe("2nd");
    expect(await redis.ttl("old")).toBe(-1);
    expect(await redis.getdel<string>("old")).toBe("2nd");
    expect([await redis.getdel("old"), await redis.ttl("old")]).toEqual([null, -2]);
  });

  test("sets and gets several", async () => {
    expect(await redis.mset({ m1: "a", m2: { b: 1 }, m3: 3 })).toBe("OK");
    expect(await redis.mget("m1", "none", "m2", "m3")).toEqual(["a", null, { b: 1 }, 3]);
    expect(await redis.msetnx({ m4: "new", m1: "no" })).toBe(0);
    expect(await redis.exists("m4")).toBe(0);
    expect(await redis.msetnx({ m4: "new", m5: "new" })).toBe(1);
    expect(await redis.exists("m4", "m5", "m5", "none")).toBe(3);
    expect(await redis.touch("m4", "none")).toBe(1);
    expect(await redis.del("m1", "m2", "none")).toBe(2);
    expect(await redis.unlink("m3", "m4", "m5")).toBe(3);
  });

  test("works on parts of a value", async () => {
    expect(await redis.append("part", "Hello ")).toBe(6);
    expect(await redis.append("part", "World")).toBe(11);
    expect(await redis.strlen("part")).toBe(11);
    expect(await redis.getrange("part", -5, -1)).toBe("World");
    expect(await redis.exec<string>(["SUBSTR", "part", 0, 4])).toBe("Hello");
    expect(await redis.setrange("part", 6, "Redis")).toBe(11);
    expect(await redis.get<string>("part")).toBe("Hello Redis");
  });

  test("counts", async () => {
    expect([
      await redis.incr("n"),
      await redis.incrby("n", 41),
      await redis.decr("n"),
      await redis.decrby("n", 11),
    ]).toEqual([1, 42, 41, 30]);
    expect(await redis.incrbyfloat("n", 0.5)).toBe(30.5);
    await plain.set("edge", "9007199254740992");
    await plain.incr("edge");
    expect(await plain.get<string>("edge")).toBe("9007199254740993");
    await expect(redis.incr("greeting")).rejects.toThrow("ERR value is not an integer or out of range");
  });

  test("tells and changes when entries end", async () => {
    await redis.set("ends", "v");
    expect([
      await redis.expire("ends", 1000, "NX"),
      await redis.expire("ends", 1, "NX"),
      await redis.expire("ends", 1, "GT"),
    ]).toEqual([1, 0, 0]);
    expect(await redis.expire("ends", 2000, "XX")).toBe(1);
    expect(await redis.pexpire("ends", 1_500_000, "LT")).toBe(1);
    expect(await redis.ttl("ends")).toBe(1500);
    expect(await redis.expireat("ends", 4_102_444_800)).toBe(1);
    expect(await redis.pexpireat("ends", 4_102_444_800_456)).toBe(1);
    expect([await redis.persist("ends"), await redis.persist("ends")]).toEqual([1, 0]);
    expect(await redis.expire("ends", -1)).toBe(1);
    expect(await redis.get("ends")).toBeNull();
  });

  test("renames, copies, and tells the type", async () => {
    await redis.set("from", "v", { ex: 300 });
    expect(await redis.rename("from", "to")).toBe("OK");
    expect([await redis.ttl("to"), await redis.type("to"), await redis.type("from")]).toEqual([300, "string", "none"]);
    await redis.set("taken", "x");
    expect([await redis.renamenx("to", "taken"), await redis.renamenx("to", "free")]).toEqual([0, 1]);
    expect([await redis.copy("free", "taken"), await redis.copy("free", "taken", { replace: true })]).toEqual([
      "NOT_COPIED",
      "COPIED",
    ]);
    await expect(redis.rename("none", "x")).rejects.toThrow("ERR no such key");
  });

  test("scans in pages, by patterns, with types, and lists", async () => {
    await redis.mset(Object.fromEntries(Array.from({ length: 57 }, (_, index) => [`scan:${index}`, index])));
    const seen: string[] = [];
    let cursor = "0";
    do {
      const [next, page] = await redis.scan(cursor, { match: "scan:*", count: 10 });
      expect(page.length).toBeLessThanOrEqual(10);
      seen.push(...page);
      cursor = next;
    } while (cursor !== "0");
    expect([seen.length, new Set(seen).size]).toEqual([57, 57]);
    expect((await redis.scan(0, { match: "scan:[1-3]", count: 100 }))[1]).toEqual(["scan:1", "scan:2", "scan:3"]);
    expect((await redis.scan("0", { match: "scan:5", count: 100, withType: true }))[1]).toEqual([
      { key: "scan:5", type: "string" },
    ]);
    expect((await redis.scan(0, { type: "hash" }))[1]).toEqual([]);
    expect((await redis.keys("scan:5[^0-5]")).toSorted()).toEqual(["scan:56"]);
    expect(await redis.keys("scan:\\*")).toEqual([]);
    await expect(redis.scan("not a cursor")).rejects.toThrow("ERR invalid cursor");
    expect(await redis.keys("*")).toContain(String(await redis.randomkey()));
    expect(await redis.dbsize()).toBe((await redis.keys("*")).length);
  });

  test("answers for the server", async () => {
    expect([await redis.ping(), await redis.ping(["hello"]), await redis.echo("there")]).toEqual([
      "PONG",
      "hello",
      "there",
    ]);
    const [seconds, microseconds] = await redis.time();
    expect([Number(seconds) > 1_700_000_000, Number(microseconds) < 1_000_000]).toEqual([true, true]);
    expect(await redis.exec<string>(["INFO"])).toContain("redis_version:");
    expect(await redis.exec<string>(["SELECT", 0])).toBe("OK");
    expect(await redis.exec<string>(["CLIENT", "SETINFO", "LIB-NAME", "test"])).toBe("OK");
  });

  test("keeps bytes, and every script and sign, as they are", async () => {
    const texts = [
      "",
      "OK",
      "T0s=",
      "a\u0000b",
      "\u2028",

      '"quoted"',
      "日本語",
      "👩‍👩‍👧",
      "\ud7ff\ue000",
      "1e1000",
    ];
    for (const text of texts) {
      await plain.set("text", text);
      expect(await plain.get<string>("text")).toBe(text);
    }
    await http.put("/keys/bytes", new Uint8Array([0, 255, 128, 65]), { Authorization: `Bearer ${token}` });
    expect(await plain.strlen("bytes")).toBe(4);
    const uncoded = new Redis({ url: url(), token, responseEncoding: false, automaticDeserialization: false });
    expect(await uncoded.get<string>("bytes")).toBe("\u0000\ufffd\ufffdA");
    expect(await uncoded.mget("text", "none")).toEqual(["1e1000", null]);
  });

  test("sends calls of one turn as one pipeline, each answered for itself", async () => {
    const before = requests;
    const answers = await Promise.allSettled([
      redis.set("auto:1", 1),
      redis.incr("auto:1"),
      redis.incr("greeting"),
      redis.set("auto:2", "x"),
    ]);
    expect(requests - before).toBe(1);
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "failed"))).toEqual([
      "OK",
      2,
      "failed",
      "OK",
    ]);
  });

  test("runs pipelines of hundreds, in order", async () => {
    const pipeline = redis.pipeline();
    for (let index = 0; index < 300; index++) pipeline.incr("piped");
    pipeline.get("piped").lpush("list", 1).dbsize();
    const answers = await pipeline.exec({ keepErrors: true });
    expect(answers.slice(0, 300).map(({ result }) => result)).toEqual(
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
    expect(answers[300]?.result).toBe(300);
    expect(answers[301]?.error).toStartWith("ERR unknown command 'lpush'");
    expect(answers[302]?.error).toBeUndefined();
  });

  test("runs transactions, whose commands see what those before have done, and whose errors undo nothing", async () => {
    const answers = await redis
      .multi()
      .set("tx", "5")
      .incr("tx")
      .set("tx:text", "abc", { ex: 100 })
      .append("tx:text", "def")
      .incr("tx:text")
      .get("tx:text")
      .ttl("tx:text")
      .del("tx")
      .exists("tx")
      .exec({ keepErrors: true });
    expect(answers.map(({ result, error }) => error ?? result)).toEqual([
      "OK",
      6,
      "OK",
      6,
      "ERR value is not an integer or out of range",
      "abcdef",
      100,
      1,
      0,
    ]);
    await expect(redis.multi().set("tx:never", 1).lpush("list", 1).exec()).rejects.toThrow("EXECABORT");
    await expect(redis.multi().set("tx:never", 1).dbsize().exec()).rejects.toThrow("EXECABORT");
    expect(await redis.exists("tx:never")).toBe(0);
  });

  test("adds up where transactions of several clients meet", async () => {
    const clients = Array.from({ length: 8 }, () => new Redis({ url: url(), token }));
    const transfer = (client: Redis) => client.multi().incr("sum:a").decr("sum:b").get("sum:a").get("sum:b").exec();
    const answers = await Promise.all(clients.flatMap((client) => Array.from({ length: 10 }, () => transfer(client))));
    for (const [a, b, readA, readB] of answers) expect([Number(readA), Number(readB), a]).toEqual([a, b, -b]);
    expect(await redis.mget("sum:a", "sum:b")).toEqual([80, -80]);
  });

  test("is told clearly what is wrong", async () => {
    await expect(plain.lpush("list", 1)).rejects.toThrow(
      "ERR unknown command 'lpush'. Known here: APPEND, CLIENT, COPY",
    );
    await expect(plain.exec(["get"])).rejects.toThrow("ERR wrong number of arguments for 'get' command");
    await expect(plain.set("", "x")).rejects.toThrow("ERR Cannot use");
    await expect(new Redis({ url: url(), token: "wrong" }).get("a")).rejects.toThrow(
      "WRONGPASS This server does not know",
    );
    const reader = new Redis({ url: url(), token: await issue({ name: "r", scopes: ["read"] }) });
    await expect(reader.set("a", 1)).rejects.toThrow("NOPERM The token");
    const within = new Redis({ url: url(), token: await issue({ name: "p", prefixes: ["scan:"] }) });
    expect(await within.get<number>("scan:7")).toBe(7);
    await expect(within.get("greeting")).rejects.toThrow('NOPERM The token gives no leave for "greeting"');
    expect(await within.dbsize()).toBe(57);
    expect(await within.flushdb()).toBe("OK");
    expect(await redis.exists("scan:7", "greeting")).toBe(1);
  });

  test("has asked every command that there is, once the store is cleared", async () => {
    expect(await redis.flushdb()).toBe("OK");
    expect(await redis.flushall()).toBe("OK");
    expect(await redis.dbsize()).toBe(0);
    const known = COMMANDS.map(({ name }) => name);
    expect(known.filter((name) => !sent.has(name))).toEqual([]);
  });

  test("leaves its token in no log", () => {
    expect(log.accesses.length).toBeGreaterThan(100);
    expect(JSON.stringify([log.lines, log.accesses])).not.toContain(token);
  });
});

let requests = 0;

async function recordingFetch(target: string | URL | Request, init?: RequestInit): Promise<Response> {
  requests++;
  const body: unknown = JSON.parse(String(init?.body));
  const lines = Array.isArray(body) && Array.isArray(body[0]) ? body : [body];
  for (const [name] of lines) sent.set(String(name).toLowerCase(), (sent.get(String(name).toLowerCase()) ?? 0) + 1);
  return realFetch(target, init);
}

function url(): string {
  return new URL("/-/redis", server.url).href;
}

async function issue(grant: Readonly<Record<string, unknown>>): Promise<string> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const { text } = await http.postJson("/-/tokens", JSON.stringify(grant), headers);
  const issued: unknown = JSON.parse(text);
  if (typeof issued === "object" && issued !== null && "token" in issued) return String(issued.token);
  throw new Error(`No token was made: ${text}`);
}
