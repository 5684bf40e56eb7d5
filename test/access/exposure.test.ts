// Who is let in by the name that is asked for and by the web page that asks: one table, asked of the App as the transport
// would hand requests on. The default configuration, but for what a row says.
import { describe, expect, test } from "bun:test";
import { withMemoryServer } from "../support/http-harness.ts";

type Flags = Readonly<Record<string, string>>;
type Headers = Readonly<Record<string, string>>;

const DEFAULT: Flags = { "allowed-hosts": "none" };
const PAGES: Flags = { "cors-origins": "https://app.example.com, http://localhost:8080" };

const HOSTS: readonly (readonly [flags: Flags, host: string, isServed: boolean])[] = [
  [DEFAULT, "127.0.0.1", true],
  [DEFAULT, "127.0.0.1:3000", true],
  [DEFAULT, "192.0.2.7:80", true],
  [DEFAULT, "[::1]:3000", true],
  [DEFAULT, "[2001:db8::1]", true],
  [DEFAULT, "localhost", true],
  [DEFAULT, "LocalHost:3000", true],
  [DEFAULT, "localhost.:3000", true],
  [DEFAULT, "app.localhost", true],
  [DEFAULT, "evil.example", false],
  [DEFAULT, "evil.example:3000", false],
  [DEFAULT, "localhost.evil.example", false],
  [DEFAULT, "127.0.0.1.evil.example", false],
  [DEFAULT, "evillocalhost", false],
  [DEFAULT, "2130706433", false],
  [DEFAULT, "127.0.0.1, evil.example", false],
  [DEFAULT, "[::1].evil.example", false],
  [{ "allowed-hosts": "kv.example.com" }, "kv.example.com:3000", true],
  [{ "allowed-hosts": "kv.example.com" }, "KV.Example.com.", true],
  [{ "allowed-hosts": "kv.example.com" }, "a.kv.example.com", false],
  [{ "allowed-hosts": "kv.example.com" }, "localhost", true],
  [{ "allowed-hosts": "*.example.com" }, "a.b.example.com", true],
  [{ "allowed-hosts": "*.example.com" }, "example.com", false],
  [{ "allowed-hosts": "*.example.com" }, "evilexample.com", false],
  [{ "allowed-hosts": "*" }, "anything.at.all", true],
];

describe("the name that is asked for", () => {
  for (const [flags, host, isServed] of HOSTS) {
    test(`${host} with ${JSON.stringify(flags)} is ${isServed ? "served" : "refused"}`, async () => {
      await withMemoryServer(async ({ http }) => {
        for (const line of ["GET /-/healthy", "GET /a", "PUT /a", "OPTIONS /a", "GET /nothing/here"]) {
          const { status, text } = await http.send(line, null, { Host: host });
          const isRefused = status === 421 || text.includes("is no host with a port");
          expect({ line, isRefused }).toEqual({ line, isRefused: !isServed });
        }
      }, flags);
    });
  }
  test("is looked at again for each request, also when others have been served", async () => {
    await withMemoryServer(async ({ http }) => {
      expect((await http.get("/-/healthy", { Host: "localhost" })).status).toBe(200);
      expect((await http.get("/-/healthy", { Host: "evil.example" })).status).toBe(421);
    }, DEFAULT);
  });
});

const OWN = "127.0.0.1:3000";
const FOREIGN: readonly Headers[] = [
  { Origin: "https://evil.example" },
  { Origin: "null" },
  { Origin: "http://127.0.0.1:3001" },
  { Origin: "http://127.0.0.1" },
  { Origin: "https://app.example.com.evil.example" },
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
];
const OF_OWN: readonly Headers[] = [
  {},
  { Origin: `http://${OWN}` },
  { Origin: `https://${OWN}` },
  { Origin: `http://${OWN}`, "Sec-Fetch-Site": "same-origin" },
  { "Sec-Fetch-Site": "none" },
  { "Sec-Fetch-Site": "same-origin" },
];
const WRITES = [
  ["PUT /keys/a", "1"],
  ["PUT /keys?a=1", null],
  ["POST /keys", '{"b":1}'],
  ["PATCH /a", "incr=1"],
  ["DELETE /keys", null],
  ["DELETE /a", null],
  ["POST /-/txn", '{"ops":[{"put":{"key":"a","value":1}}]}'],
] as const;

