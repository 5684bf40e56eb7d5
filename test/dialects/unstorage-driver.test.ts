// unstorage's http driver, unmodified, on /-/unstorage/, and its driver for Upstash on /-/redis: what all drivers are to do, and what
// is this server's own, such as ends, media types, tokens and keys that were set elsewhere.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createStorage, prefixStorage } from "unstorage";
import httpDriver from "unstorage/drivers/http";
import upstashDriver from "unstorage/drivers/upstash";
import { type RunningServer, startServer } from "../../src/compose.ts";
import { Http } from "../support/http-client.ts";
import { configOf } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { unstorageSuite } from "../support/unstorage-suite.ts";

let server: RunningServer;
let http: Http;

beforeAll(async () => {
  server = await startServer(configOf({ port: "0", store: "memory:" }), makeRecordingLog());
  http = new Http(makeSocketClient(server.url));
});

afterAll(async () => {
  server.stop();
  await server.ended;
});

const base = () => new URL("/-/unstorage", server.url).href;

describe("unstorage's http driver", () => {
  const storage = unstorageSuite(() => httpDriver({ base: base() }));

  test("sets and reads ends, and tells when an item was modified", async () => {
    await storage().setItem("ends", "v", { ttl: 300 });
    const meta = await storage().getMeta("ends");
    expect([meta.ttl, meta.mtime instanceof Date]).toEqual([300, true]);
    expect((await http.get("/keys/ends")).headers["ttl"]).toBe("300");
    await storage().setItem("ends", "v");
    expect((await storage().getMeta("ends")).ttl).toBeUndefined();
  });

  test("meets entries that were set elsewhere, and shows its own there", async () => {
    await http.put("/keys/elsewhere/a", "set by curl", { "Content-Type": "text/plain" });
    expect(await storage().getItem("elsewhere:a")).toBe("set by curl");
    await storage().setItem("here:b", { yes: true });
    expect((await http.get("/keys/here/b")).text).toBe('{"here/b": {"yes":true}}');
  });

  test("keeps apart what several programs set beneath bases of their own", async () => {
    const mine = prefixStorage(storage(), "mine");
    await mine.setItem("a", "v");
    await storage().setItem("yours:a", "v");
    expect(await mine.getKeys()).toEqual(["a"]);
    expect((await storage().getKeys()).toSorted()).toEqual(["mine:a", "yours:a"]);
  });
});

describe("unstorage's driver for Upstash", () => {
  const storage = unstorageSuite(() => upstashDriver({ url: new URL("/-/redis", server.url).href, token: "none" }));

  test("sets ends", async () => {
    await storage().setItem("ends", "v", { ttl: 300 });
    expect((await http.get("/keys/ends")).headers["ttl"]).toBe("300");
  });
});

describe("/-/unstorage/", () => {
  test("keeps media types as they are sent, whatever the bytes are", async () => {
    const type = { "Content-Type": "application/json" };
    expect((await http.put("/-/unstorage/typed", "no JSON", type)).status).toBe(201);
    const { headers, text } = await http.get("/-/unstorage/typed");
    expect([headers["content-type"], text]).toEqual(["application/json", "no JSON"]);
  });

  test("is conditional as /keys is, and answers parts and what has not changed", async () => {
    await http.put("/-/unstorage/part", "0123456789");
    const { headers } = await http.get("/-/unstorage/part");
    expect((await http.get("/-/unstorage/part", { "If-None-Match": headers["etag"] ?? "" })).status).toBe(304);
    expect((await http.get("/-/unstorage/part", { Range: "bytes=2-3" })).text).toBe("23");
    expect((await http.put("/-/unstorage/part", "x", { "If-None-Match": "*" })).status).toBe(412);
    expect((await http.delete("/-/unstorage/part", { "If-Match": '"other"' })).status).toBe(412);
  });

  test("clears nothing but where the path ends in a colon, and takes no parameters", async () => {
    await http.put("/-/unstorage/safe/a", "v");
    for (const target of ["/-/unstorage/", "/-/unstorage/safe/", "/-/unstorage/:?x", "/-/unstorage/:?base=safe"]) {
      const { status } = await http.delete(target);
      expect([target, status < 400 ? "done" : "refused"]).toEqual([
        target,
        target.endsWith("safe/") ? "done" : "refused",
      ]);
    }
    expect((await http.delete("/-/unstorage/safe%3A")).status).toBe(204);
    expect((await http.delete("/-/unstorage/safe/%3a")).status).toBe(204);
    expect((await http.get("/-/unstorage/safe/a")).status).toBe(200);
    expect((await http.delete("/-/unstorage/:", { "If-Match": "*" })).status).toBe(400);
    expect((await http.delete("/-/unstorage/safe/:")).text).toBe('{"deleted": 1}');
  });

  test("refuses an end that is none, and a value beyond --max-value", async () => {
    expect((await http.put("/-/unstorage/a", "v", { "X-TTL": "soon" })).status).toBe(400);
    expect((await http.put("/-/unstorage/a", "v", { "X-TTL": "0" })).status).toBe(400);
    expect((await http.put("/-/unstorage/a", "v".repeat(2_000_000))).status).toBe(413);
    expect((await http.get("/-/unstorage/a")).status).toBe(404);
  });

  test("lists and clears what a token's prefix allows alone", async () => {
    const admin = { Authorization: `Bearer ${await issue({ name: "all", scopes: ["admin", "read", "write"] }, {})}` };
    const token = await issue({ name: "app", prefixes: ["app/"] }, admin);
    const theirs = createStorage({
      driver: httpDriver({ base: base(), headers: { authorization: `Bearer ${token}` } }),
    });
    await http.put("/keys/other", "v", admin);
    await theirs.setItem("app:a", "v");
    expect(await theirs.getKeys()).toEqual(["app:a"]);
    await expect(theirs.getItem("other")).rejects.toThrow("403");
    await theirs.clear();
    expect(await theirs.getKeys()).toEqual([]);
    expect((await http.get("/keys/other", admin)).status).toBe(200);
  });
});

async function issue(grant: unknown, headers: Readonly<Record<string, string>>): Promise<string> {
  const issued: unknown = JSON.parse((await http.postJson("/-/tokens", JSON.stringify(grant), headers)).text);
  if (typeof issued === "object" && issued !== null && "token" in issued) return String(issued.token);
  throw new Error("No token was made");
}
