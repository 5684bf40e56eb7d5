// POST /-/txn (contract §10): checks, then operations, in one commit; an else-branch where a check fails. The keys lie
// together in every store; of others partitions.suite.ts tells.
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../../support/http-client.ts";
import { expectProblem, fieldOf, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { needsOnePartition } from "../../support/http-set-up.ts";
import { near } from "../../support/requests.ts";

const MiB = 1024 * 1024;
const MAX = Number.MAX_SAFE_INTEGER;
const PARTS_MAX = 128;

export function transactionsSuite(withServer: WithServer): void {
  const transact = (http: Http, body: unknown) =>
    http.postJson("/-/txn", typeof body === "string" ? body : JSON.stringify(body));
  const resultsOf = ({ status, text }: HttpAnswer): readonly Record<string, unknown>[] => {
    expect(`${status} ${text}`).toStartWith("200 ");
    return JSON.parse(text).results;
  };
  const revisionOf = async (http: Http, key: string) => Number(fieldOf(await http.get(at(key)), "revision"));

  test("it answers 200 with one revision, and a result an operation, in their order", async () => {
    await withServer(async ({ http }) => {
      await create(http, '{"old": 1, "gone": "x", "n": 41}');
      const answer = await transact(http, {
        checks: [
          { key: near("old"), revision: await revisionOf(http, near("old")) },
          { key: near("new"), absent: true },
          { key: near("gone"), exists: true },
        ],
        ops: [
          { put: { key: near("new"), value: "v" } },
          { put: { key: near("old"), value: 2 } },
          { delete: { key: near("gone") } },
          { delete: { key: near("none") } },
          { incr: { key: near("n") } },
          { incr: { key: near("m"), by: -2, initial: 10 } },
          { touch: { key: near("nobody"), expire_in: 60 } },
        ],
      });
      const revision = Number(answer.headers["revision"]);
      expect(JSON.parse(answer.text)).toEqual({
        revision,
        results: [
          { put: { key: near("new"), created: true, expires_at: null, ttl: null } },
          { put: { key: near("old"), created: false, expires_at: null, ttl: null } },
          { delete: { key: near("gone"), deleted: 1 } },
          { delete: { key: near("none"), deleted: 0 } },
          { incr: { key: near("n"), value: 42, created: false, expires_at: null, ttl: null } },
          { incr: { key: near("m"), value: 8, created: true, expires_at: null, ttl: null } },
          { touch: null },
        ],
      });
      expect(answer.headers["content-type"]).toBe("application/json");
      for (const key of ["new", "old", "n", "m"].map(near)) expect(await revisionOf(http, key)).toBe(revision);
      expect(await http.text("/keys")).toBe(tagged('[{"m": 8}, {"n": 42}, {"new": "v"}, {"old": 2}]'));
    });
  });

  test("get shows whole entries as they are after the operations, wherever it stands among them", async () => {
    await withServer(async ({ http }) => {
      await http.postJson(
        "/keys",
        '{"{t}a": "old", "{t}b": 1, "{t}c": {"big": 106242075399214372653, "f": 1.0}, "{t}t": 1}',
      );
      const keys = ["a", "b", "c", "n", "t", "none"].map(near);
      const gets = keys.map((key) => ({ get: { key } }));
      const answer = await transact(http, {
        ops: [
          ...gets,
          { put: { key: near("a"), value: "new" } },
          { delete: { key: near("b") } },
          { incr: { key: near("n"), by: 7 } },
          { touch: { key: near("t"), expire_in: 60 } },
        ],
      });
      const shown = resultsOf(answer).slice(0, keys.length);
      const revision = Number(answer.headers["revision"]);
      expect(shown).toMatchObject([
        {
          get: {
            key: near("a"),
            value: "new",
            revision,
            size: 3,
            content_type: "text/plain; charset=utf-8",
            ttl: null,
          },
        },
        { get: null },
        { get: { key: near("c") } },
        { get: { key: near("n"), value: 7, revision, content_type: "application/json" } },
        { get: { key: near("t"), value: 1, ttl: 60, expires_at: expect.any(String) } },
        { get: null },
      ]);
      expect(answer.text).toContain('"value": {"big": 106242075399214372653, "f": 1.0}');
      const meta = JSON.parse(await http.text(`${at(near("a"))}?meta`));
      expect(shown[0]).toEqual({ get: meta });
    });
  });

  test("reads alone change nothing and take no revision", async () => {
    await withServer(async ({ http }) => {
      await http.put(at(near("a")), "1");
      const before = await stateOf(http);
      const answer = await transact(http, {
        checks: [{ key: near("a"), exists: true }],
        ops: [{ get: { key: near("a") } }, { delete: { key: near("b") } }],
      });
      expect(Number(answer.headers["revision"])).toBe(await revisionOf(http, near("a")));
      expect(resultsOf(answer)).toHaveLength(2);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("checks alone are a transaction", async () => {
    await withServer(async ({ http }) => {
      expect(resultsOf(await transact(http, { checks: [{ key: near("a"), absent: true }] }))).toEqual([]);
      expectProblem(await transact(http, { checks: [{ key: near("a"), exists: true }] }), "check-failed");
    });
  });

  test("a failed check answers 409 with each failure and the else reads, and changes nothing", async () => {
    await withServer(async ({ http }) => {
      await http.postJson("/keys", '{"{t}a": {"x": 1.0}, "{t}b": 1}');
      const revision = await revisionOf(http, near("a"));
      const before = await stateOf(http);
      const answer = await transact(http, {
        checks: [
          { key: near("a"), revision },
          { key: near("a"), revision: revision + 1 },
          { key: near("b"), absent: true },
          { key: near("none"), exists: true },
          { key: near("none"), revision: 1 },
          { key: near("none"), absent: true },
        ],
        ops: [{ put: { key: near("a"), value: 2 } }, { delete: { key: near("b") } }, { incr: { key: near("c") } }],
        else: [
          { get: { key: near("a") } },
          { get: { key: near("none") } },
          { get: { key: near("c") } },
          { get: { key: near("a") } },
        ],
      });
      const problem = expectProblem(answer, "check-failed");
      expect(problem["failures"]).toEqual([
        { check: 1, key: near("a"), revision },
        { check: 2, key: near("b"), revision },
        { check: 3, key: near("none"), revision: null },
        { check: 4, key: near("none"), revision: null },
      ]);
      const whole = JSON.parse(await http.text(`${at(near("a"))}?meta`));
      expect(problem["else"]).toEqual([{ get: whole }, { get: null }, { get: null }, { get: whole }]);
      expect(answer.text).toContain('"value": {"x": 1.0}');
      expect(problem["detail"]).toMatch(/"\{t\}a".*3 more.*nothing was changed/);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("without an else-branch the problem has none; text has one line", async () => {
    await withServer(async ({ http }) => {
      const body = { checks: [{ key: near("a"), exists: true }], ops: [{ incr: { key: near("b") } }] };
      expect(expectProblem(await transact(http, body), "check-failed")).not.toHaveProperty("else");
      const { status, text } = await http.postJson("/-/txn", JSON.stringify(body), { Accept: "text/plain" });
      expect([status, text]).toEqual([
        409,
        'The check of "{t}a" does not hold: there is no entry; nothing was changed\n',
      ]);
    });
  });

  test("where all checks hold, else is not read", async () => {
    await withServer(async ({ http }) => {
      const body = {
        checks: [{ key: near("a"), absent: true }],
        ops: [{ incr: { key: near("a") } }],
        else: [{ get: { key: near("a") } }],
      };
      expect(Object.keys(JSON.parse((await transact(http, body)).text))).toEqual(["revision", "results"]);
    });
  });

  test("a revision guards a key also across its deletion", async () => {
    await withServer(async ({ http }) => {
      const target = at(near("a"));
      await http.put(target, "1");
      const revision = await revisionOf(http, near("a"));
      await http.delete(target);
      await http.put(target, "1");
      expectProblem(await transact(http, { checks: [{ key: near("a"), revision }], ops: [] }), "check-failed");
      expectProblem(await transact(http, { checks: [{ key: near("a"), revision: 0 }], ops: [] }), "check-failed");
    });
  });

  test("an entry that has ended is absent to checks, operations and reads", async () => {
    await withServer(async ({ http, step }) => {
      await http.put(`${at(near("a"))}?expire_in=0.02`, "41");
      await untilAnswered(
        () => http.get(at(near("a"))),
        ({ status }) => status === 404,
        step,
      );
      const answer = await transact(http, {
        checks: [{ key: near("a"), absent: true }],
        ops: [{ incr: { key: near("a") } }, { get: { key: near("a") } }],
      });
      expect(resultsOf(answer)).toMatchObject([{ incr: { value: 1, created: true } }, { get: { value: 1 } }]);
    });
  });

  test("values are those of the JSON view: text kept, wrappers opened, null a value, a type if given", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      const body = `{"ops": [
        {"put": {"key": "big", "value": {"z": 106242075399214372653, "__proto__": 1.0, "10": [ ]}}},
        {"put": {"key": "bytes", "value": {"$base64": "AP8="}}},
        {"put": {"key": "wrapped", "value": {"$json": {"$json": 1}}}},
        {"put": {"key": "null", "value": null}},
        {"put": {"key": "text", "value": "\\u0041"}},
        {"put": {"value": "<p>", "content_type": "text/html", "key": "html"}},
        {"put": {"key": "__proto__", "value": 1}},
        {"put": {"key": "10", "value": "ten"}}
      ]}`;
      expect(resultsOf(await transact(http, body))).toHaveLength(8);
      expect(await http.text("/big")).toBe('{"z": 106242075399214372653, "__proto__": 1.0, "10": [ ]}');
      expect((await http.get("/bytes")).body).toEqual(Uint8Array.of(0, 0xff));
      expect(await http.text("/wrapped")).toBe('{"$json": 1}');
      expect(await http.text("/null")).toBe("null");
      expect(await http.text("/text")).toBe("A");
      expect((await http.get("/html")).headers["content-type"]).toBe("text/html");
      expect(await http.text("/keys/__proto__")).toBe('{"__proto__": 1}');
      expect(await http.text("/10")).toBe("ten");
    });
  });

  test("expiries are said as elsewhere: put clears an earlier one, incr keeps it, touch sets and persists", async () => {
    await withServer(async ({ http }) => {
      await http.postJson("/keys?expire_in=60", tagged('{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}'));
      const answer = await transact(http, {
        ops: [
          { put: { key: near("a"), value: 1 } },
          { put: { key: near("b"), value: 1, expire_in: 120 } },
          { incr: { key: near("c"), expire_new: 1000 } },
          { incr: { key: near("new"), expire_new: 30 } },
          { touch: { key: near("d"), persist: true } },
          { touch: { key: near("e"), expire_in: "90.0" } },
          { put: { key: near("f"), value: 1, expire_at: "2099-01-01T00:00:00Z" } },
          { incr: { key: near("g"), persist: false, expire_at: 4_000_000_000 } },
        ],
      });
      const ends = resultsOf(answer).flatMap((result) => Object.values(result));
      expect(ends).toMatchObject([
        { key: near("a"), ttl: null, expires_at: null },
        { key: near("b"), ttl: 120 },
        { key: near("c"), ttl: 60, value: 2 },
        { key: near("new"), ttl: 30, value: 1 },
        { key: near("d"), ttl: null, expires_at: null },
        { key: near("e"), ttl: 90 },
        { key: near("f"), expires_at: "2099-01-01T00:00:00.000Z" },
        { key: near("g"), expires_at: "2096-10-02T07:06:40.000Z" },
      ]);
      expect((await http.get(at(near("new")))).headers["ttl"]).toBe("30");
    });
  });

  test("touch keeps revision and tag, and a transaction of touches takes none", async () => {
    await withServer(async ({ http }) => {
      const target = at(near("a"));
      await http.put(target, "1");
      const { headers } = await http.get(target);
      const answer = await transact(http, { ops: [{ touch: { key: near("a"), expire_in: 60 } }] });
      const after = await http.get(target);
      expect([
        answer.headers["revision"],
        after.headers["revision"],
        after.headers["etag"],
        after.headers["ttl"],
      ]).toEqual([headers["revision"], headers["revision"], headers["etag"], "60"]);
    });
  });

  test.each([
    [{ key: near("text") }, "not-an-integer"],
    [{ key: near("n"), by: MAX }, "out-of-range"],
    [{ key: near("n"), max: 41, by: 1 }, "out-of-range"],
    [{ key: near("new"), min: 2 }, "out-of-range"],
  ] as const)("incr of %j answers 409 %s with its place, and nothing of the rest is done", async (incr, code) => {
    await withServer(async ({ http }) => {
      await create(http, '{"text": "x", "n": 41, "b": 1}');
      const before = await stateOf(http);
      const ops = [
        { put: { key: near("a"), value: 1 } },
        { delete: { key: near("b") } },
        { incr },
        { put: { key: near("c"), value: 1 } },
      ];
      const problem = expectProblem(await transact(http, { ops }), code);
      expect(problem).toMatchObject({
        key: incr.key,
        operation: 2,
        detail: expect.stringContaining("nothing was changed"),
      });
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("bounds of a counter hold exactly", async () => {
    await withServer(async ({ http }) => {
      await create(http, `{"n": 41, "top": ${MAX - 1}}`);
      const ops = [
        { incr: { key: near("n"), by: 1, max: 42 } },
        { incr: { key: near("top"), by: "1" } },
        { incr: { key: near("low"), by: -1, initial: -MAX + 1, min: -MAX } },
      ];
      expect(resultsOf(await transact(http, { ops }))).toMatchObject([
        { incr: { value: 42 } },
        { incr: { value: MAX } },
        { incr: { value: -MAX } },
      ]);
    });
  });

  test("checks and get may name a key that is written; a second write of it is refused", async () => {
    await withServer(async ({ http }) => {
      const get = { get: { key: near("a") } };
      const fine = { checks: [{ key: near("a"), absent: true }], ops: [get, { incr: { key: near("a") } }, get] };
      expect(resultsOf(await transact(http, fine))).toHaveLength(3);
      const before = await stateOf(http);
      const writes = [
        { put: { key: near("a"), value: 1 } },
        { delete: { key: near("a") } },
        { incr: { key: near("a") } },
        { touch: { key: near("a"), persist: true } },
      ];
      for (const one of writes) {
        for (const other of writes) {
          const problem = expectProblem(await transact(http, { ops: [one, other] }), "invalid-request");
          expect(problem).toMatchObject({ key: near("a"), detail: expect.stringContaining("twice") });
        }
      }
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("curl -d sends JSON under the type of a form", async () => {
    await withServer(async ({ http }) => {
      const body = '{"ops":[{"incr":{"key":"a"}}]}';
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      expect((await http.send("POST /-/txn", body, form)).status).toBe(200);
      expect((await http.send("POST /-/txn", body)).status).toBe(200);
      expectProblem(await http.send("POST /-/txn", body, { "Content-Type": "text/plain" }), "unsupported-media-type");
      expectProblem(await http.send("POST /-/txn", null, form), "length-required");
      expectProblem(await http.postJson("/-/txn?a=1", body), "invalid-parameter");
      expectProblem(await http.postJson("/-/txn", body, { "If-Match": "*" }), "invalid-header");
      expect((await http.get("/-/txn")).headers["allow"]).toBe("POST, OPTIONS");
      expect(await http.text("/a")).toBe("2");
    });
  });

  bounds(withServer);
  malformed(withServer);
}

/** Where the JSON view shows the key. */
function at(key: string): string {
  return `/keys/${encodeURIComponent(key)}`;
}

/** The same JSON with keys of near(). Requires: no other names than keys. */
function tagged(json: string): string {
  return json.replaceAll(/"(?=\w+": )/g, '"{t}');
}

async function create(http: Http, json: string): Promise<void> {
  expect((await http.postJson("/keys", tagged(json))).status).toBe(201);
}

function bounds(withServer: WithServer): void {
  test("128 parts are taken, all kinds together, and 129 refused", async () => {
    await withServer(async ({ http }) => {
      const body = (count: number) =>
        JSON.stringify({
          checks: Array.from({ length: 40 }, () => ({ key: near("a"), absent: true })),
          ops: Array.from({ length: count - 80 }, (_, index) => ({ put: { key: near(`k${index}`), value: index } })),
          else: Array.from({ length: 40 }, () => ({ get: { key: near("a") } })),
        });
      const problem = expectProblem(await http.postJson("/-/txn", body(PARTS_MAX + 1)), "body-too-large");
      expect(problem).toMatchObject({ limit: PARTS_MAX });
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.postJson("/-/txn", body(PARTS_MAX))).status).toBe(200);
    });
  });

  test("a body of 8 MiB is taken, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      const body = '{"ops":[{"incr":{"key":"a"}}]}';
      const padded = (bytes: number) => body + " ".repeat(bytes - body.length);
      expectProblem(await http.postJson("/-/txn", padded(8 * MiB + 1)), "body-too-large");
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.postJson("/-/txn", padded(8 * MiB))).status).toBe(200);
    });
  });

  test("a value of --max-value is taken, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      const body = (bytes: number) => `{"ops": [{"put": {"key": "a", "value": "${"v".repeat(bytes)}"}}]}`;
      const problem = expectProblem(await http.postJson("/-/txn", body(MiB + 1)), "value-too-large");
      expect(problem).toMatchObject({ key: "a", limit: MiB, option: "--max-value", part: "ops[0]" });
      expect((await http.postJson("/-/txn", body(MiB))).status).toBe(200);
    });
  });

  test("8 MiB of values are read, after operations or in else, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      for (let index = 0; index < 8; index++) await http.put(at(near(`k${index}`)), "v".repeat(MiB));
      await http.put(at(near("one")), "1");
      const gets = [..."01234567"].map((index) => ({ get: { key: near(`k${index}`) } }));
      const one = { get: { key: near("one") } };
      const ask = (ops: unknown, otherwise: unknown) =>
        http.postJson("/-/txn", JSON.stringify({ checks: [{ key: near("a"), absent: true }], ops, else: otherwise }));
      const write = { put: { key: near("b"), value: 1 } };
      expect((await ask([...gets, write], [])).status).toBe(200);
      expectProblem(await ask([...gets, one, { incr: { key: near("c") } }], []), "body-too-large");
      expect((await http.get(at(near("c")))).status).toBe(404);
      await http.put(at(near("a")), "1");
      expectProblem(await ask([write], gets), "check-failed");
      expectProblem(await ask([write], [...gets, one]), "body-too-large");
    });
  });
}

