// Keys and limits (contract §2, §16).
import { expect, test } from "bun:test";
import { expectProblem } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const MiB = 1024 * 1024;
/** Two bytes a character: 127 of them and one letter are 255 bytes. */
const LONGEST_UTF8 = `${"é".repeat(127)}a`;

export function keysSuite(withServer: WithServer): void {
  test("the short path takes keys of 255 letters and digits, and none of 256", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put(`/${"k".repeat(255)}`, "v")).status).toBe(201);
      expect(expectProblem(await http.put(`/${"k".repeat(256)}`, "v"), "invalid-key")).toMatchObject({ limit: 255 });
    });
  });

  test("/keys/ takes keys of 255 bytes of UTF-8, and none of 256", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put(`/keys/${encodeURIComponent(LONGEST_UTF8)}`, "v")).status).toBe(201);
      expect(await http.json("/keys?keys")).toEqual([LONGEST_UTF8]);
      expectProblem(await http.put(`/keys/${encodeURIComponent(`${LONGEST_UTF8}a`)}`, "v"), "invalid-key");
    });
  });

  test.each(["my-key", "a_b", "a.b", "%C3%A9", "a%20b", "a+b", "a/b", "a%2Fb", "%2E%2Ea"])(
    "the short path refuses %s and names the way",
    async (key) => {
      await withServer(async ({ http }) => {
        const { detail } = expectProblem(await http.put(`/${key}`, "v"), "invalid-key");
        expect(detail).toMatch(/use \/keys\/|URL parsers/);
        expect((await http.put(`/keys/${key}`, "v")).status).toBe(201);
      });
    },
  );

  test.each([
    ["%00", "control"],
    ["a%0Ab", "control"],
    ["%7F", "control"],
    ["%C2%85", "control"],
    ["..%2Fa", "URL parsers"],
    ["a%2F.%2Fb", "URL parsers"],
    ["a%2F..", "URL parsers"],
  ])("/keys/ refuses %s: %s", async (key, rule) => {
    await withServer(async ({ http }) => {
      expect(expectProblem(await http.put(`/keys/${key}`, "v"), "invalid-key")["detail"]).toContain(rule);
    });
  });

  test.each(["%", "%4", "%zz", "%ff", "%C3", "%ED%A0%80", "%C0%AF", "a%2"])(
    "decoding is strict: %s is no key, on either path",
    async (key) => {
      await withServer(async ({ http }) => {
        expectProblem(await http.put(`/${key}`, "v"), "invalid-key");
        expectProblem(await http.get(`/keys/${key}`), "invalid-key");
      });
    },
  );

  test("decoding happens once", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/%2541", "v");
      expect(await http.json("/keys?keys")).toEqual(["%41"]);
      expect((await http.get("/A")).status).toBe(404);
    });
  });

  test("an escaped letter names the same key as the letter", async () => {
    await withServer(async ({ http }) => {
      await http.put("/%66oo", "v");
      expect(await http.text("/foo")).toBe("v");
    });
  });

  test("a plus is itself in a path, and a space in a query", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/a+b", "v");
      await http.send("PUT /keys?a+b=c+d");
      expect(await http.json("/keys")).toEqual([{ "a b": "c d" }, { "a+b": "v" }]);
      expect(await http.json("/keys?key=a%2Bb")).toEqual([{ "a+b": "v" }]);
    });
  });

  test("slashes behind /keys/ stand raw or escaped, and may be doubled", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/a//b", "1");
      await http.put("/keys/a%2Fb", "2");
      expect(await http.json("/keys/a%2F%2Fb")).toEqual({ "a//b": "1" });
      expect(await http.json("/keys/a/b")).toEqual({ "a/b": "2" });
    });
  });

  test("a key that begins with a slash is found where Location says", async () => {
    await withServer(async ({ http }) => {
      const { headers } = await http.put("/keys//a", "v");
      expect(headers["location"]).toBe("/keys/%2Fa");
      expect(await http.json("/keys/%2Fa")).toEqual({ "/a": "v" });
    });
  });

  test("/keys/ is an empty key", async () => {
    await withServer(async ({ http }) => {
      for (const method of ["GET", "PUT", "DELETE"]) {
        expectProblem(await http.send(`${method} /keys/`, method === "PUT" ? "v" : null), "invalid-key");
      }
    });
  });

  test("keysfoo is an ordinary key", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/keysfoo", "v")).headers["location"]).toBe("/keysfoo");
      expect(await http.text("/keysfoo")).toBe("v");
    });
  });

  test("the key keys exists only as /keys/keys", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/keys/keys", "v")).headers["location"]).toBe("/keys/keys");
      expect(await http.json("/keys")).toEqual([{ keys: "v" }]);
      expectProblem(await http.get("/%6beys"), "invalid-key");
      expectProblem(await http.put("/k%65ys", "v"), "invalid-key");
      const bytes = await http.get("/keys/keys", { Accept: "application/octet-stream" });
      expect(bytes.headers["content-location"]).toBeUndefined();
    });
  });

  test("keys sort by their UTF-8 bytes", async () => {
    await withServer(async ({ http }) => {
      const sorted = ["/", "0", "10", "9", "A", "__proto__", "a", "é", "\u{ff5e}", "\u{1f600}"];
      for (const key of sorted.toReversed()) await http.put(`/keys/${encodeURIComponent(key)}`, "v");
      expect(await http.json("/keys?keys")).toEqual(sorted);
    });
  });

  test("the short path takes values of 1024 bytes, and none of 1025", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/a", "v".repeat(1024))).status).toBe(201);
      const problem = expectProblem(await http.put("/a", "w".repeat(1025)), "value-too-large");
      expect(problem).toMatchObject({ key: "a", limit: 1024, option: "--wide" });
      expect(await http.text("/a")).toBe("v".repeat(1024));
    });
  });

  test("/keys/ takes values of 1 MiB, and none of a byte more, raw or as JSON", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/keys/a", "v".repeat(MiB), { "Content-Type": "text/plain" })).status).toBe(201);
      const raw = await http.put("/keys/a", "v".repeat(MiB + 1), { "Content-Type": "text/plain" });
      expect(expectProblem(raw, "value-too-large")).toMatchObject({ limit: MiB, option: "--max-value" });
      expect((await http.putJson("/keys/a", `{"a": "${"\\u0041".repeat(MiB)}"}`)).status).toBe(200);
      const json = await http.putJson("/keys/a", `{"a": "${"v".repeat(MiB + 1)}"}`);
      expectProblem(json, "value-too-large");
      expect((await http.get("/a")).body.length).toBe(MiB);
    });
  });

  test("--max-value moves the limit", async () => {
    await withServer(
      async ({ http }) => {
        expect((await http.put("/keys/a", "v".repeat(2048), { "Content-Type": "text/plain" })).status).toBe(201);
        const over = await http.put("/keys/a", "v".repeat(2049), { "Content-Type": "text/plain" });
        expect(expectProblem(over, "value-too-large")).toMatchObject({ limit: 2048 });
        expectProblem(await http.postJson("/keys", `{"b": "${"v".repeat(2049)}"}`), "value-too-large");
        expectProblem(await http.send(`PUT /keys?b=${"v".repeat(2049)}`), "value-too-large");
      },
      { "max-value": "2KiB" },
    );
  });

  test("an empty value is legal everywhere", async () => {
    await withServer(async ({ http }) => {
      expect((await http.put("/a", "")).status).toBe(201);
      expect((await http.putJson("/keys/b", '{"b": ""}')).status).toBe(201);
      expect((await http.send("PUT /keys?c=")).status).toBe(201);
      expect(await http.json("/keys")).toEqual([{ a: "" }, { b: "" }, { c: "" }]);
      expect((await http.get("/a")).body.length).toBe(0);
    });
  });

  test("--wide gives the short path the rules of /keys/, but for what keys and - begin", async () => {
    await withServer(
      async ({ http }) => {
        expect((await http.put("/my-key/%C3%A9", "v".repeat(MiB))).headers["location"]).toBe("/my-key/%C3%A9");
        expect((await http.get("/my-key/é".replace("é", "%c3%a9"))).body.length).toBe(MiB);
        const over = expectProblem(await http.put("/big", "v".repeat(MiB + 1)), "value-too-large");
        expect(over).toMatchObject({ option: "--max-value" });
        for (const key of ["keys%2Fa", "key%73", "%2D", "%2D/info"]) {
          expectProblem(await http.put(`/${key}`, "v"), "invalid-key");
        }
        expect((await http.put("/-a", "v")).status).toBe(201);
        expect((await http.put("//host", "v")).headers["location"]).toBe("/%2Fhost");
        expect(await http.text("/%2Fhost")).toBe("v");
      },
      { wide: "true" },
    );
  });
}