describe("a web page of another origin", () => {
  for (const headers of FOREIGN) {
    test(`writes nothing: ${JSON.stringify(headers)}`, async () => {
      await withMemoryServer(async ({ http }) => {
        await http.send("PUT /keys/kept", "1");
        for (const [line, body] of WRITES) {
          const answer = await http.send(line, body, { Host: OWN, "Content-Type": "text/plain", ...headers });
          expect({ line, status: answer.status, code: JSON.parse(answer.text).code }).toEqual({
            line,
            status: 403,
            code: "foreign-origin",
          });
        }
        expect((await http.get("/keys")).text).toContain("kept");
      });
    });
    test(`does not make the server tell of itself: ${JSON.stringify(headers)}`, async () => {
      await withMemoryServer(async ({ http }) => {
        expect((await http.get("/-/info", { Host: OWN, ...headers })).status).toBe(403);
        expect((await http.get("/-/metrics", { Host: OWN, ...headers })).status).toBe(403);
      });
    });
  }
  test("is given nothing that lets it read an answer", async () => {
    await withMemoryServer(async ({ http }) => {
      const { headers } = await http.get("/keys", { Host: OWN, Origin: "https://evil.example" });
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    });
  });
});

describe("who is no foreign page", () => {
  for (const headers of OF_OWN) {
    test(`writes: ${JSON.stringify(headers)}`, async () => {
      await withMemoryServer(async ({ http }) => {
        const { status } = await http.send("PUT /a", "1", { Host: OWN, ...headers });
        expect(status).toBe(201);
      });
    });
  }
});

describe("a page of an origin that is known", () => {
  const page = { Host: OWN, Origin: "https://app.example.com", "Sec-Fetch-Site": "cross-site" };
  test("asks what it may, and is told", async () => {
    await withMemoryServer(async ({ http }) => {
      const { status, headers } = await http.send("OPTIONS /keys/a", null, {
        ...page,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, if-match",
      });
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        "access-control-allow-origin": "https://app.example.com",
        "access-control-max-age": "600",
        vary: "Origin",
      });
      expect(headers["access-control-allow-methods"]).toBe(headers["allow"]);
      expect(headers["access-control-allow-headers"]).toContain(
        "Authorization, Content-Type, Idempotency-Key, If-Match",
      );
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    }, PAGES);
  });
  test("writes, reads, and reads errors, with the fields that it needs", async () => {
    await withMemoryServer(async ({ http }) => {
      for (const line of ["PUT /keys/a", "GET /a", "GET /keys", "GET /missing"]) {
        const { headers } = await http.send(line, line.startsWith("PUT") ? "1" : null, page);
        expect({ line, origin: headers["access-control-allow-origin"] }).toEqual({
          line,
          origin: "https://app.example.com",
        });
        expect(headers["access-control-expose-headers"]).toContain("ETag");
        expect(headers["vary"]).toContain("Origin");
      }
    }, PAGES);
  });
  test("is not a page of any other, and caches are told so", async () => {
    await withMemoryServer(async ({ http }) => {
      const { headers } = await http.get("/keys", { Host: OWN, Origin: "https://evil.example" });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(headers["vary"]).toContain("Origin");
      expect((await http.send("PUT /a", "1", { Host: OWN, Origin: "https://evil.example" })).status).toBe(403);
    }, PAGES);
  });
  test("is any page with *, but none that hides where it is from", async () => {
    await withMemoryServer(
      async ({ http }) => {
        const { headers, status } = await http.send("PUT /a", "1", { Host: OWN, Origin: "https://any.example" });
        expect([status, headers["access-control-allow-origin"]]).toEqual([201, "*"]);
        expect((await http.send("PUT /a", "1", { Host: OWN, Origin: "null" })).status).toBe(403);
      },
      { "cors-origins": "*" },
    );
  });
});

test("stored bytes are given to no page of another origin as an image or a script", async () => {
  await withMemoryServer(async ({ http }) => {
    await http.send("PUT /a", "alert(1)", { "Content-Type": "text/javascript" });
    expect((await http.get("/a")).headers["cross-origin-resource-policy"]).toBe("same-origin");
  });
});