function malformed(withServer: WithServer): void {
  const inOps = (operation: string) => `{"ops": [{"put": {"key": "b", "value": 1}}, ${operation}]}`;
  const inChecks = (check: string) =>
    `{"checks": [{"key": "a", "exists": true}, ${check}], "ops": [{"incr": {"key": "b"}}]}`;
  test.each([
    ["", "invalid-json", null],
    ["{", "invalid-json", null],
    ["[]", "invalid-json", null],
    ["{}", "invalid-json", null],
    ['{"ops": []}', "invalid-json", null],
    ['{"else": [{"get": {"key": "a"}}]}', "invalid-json", null],
    ['{"ops": null}', "invalid-json", null],
    ['{"ops": {"put": {"key": "b", "value": 1}}}', "invalid-json", null],
    ['{"operations": [{"incr": {"key": "b"}}]}', "invalid-json", null],
    ['{"__proto__": [], "ops": [{"incr": {"key": "b"}}]}', "invalid-json", null],
    ['{"ops": [{"incr": {"key": "b"}}], "ops": []}', "invalid-json", null],
    [inOps("1"), "invalid-json", "ops[1]"],
    [inOps("null"), "invalid-json", "ops[1]"],
    [inOps("{}"), "invalid-json", "ops[1]"],
    [inOps('{"set": {"key": "a", "value": 1}}'), "invalid-json", "ops[1]"],
    [inOps('{"__proto__": {"key": "a"}}'), "invalid-json", "ops[1]"],
    [inOps('{"toString": {"key": "a"}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {"key": "a"}, "delete": {"key": "a"}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": "a"}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {"key": 1}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {"key": ["a"]}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {"key": "a", "key": "b"}}'), "invalid-json", "ops[1]"],
    [inOps('{"get": {"key": ""}}'), "invalid-key", "ops[1]"],
    [inOps('{"get": {"key": "\\ud800"}}'), "invalid-key", "ops[1]"],
    [inOps(`{"get": {"key": "${"k".repeat(256)}"}}`), "invalid-key", "ops[1]"],
    [inOps('{"get": {"key": "a", "revision": 1}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"get": {"key": "a", "value": 1}}'), "invalid-json", "ops[1]"],
    [inOps('{"delete": {"key": "a", "expire_in": 1}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a"}}'), "invalid-json", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "when": 1}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_new": 1}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": {"$base64": "!"}}}'), "invalid-json", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": "\\ud800"}}'), "invalid-json", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "content_type": "a\\nb"}}'), "invalid-header", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": 0}}'), "invalid-expiry", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_at": 1}}'), "invalid-expiry", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": 5, "expire_at": 4000000000}}'), "invalid-expiry", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": true}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": []}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": [60]}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"put": {"key": "a", "value": 1, "expire_in": null}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": 1.5}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": true}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": false}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": []}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": {"x": 1}}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "max": false}}'), "invalid-parameter", "ops[1]"],
    [inOps(`{"incr": {"key": "a", "by": ${MAX + 1}}}`), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": 9007199254740993}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "by": 1e400}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "min": 2, "max": 1}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"incr": {"key": "a", "incr": 2}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"touch": {"key": "a"}}'), "invalid-json", "ops[1]"],
    [inOps('{"touch": {"key": "a", "persist": false}}'), "invalid-json", "ops[1]"],
    [inOps('{"touch": {"key": "a", "persist": "no"}}'), "invalid-parameter", "ops[1]"],
    [inOps('{"touch": {"key": "a", "persist": true, "expire_in": 5}}'), "invalid-expiry", "ops[1]"],
    [inOps('{"touch": {"key": "a", "expire_new": 5}}'), "invalid-parameter", "ops[1]"],
    [inChecks("[]"), "invalid-json", "checks[1]"],
    [inChecks('{"key": "a"}'), "invalid-json", "checks[1]"],
    [inChecks('{"key": "a", "exists": false}'), "invalid-json", "checks[1]"],
    [inChecks('{"key": "a", "exists": true, "absent": true}'), "invalid-json", "checks[1]"],
    [inChecks('{"key": "a", "exists": true, "revision": 1}'), "invalid-json", "checks[1]"],
    [inChecks('{"key": "a", "exists": [true]}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "exists": "true"}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "revision": -1}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "revision": 1.5}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "revision": true}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "revision": [1]}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "revision": null}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "tag": "x"}'), "invalid-parameter", "checks[1]"],
    [inChecks('{"key": "a", "value": 1, "exists": true}'), "invalid-json", "checks[1]"],
    ['{"ops": [{"incr": {"key": "b"}}], "else": [{"put": {"key": "a", "value": 1}}]}', "invalid-json", "else[0]"],
    ['{"ops": [{"incr": {"key": "b"}}], "else": ["a"]}', "invalid-json", "else[0]"],
  ] as const)("%s answers 400 %s, of part %p, and nothing is done", async (body, code, part) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "1");
      const before = await stateOf(http);
      const problem = expectProblem(await http.postJson("/-/txn", body), code);
      expect(problem["part"] ?? null).toBe(part);
      if (part !== null) expect(problem["detail"]).toStartWith(`In ${part}: `);
      expect(await stateOf(http)).toBe(before);
    });
  });
}
