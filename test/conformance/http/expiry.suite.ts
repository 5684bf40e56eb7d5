// When entries end (contract §7).
import { expect, test } from "bun:test";
import { expectProblem, fieldOf, nowMs, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { holdsAnyKeys } from "../../support/http-set-up.ts";

const YEAR_10000_S = 253_402_300_800;

export function expirySuite(withServer: WithServer): void {
  test.each(["60", "60.0", "59.5", "0060"])("?expire_in=%s leaves 60 seconds, rounded up", async (seconds) => {
    await withServer(async ({ http }) => {
      expect((await http.put(`/a?expire_in=${seconds}`, "v")).headers["ttl"]).toBe("60");
    });
  });

  test("the field TTL does the same", async () => {
    await withServer(async ({ http }) => {
      for (const target of ["/a", "/keys/a"]) {
        expect((await http.put(target, "v", { ttl: "60" })).headers["ttl"]).toBe("60");
      }
    });
  });

  test("expire_at takes Unix seconds and RFC 3339", async () => {
    await withServer(async ({ http }) => {
      const at = Math.floor((await nowMs(http)) / 1000) * 1000 + 3_600_000;
      const local = new Date(at + 90 * 60_000).toISOString().replace(".000Z", "+01:30");
      const forms = [
        String(at / 1000),
        `${at / 1000}.000`,
        new Date(at).toISOString(),
        new Date(at).toISOString().replace(".000Z", "Z"),
        new Date(at).toISOString().toLowerCase(),
        new Date(at).toISOString().replace("T", " "),
        local,
      ];
      for (const form of forms) {
        await http.put(`/a?expire_at=${encodeURIComponent(form)}`, "v");
        const meta = JSON.parse(await http.text("/keys/a?meta"));
        expect(`${form}: ${meta.expires_at}`).toBe(`${form}: ${new Date(at).toISOString()}`);
      }
    });
  });

  test.each(["0", "0.0", "-1", "+1", "1e3", "abc", "0x10", "1,5", " 60", "60s", "NaN", "Infinity", "1.", ".5"])(
    "?expire_in=%s is refused",
    async (text) => {
      await withServer(async ({ http }) => {
        const query = `expire_in=${encodeURIComponent(text)}`;
        expectProblem(await http.put(`/a?${query}`, "v"), "invalid-expiry");
        expectProblem(await http.send(`PUT /keys?a=v&${query}`), "invalid-expiry");
        expectProblem(await http.postJson(`/keys?${query}`, '{"a": 1}'), "invalid-expiry");
        expect(await http.text("/keys")).toBe("[]");
      });
    },
  );

  test.each(["0", "-1", "1e3", "abc", "60.5", "60, 60", ""])("the field TTL: %j is refused", async (text) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.put("/a", "v", { TTL: text }), "invalid-expiry");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test.each([
    ["0", "past"],
    ["1", "past"],
    ["2001-01-01T00:00:00Z", "past"],
    ["10000-01-01T00:00:00Z", "needed"],
    [String(YEAR_10000_S), "9999"],
    ["9999-12-31T23:59:59-01:00", "9999"],
    ["2099-01-01", "needed"],
    ["2099-01-01T00:00:00", "needed"],
    ["2099-02-30T00:00:00Z", "no such date"],
    ["2099-13-01T00:00:00Z", "no such date"],
    ["2099-01-01T24:00:00Z", "no such date"],
    ["2099-01-01T00:00:00+99:00", "no such date"],
    ["tomorrow", "needed"],
    ["-1", "needed"],
    ["1795132800000", "needed"],
  ])("?expire_at=%s is refused: %s", async (text, rule) => {
    await withServer(async ({ http }) => {
      const answer = await http.put(`/a?expire_at=${encodeURIComponent(text)}`, "v");
      expect(expectProblem(answer, "invalid-expiry")["detail"]).toContain(rule);
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("the last second of the year 9999 can be named, from either side", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put(`/a?expire_at=${YEAR_10000_S - 1}`, "v")).status).toBe(201);
      const left = YEAR_10000_S - Math.ceil((await nowMs(http)) / 1000);
      expect((await http.put(`/a?expire_in=${left - 60}`, "v")).status).toBe(204);
      expectProblem(await http.put(`/a?expire_in=${left + 60}`, "v"), "invalid-expiry");
    });
  });

  test("two expiries in one request are refused", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.put("/a?expire_in=60&expire_at=4000000000", "v"), "invalid-expiry");
      expectProblem(await http.put("/a?expire_in=60", "v", { TTL: "60" }), "invalid-expiry");
      expectProblem(await http.put("/a?expire_at=4000000000", "v", { TTL: "60" }), "invalid-expiry");
      expectProblem(await http.put("/a?expire_in=60&expire_in=60", "v"), "invalid-parameter");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("a refused expiry leaves the entry and its own expiry alone", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a?expire_at=4000000000", "v");
      const before = await stateOf(http);
      expectProblem(await http.put("/a?expire_in=0", "w"), "invalid-expiry");
      expectProblem(await http.patch("/a", "expire_in=-1"), "invalid-expiry");
      expect((await stateOf(http)).replaceAll(/"ttl": \d+/g, "")).toBe(before.replaceAll(/"ttl": \d+/g, ""));
    });
  });

  test.each(["/a", "/keys/a"])("PUT %s without an expiry clears an earlier one", async (target) => {
    await withServer(async ({ http }) => {
      await http.put(`${target}?expire_in=60`, "v");
      expect((await http.put(target, "w")).headers["ttl"]).toBeUndefined();
      expect((await http.get("/a")).headers["ttl"]).toBeUndefined();
    });
  });

  test.each([
    ["expire_in=120", "120"],
    ["expire_in=0.5", "1"],
    ["persist=1", null],
    ["persist=true", null],
    ["persist", null],
  ])("PATCH with %s keeps value, revision and tag", async (form, ttl) => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.put("/a?expire_in=60", "v");
      const { status, headers, text } = await http.patch("/a", form);
      expect([status, text, headers["ttl"] ?? null]).toEqual([204, "", ttl]);
      expect([headers["revision"], headers["etag"]]).toEqual([put["revision"], put["etag"]]);
      const read = await http.get("/a");
      expect([read.text, read.headers["revision"], read.headers["etag"]]).toEqual(["v", put["revision"], put["etag"]]);
    });
  });

  test("PATCH with expire_at names the instant", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      expect((await http.patch("/a", "expire_at=2099-01-01T00%3A00%3A00Z")).status).toBe(204);
      expect(JSON.parse(await http.text("/keys/a?meta")).expires_at).toBe("2099-01-01T00:00:00.000Z");
    });
  });

  test.each([
    ["", "invalid-request"],
    ["expire_in=0", "invalid-expiry"],
    ["expire_in=", "invalid-parameter"],
    ["expire_in=60&expire_at=4000000000", "invalid-expiry"],
    ["expire_in=60&persist=1", "invalid-expiry"],
    ["persist=0", "invalid-parameter"],
    ["persist=1&persist=1", "invalid-parameter"],
    ["expires=60", "invalid-parameter"],
    ["expire_in=%zz", "invalid-parameter"],
  ] as const)("PATCH with %j answers %s and changes nothing", async (form, code) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const before = await stateOf(http);
      expectProblem(await http.patch("/a", form), code);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("PATCH without a body answers 411", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      expectProblem(await http.send("PATCH /a", null, form), "length-required");
    });
  });

  test("an ended entry is seen by no request, and its key is free", async () => {
    await withServer(async (server) => {
      const { http, step } = server;
      await http.put("/a", "stays");
      const tag = fieldOf(await http.put("/b?expire_in=0.02", "ends"), "etag");
      await untilAnswered(
        () => http.get("/b"),
        ({ status }) => status === 404,
        step,
      );
      expect((await http.head("/b")).status).toBe(404);
      expect((await http.get("/keys/b?meta")).status).toBe(404);
      expect(await http.text("/keys?keys&count")).toBe('["a"]');
      expect((await http.get("/keys?count")).headers["total-count"]).toBe("1");
      expect(await http.text("/keys?key=b")).toBe("[]");
      expect((await http.delete("/b")).status).toBe(404);
      expect((await http.patch("/b", "persist=1")).status).toBe(404);
      expect((await http.put("/b", "v", { "If-Match": tag })).status).toBe(412);
      const pairs = holdsAnyKeys(server) ? "a=1&b=1" : "b=1";
      expect((await http.send(`PUT /keys?${pairs}`, null, { "If-Match": "*" })).status).toBe(412);
      expect((await http.postJson("/keys", '{"b": 1}')).status).toBe(201);
    });
  });

  test("an entry whose end was put off lives on", async () => {
    await withServer(async ({ http, step }) => {
      await http.put("/a?expire_in=5", "v");
      await http.put("/b?expire_in=0.05", "v");
      expect((await http.patch("/a", "persist=1")).status).toBe(204);
      await untilAnswered(
        () => http.get("/b"),
        ({ status }) => status === 404,
        step,
      );
      expect(await http.text("/a")).toBe("v");
    });
  });

  test("the sweeper removes what has ended, without being asked for it", async () => {
    await withServer(async ({ http, step }) => {
      await http.put("/a?expire_in=0.01", "v");
      await untilAnswered(
        () => http.get("/-/info"),
        ({ text }) => JSON.parse(text).store.entries === 0,
        step,
      );
    });
  });
}
