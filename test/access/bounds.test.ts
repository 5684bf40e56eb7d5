// Bounds that an operator sets: how often a client asks, how many requests stand at once, how much the store holds.
import { describe, expect, test } from "bun:test";
import { withAccess } from "../support/access-server.ts";
import { withMemoryServer, withSqliteServer } from "../support/http-harness.ts";
import { openSocket } from "../support/socket-client.ts";

const IN_FLIGHT = 10;

test("an address that asks too often is told when it may again, and what it asked is not done", async () => {
  await withMemoryServer(
    async ({ http }) => {
      const answers = [];
      for (let index = 0; index < 15; index++) answers.push(await http.put(`/k${index}`, "v"));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(Number(refused[0]?.headers["retry-after"])).toBeGreaterThan(0);
      expect(JSON.parse(refused[0]?.text ?? "").code).toBe("too-many-requests");
    },
    { "address-requests": "1" },
  );
});

test("bytes that an address is sent count against it, those of a streamed listing too", async () => {
  await withMemoryServer(
    async ({ http }) => {
      await http.put("/keys/large", "x".repeat(30_000), { "Content-Type": "text/plain" });
      const listed = await http.get("/keys");
      expect(listed.status).toBe(200);
      expect((await http.get("/-/healthy")).status).toBe(429);
    },
    { "address-bytes": "8KiB" },
  );
});

test("a token has its own share, whatever the address", async () => {
  await withAccess(
    async (server) => {
      const secretOf = async (name: string) => {
        const { secret } = await server.tokens.issue({ name, scopes: ["read"], prefixes: [], expiresAt: null });
        return { Authorization: `Bearer ${secret}` };
      };
      const [one, other] = [await secretOf("one"), await secretOf("other")];
      const statuses = [];
      for (let index = 0; index < 12; index++) statuses.push((await server.http.get("/keys", one)).status);
      expect(statuses.filter((status) => status === 200).length).toBe(10);
      expect(statuses.at(-1)).toBe(429);
      expect((await server.http.get("/keys", other)).status).toBe(200);
    },
    { flags: { "token-requests": "1" } },
  );
});

test("more requests at once than may be are answered 503, and others again when some have ended", async () => {
  await withMemoryServer(
    async ({ http, url }) => {
      const half = "PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf";
      const sockets = await Promise.all(Array.from({ length: IN_FLIGHT }, () => openSocket(url ?? "")));
      for (const socket of sockets) socket.write(half);
      let answer = await http.get("/-/healthy");
      while (answer.status === 200) answer = await http.get("/-/healthy");
      expect(JSON.parse(answer.text)).toMatchObject({ status: 503, code: "busy", option: "--requests-in-flight" });
      for (const socket of sockets) socket.destroy();
      while (answer.status !== 200) answer = await http.get("/-/healthy");
      expect((await http.get("/keys")).text).toBe("[]");
    },
    { watchers: "5", "requests-in-flight": String(IN_FLIGHT) },
  );
});

describe.each([
  ["memory", withMemoryServer],
  ["sqlite", withSqliteServer],
] as const)("--store-size on %s", (_engine, withServer) => {
  test("refuses what adds beyond it, takes deletions, and then takes writes again", async () => {
    await withServer(
      async ({ http }) => {
        const value = "x".repeat(64 * 1024);
        const put = (index: number) => http.put(`/keys/k${index}`, value, { "Content-Type": "text/plain" });
        let stored = 0;
        let last = await put(stored);
        while (last.status === 201 && stored < 20) last = await put(++stored);
        expect(JSON.parse(last.text)).toMatchObject({ status: 507, code: "no-room", option: "--store-size" });
        expect(stored).toBeGreaterThan(8);
        expect((await http.get(`/keys?prefix=k&count&keys`)).headers["total-count"]).toBe(String(stored));
        expect((await http.send("DELETE /keys?prefix=k")).status).toBe(200);
        expect((await put(0)).status).toBe(201);
      },
      { "store-size": "1MiB" },
    );
  });
});

test("what is refused counts too, by the bytes that it has brought; HEAD counts for none", async () => {
  await withMemoryServer(
    async ({ http }) => {
      await http.put("/keys/large", "x".repeat(5000), { "Content-Type": "text/plain" });
      for (let index = 0; index < 30; index++) expect((await http.send("HEAD /keys/large")).status).toBe(200);
      const put = () => http.put("/keys/large", "x".repeat(5000), { "If-Match": '"no.tag"' });
      const statuses = [];
      for (let index = 0; index < 30; index++) statuses.push((await put()).status);
      expect(statuses[0]).toBe(412);
      expect(statuses.at(-1)).toBe(429);
    },
    { "address-bytes": "8KiB" },
  );
});
