// `POST /keys` and `PUT /keys?name=value` (contract §6): many pairs, all or nothing.
import { expect, test } from "bun:test";
import { expectProblem, stateOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { needsOnePartition } from "../../support/http-set-up.ts";

const MiB = 1024 * 1024;

export function manyWritesSuite(withServer: WithServer): void {
  test("POST of one pair answers 201, the pair, and where it is", async () => {
    await withServer(async ({ http }) => {
      const { status, text, headers } = await http.postJson("/keys", '{"chore1": "Wake up"}');
      expect([status, text, headers["location"]]).toEqual([201, '{"chore1": "Wake up"}', "/keys/chore1"]);
      expect(headers["content-type"]).toBe("application/json");
      expect(headers["etag"]).toBe((await http.get("/keys/chore1")).headers["etag"] ?? "none");
    });
  });

  test("POST of many pairs answers the object as stored, in one revision", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      const { status, text, headers } = await http.postJson("/keys", '{"b": 1.0, "__proto__": "x", "10": [ ]}');
      expect([status, text]).toEqual([201, '{"b": 1.0, "__proto__": "x", "10": [ ]}']);
      expect([headers["location"], headers["etag"]]).toEqual([undefined, undefined]);
      for (const key of ["b", "__proto__", "10"]) {
        expect((await http.get(`/keys/${key}`)).headers["revision"]).toBe(headers["revision"] ?? "none");
      }
    });
  });

  test.each([{}, { "Content-Type": "application/x-www-form-urlencoded" }])(
    "POST takes JSON under %j",
    async (headers) => {
      await withServer(async ({ http }) => {
        expect((await http.send("POST /keys", '{"a": 1}', headers)).text).toBe('{"a": 1}');
      });
    },
  );

  test("POST where any key exists answers 409 naming it, and writes nothing", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/%7Bt%7Db", "old");
      const before = await stateOf(http);
      const problem = expectProblem(await http.postJson("/keys", '{"{t}a": 1, "{t}b": 2}'), "already-exists");
      expect(problem).toMatchObject({ key: "{t}b", revision: expect.any(Number) });
      expect(await stateOf(http)).toBe(before);
    });
  });

  test.each([
    ["{}", "invalid-json"],
    ["", "invalid-json"],
    ["[]", "invalid-json"],
    ['"a"', "invalid-json"],
    ['{"a": 1, "b": }', "invalid-json"],
    ['{"a": 1, "a": 2}', "invalid-json"],
    ['{"a": 1, "\\u0061": 2}', "invalid-json"],
    ['{"a": 1, "b": "\\ud800"}', "invalid-json"],
    ['{"a": 1, "": 2}', "invalid-key"],
    ['{"a": 1, "\\ud800": 2}', "invalid-key"],
    ['{"a": 1, "b\\u0000": 2}', "invalid-key"],
    ['{"a": 1, "..": 2}', "invalid-key"],
    [`{"a": 1, "${"k".repeat(256)}": 2}`, "invalid-key"],
    [`{"a": 1, "b": "${"v".repeat(MiB + 1)}"}`, "value-too-large"],
  ] as const)("POST of %.40s… answers %s and writes nothing", async (json, code) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.postJson("/keys", json), code);
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("POST takes a thousand pairs, and not one more", async () => {
    await withServer(async ({ http }) => {
      const pairs = (count: number) => `{${Array.from({ length: count }, (_, index) => `"{t}k${index}": 1`).join()}}`;
      expectProblem(await http.postJson("/keys", pairs(1001)), "body-too-large");
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.postJson("/keys", pairs(1000))).status).toBe(201);
    });
  });

  test("POST takes 8 MiB of values, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      const pairs = (last: number) => {
        const sizes = [...Array.from({ length: 7 }, () => MiB), last];
        return `{${sizes.map((size, index) => `"{t}k${index}": "${"v".repeat(size)}"`).join()}, "{t}k8": ""}`;
      };
      expect((await http.postJson("/keys", pairs(MiB))).status).toBe(201);
      await http.delete("/keys");
      const over = pairs(MiB).replace('"{t}k8": ""', '"{t}k8": "v"');
      expectProblem(await http.postJson("/keys", over), "body-too-large");
      expect(await http.text("/keys?keys")).toBe("[]");
    });
  });

  test("POST of another type answers 415, without a body 411, with a condition 400", async () => {
    await withServer(async ({ http }) => {
      const typed = await http.send("POST /keys", '{"a": 1}', { "Content-Type": "text/plain" });
      expectProblem(typed, "unsupported-media-type");
      expectProblem(await http.send("POST /keys"), "length-required");
      expectProblem(await http.postJson("/keys", '{"a": 1}', { "If-None-Match": "*" }), "invalid-header");
      expectProblem(await http.postJson("/keys?x=1", '{"a": 1}'), "invalid-parameter");
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("POST gives all its pairs one expiry", async () => {
    await withServer(async ({ http }) => {
      await http.postJson("/keys?expire_in=60", '{"{t}a": 1, "{t}b": 2}');
      for (const key of ["a", "b"]) expect((await http.get(`/keys/%7Bt%7D${key}`)).headers["ttl"]).toBe("60");
    });
  });

  test("PUT /keys?name=value answers 201 where any is new, else 200, with the object as stored", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      const first = await http.send("PUT /keys?my_name=my+value%21&expire_in=60");
      expect([first.status, first.text, first.headers["location"], first.headers["ttl"]]).toEqual([
        201,
        '{"my_name": "my value!"}',
        "/keys/my_name",
        "60",
      ]);
      expect((await http.send("PUT /keys?my_name=b&other=c")).status).toBe(201);
      const third = await http.send("PUT /keys?my_name=d&other=e");
      expect([third.status, third.text]).toEqual([200, '{"my_name": "d", "other": "e"}']);
      expect((await http.get("/keys/my_name")).headers["ttl"]).toBeUndefined();
    });
  });

  test("PUT /keys?__proto__=x sets a key of that name, in the order sent", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      expect((await http.send("PUT /keys?b=1&__proto__=x&10=y")).text).toBe('{"b": "1", "__proto__": "x", "10": "y"}');
      expect(await http.text("/keys")).toBe('[{"10": "y"}, {"__proto__": "x"}, {"b": "1"}]');
    });
  });

  test("PUT /keys? stores text", async () => {
    await withServer(async ({ http }) => {
      await http.send("PUT /keys?a=%C3%A9");
      const { headers, text } = await http.get("/a");
      expect([headers["content-type"], text]).toEqual(["text/plain; charset=utf-8", "é"]);
    });
  });

  test("PUT /keys? with If-Match: * sets only what exists, all or nothing", async () => {
    await withServer(async ({ http }) => {
      await http.send("PUT /keys?%7Bt%7Da=1");
      const before = await stateOf(http);
      const failed = await http.send("PUT /keys?%7Bt%7Da=2&%7Bt%7Db=2", null, { "If-Match": "*" });
      expect(expectProblem(failed, "precondition-failed")).toMatchObject({ key: "{t}b", revision: null });
      expect(await stateOf(http)).toBe(before);
      expect((await http.send("PUT /keys?%7Bt%7Da=2", null, { "If-Match": "*" })).status).toBe(200);
    });
  });

  test("PUT /keys? takes the field TTL", async () => {
    await withServer(async ({ http }) => {
      expect((await http.send("PUT /keys?a=1", null, { TTL: "60" })).headers["ttl"]).toBe("60");
    });
  });

  test.each([
    ["", "invalid-request"],
    ["?expire_in=60", "invalid-request"],
    ["?a=1&a=2", "invalid-request"],
    ["?a=1&=2", "invalid-key"],
    ["?a=1&%00=2", "invalid-key"],
    ["?a=1&b=%ff", "invalid-parameter"],
    ["?a=1&b=%zz", "invalid-parameter"],
    ["?a=1&expire_in=", "invalid-parameter"],
    ["?a=1&expire_in=0", "invalid-expiry"],
    ["?a=1&expire_in=60&expire_in=60", "invalid-parameter"],
    ["?a=1&expire_in=60&expire_at=4000000000", "invalid-expiry"],
  ] as const)("PUT /keys%s answers %s and writes nothing", async (query, code) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.send(`PUT /keys${query}`), code);
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("PUT /keys? with a body is refused, as one of the two would be lost", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.send("PUT /keys?a=1", '{"b": 2}'), "invalid-request");
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.send("PUT /keys?a=1", "")).status).toBe(201);
    });
  });
}
