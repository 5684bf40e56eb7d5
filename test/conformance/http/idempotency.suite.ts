// Idempotency-Key (contract §11): a write that names itself happens once, and whoever sends it again is answered as the
// first time. What a record is and how it is kept is tested at the store (once.suite.ts).
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../../support/http-client.ts";
import { expectProblem, infoOf, nowMs, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { TestServer, WithServer } from "../../support/http-harness.ts";
import { createAll, holdsAnyKeys, setAll } from "../../support/http-set-up.ts";

type Fields = Readonly<Record<string, string>>;
/** Method and target, body, fields: one write, sent as often as wanted. */
type Write = readonly [line: string, body: string | null, fields: Fields];

const JSON_TYPE = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const MERGE = { "Content-Type": "application/merge-patch+json" };
const JSON_PATCH = { "Content-Type": "application/json-patch+json" };
const SHOWN = { Prefer: "return=representation" };
const REPLAYED = "idempotency-replayed";

/** Writes of several keys, which a store in partitions may have to refuse. */
const OF_MANY = /^(?:DELETE \/keys(?:\?|$)|POST \/keys|PUT \/keys\?|PATCH \/keys$|POST \/-\/txn)/;

/** Every form of every write, on a store that holds `a` = {"n": 1}, `n` = 1, `t` = text, `p1`, `p2`, all for an hour but t. */
const WRITES: readonly Write[] = [
  ["PUT /new", "v", {}],
  ["PUT /a", "v", { "Content-Type": "text/x" }],
  ["PUT /a?expire_in=60", "v", {}],
  ["PUT /a", "v", { TTL: "60" }],
  ["PUT /new", "", {}],
  ["PUT /keys/new", '{"new": 1.0}', JSON_TYPE],
  ["PUT /keys/a", '{"a": [106242075399214372653]}', FORM],
  ["PUT /keys/a%2Fb?expire_at=4000000000", "bytes", { "Content-Type": "image/png" }],
  ["DELETE /a", null, {}],
  ["DELETE /a", null, SHOWN],
  ["DELETE /keys/a", null, {}],
  ["DELETE /keys/a", null, SHOWN],
  ["PATCH /n", "incr=1", FORM],
  ["PATCH /new", "incr=1&expire_new=60", FORM],
  ["PATCH /keys/n", "decr=1", FORM],
  ["PATCH /t", "append=x", FORM],
  ["PATCH /t", "append=x", { ...FORM, ...SHOWN }],
  ["PATCH /new", "prepend=x&expire_in=60", { ...FORM, ...SHOWN }],
  ["PATCH /keys/t", "prepend=x", FORM],
  ["PATCH /a", "expire_in=60", FORM],
  ["PATCH /keys/a", "persist=1", FORM],
  ["PATCH /a", '{"b": 2}', MERGE],
  ["PATCH /a", '{"b": 2}', { ...MERGE, ...SHOWN }],
  ["PATCH /keys/new?expire_in=60", '{"b": {"c": null}}', MERGE],
  ["PATCH /a", '[{"op": "test", "path": "/n", "value": 1}, {"op": "replace", "path": "/n", "value": 2}]', JSON_PATCH],
  ["PATCH /keys/a", '[{"op": "remove", "path": "/n"}]', JSON_PATCH],
  ["PATCH /keys", '{"a": {"b": 1}, "n": null, "new": "x", "none": null}', MERGE],
  ["PATCH /keys", '{"n": null}', MERGE],
  ["POST /keys", '{"new": 1}', JSON_TYPE],
  ["POST /keys?expire_in=60", '{"new": 1, "other": {"$base64": "AP8="}}', JSON_TYPE],
  ["PUT /keys?new=1&expire_in=60", null, {}],
  ["PUT /keys?a=1&n=2", null, {}],
  ["DELETE /keys?prefix=p", null, {}],
  ["DELETE /keys?key=p1&key=none", null, {}],
  ["DELETE /keys?key=none", null, {}],
  ["DELETE /keys", null, {}],
  [
    "POST /-/txn",
    '{"checks": [{"key": "new", "absent": true}], "ops": [{"put": {"key": "new", "value": 1, "expire_in": 60}}, {"incr": {"key": "n"}}, {"get": {"key": "a"}}, {"get": {"key": "n"}}, {"delete": {"key": "p1"}}, {"touch": {"key": "p2", "expire_in": 9}}, {"touch": {"key": "none", "persist": true}}]}',
    JSON_TYPE,
  ],
  ["POST /-/txn", '{"ops": [{"get": {"key": "a"}}, {"touch": {"key": "none", "persist": true}}]}', FORM],
];

export function idempotencySuite(withServer: WithServer): void {
  const send = (http: Http, [line, body, fields]: Write, name: string) =>
    http.send(line, body, { ...fields, "Idempotency-Key": name });

  test.each(WRITES)(
    "%s of %j under %j is answered again as the first time, whatever has come since",
    async (line, body, fields) => {
      const write: Write = [line, body, fields];
      await withServer(async (server) => {
        const { http, step } = server;
        await prepare(server);
        const before = await stateWithoutTtl(http);
        const first = await send(http, write, "one");
        if (isCrossPartition(server, write, first)) {
          expectProblem(await send(http, write, "one"), "cross-partition");
          expect(await stateWithoutTtl(http)).toBe(before);
          return;
        }
        expect(`${first.status} ${first.text}`).toMatch(/^20[014] /);
        expect(first.headers[REPLAYED]).toBeUndefined();
        const after = await stateWithoutTtl(http);
        await step();
        expect(replayed(await send(http, write, "one"))).toEqual(told(first));
        expect(await stateWithoutTtl(http)).toBe(after);
        // The entries are others now, and then gone.
        const names = ["a", "n", "t", "new", "p1", "p2", "other", "a/b"];
        await setAll(server, Object.fromEntries(names.map((name) => [name, "x"])));
        expect(replayed(await send(http, write, "one"))).toEqual(told(first));
        await http.delete("/keys");
        expect(replayed(await send(http, write, "one"))).toEqual(told(first));
        expect(await http.text("/keys")).toBe("[]");
      });
    },
  );

  test.each(WRITES)("%s of %j under %j, sent by many at once, happens once", async (line, body, fields) => {
    const write: Write = [line, body, fields];
    await withServer(async (server) => {
      const { http } = server;
      await prepare(server);
      const answers = await Promise.all(Array.from({ length: 8 }, () => send(http, write, "one")));
      if (answers[0] !== undefined && isCrossPartition(server, write, answers[0])) {
        for (const answer of answers) expectProblem(answer, "cross-partition");
        return;
      }
      const firsts = answers.filter(({ headers }) => headers[REPLAYED] === undefined);
      expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(
        Array.from({ length: 8 }, () => `${firsts[0]?.status} ${firsts[0]?.text}`),
      );
      expect(firsts).toHaveLength(1);
      expect(new Set(answers.map((answer) => JSON.stringify(told(answer)))).size).toBe(1);
    });
  });

  test("another name is another write", async () => {
    await withServer(async ({ http }) => {
      for (const name of ["a", "b", "A"]) await send(http, ["PATCH /n", "incr=1", FORM], name);
      await http.patch("/n", "incr=1");
      expect(await http.text("/n")).toBe("4");
    });
  });

  test.each([
    ["method", ["DELETE /a", null, {}]],
    ["target", ["PUT /b", "v", {}]],
    ["query", ["PUT /a?expire_in=60", "v", {}]],
    ["spelling of the target", ["PUT /%61", "v", {}]],
    ["body", ["PUT /a", "w", {}]],
    ["body, to none", ["PUT /a", "", {}]],
    ["resource", ["POST /-/txn", '{"ops": [{"incr": {"key": "a"}}]}', JSON_TYPE]],
    ["kind of write", ["DELETE /keys?prefix=a", null, {}]],
    ["kind of write, to many", ["PATCH /keys", '{"a": {}}', MERGE]],
    ["kind of write, to one read first", ["PATCH /a", "{}", MERGE]],
  ] as const)("under the same name, another %s answers 422 and changes nothing", async (_what, other) => {
    await withServer(async ({ http }) => {
      await send(http, ["PUT /a", "v", {}], "one");
      const before = await stateOf(http);
      expectProblem(await send(http, other, "one"), "idempotency-key-reused");
      expect(await stateOf(http)).toBe(before);
      expect((await send(http, ["PUT /a", "v", {}], "one")).headers[REPLAYED]).toBe("true");
    });
  });

  test("method, target and body alone are compared: a retry may come with other fields", async () => {
    await withServer(async ({ http }) => {
      const first = await send(http, ["PUT /a", "v", { "X-Request-Id": "1", "If-None-Match": "*" }], "one");
      const second = await send(http, ["PUT /a", "v", { "X-Request-Id": "2", Accept: "*/*" }], "one");
      expect(replayed(second)).toEqual(told(first));
      expectProblem(await send(http, ["PUT /a", "v", { "If-None-Match": "*" }], "two"), "precondition-failed");
    });
  });

  test("a deletion that was answered without the value is so again, though it is asked for now", async () => {
    await withServer(async ({ http }) => {
      for (const target of ["/a", "/keys/a"]) {
        await http.put("/a", "v");
        const first = await send(http, [`DELETE ${target}`, null, {}], target);
        const second = await send(http, [`DELETE ${target}`, null, SHOWN], target);
        expect(replayed(second)).toEqual(told(first));
      }
    });
  });

  test("quoted and bare are one name", async () => {
    await withServer(async ({ http }) => {
      for (const name of ["8e03978e-40d5", '"8e03978e-40d5"', "8e03978e-40d5"]) {
        await send(http, ["PATCH /n", "incr=1", FORM], name);
      }
      expect(await http.text("/n")).toBe("1");
    });
  });

  test.each(["x", "~!#$%&'()*+,-./:;<=>?@[\\]^_`{|}", "k".repeat(255), `"${"k".repeat(255)}"`])(
    "%s is a name",
    async (name) => {
      await withServer(async ({ http }) => {
        const write: Write = ["PATCH /n", "incr=1", FORM];
        expect((await send(http, write, name)).status).toBe(201);
        expect((await send(http, write, name)).headers[REPLAYED]).toBe("true");
      });
    },
  );

  test.each(["", '""', '"', '"a', 'a"', 'a"b', '"a"b"', "a b", "é", "k".repeat(256), `"${"k".repeat(256)}"`, "a, b"])(
    "%j is no name: 400, and nothing is written",
    async (name) => {
      await withServer(async ({ http }) => {
        for (const write of WRITES.slice(0, 12)) {
          const problem = expectProblem(await send(http, write, name), "invalid-header");
          expect(problem["detail"]).toMatch(/Idempotency-Key.*255.*UUID/);
        }
        expect(await http.text("/keys")).toBe("[]");
      });
    },
  );

  test.each([
    ["404 of DELETE", ["DELETE /a", null, {}], "not-found", ["PUT /a", "v", {}]],
    ["404 of a taking DELETE", ["DELETE /keys/a", null, SHOWN], "not-found", ["PUT /a", "v", {}]],
    ["404 of an expiry", ["PATCH /a", "expire_in=60", FORM], "not-found", ["PUT /a", "v", {}]],
    ["404 of a JSON Patch", ["PATCH /a", "[]", JSON_PATCH], "not-found", ["PUT /keys/a", '{"a": 1}', JSON_TYPE]],
    ["412", ["PUT /a", "v", { "If-Match": "*" }], "precondition-failed", ["PUT /a", "v", {}]],
    [
      "412 of a patch",
      ["PATCH /a", "{}", { ...MERGE, "If-Match": "*" }],
      "precondition-failed",
      ["PATCH /a", "{}", MERGE],
    ],
    ["409 of POST", ["POST /keys", '{"t": 1}', JSON_TYPE], "already-exists", ["DELETE /t", null, {}]],
    ["409 of incr", ["PATCH /t", "incr=1", FORM], "not-an-integer", ["PUT /t", "1", {}]],
    ["409 of a merge patch", ["PATCH /t", "{}", MERGE], "not-json", ["DELETE /t", null, {}]],
    [
      "409 of a transaction",
      ["POST /-/txn", '{"checks": [{"key": "{t}a", "exists": true}], "ops": [{"incr": {"key": "{t}n"}}]}', JSON_TYPE],
      "check-failed",
      ["PUT /keys/%7Bt%7Da", "v", {}],
    ],
  ] as const)("%s is not kept: once the write can be made, it is", async (_what, write, code, between) => {
    await withServer(async ({ http }) => {
      await http.put("/t", "text");
      expectProblem(await send(http, write, "one"), code);
      await send(http, between, "between");
      const made = await send(http, write, "one");
      expect(`${made.status} ${made.text}`).toMatch(/^20[014] /);
      expect(made.headers[REPLAYED]).toBeUndefined();
      expect(replayed(await send(http, write, "one"))).toEqual(told(made));
    });
  });

  test("a request that was refused as malformed leaves its name free for another", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await send(http, ["PATCH /n", "incr=x", FORM], "one"), "invalid-parameter");
      expectProblem(await send(http, ["PUT /n", "v".repeat(1025), {}], "one"), "value-too-large");
      expectProblem(await send(http, ["POST /-/nothing", "", {}], "one"), "no-such-resource");
      expect((await send(http, ["PATCH /n", "incr=1", FORM], "one")).text).toBe("1");
    });
  });

  test("an end that has passed since is no reason to refuse the retry", async () => {
    await withServer(async ({ http, step }) => {
      const at = ((await nowMs(http)) + 300) / 1000;
      const writes: readonly Write[] = [
        [`PUT /a?expire_at=${at}`, "v", {}],
        [`PUT /keys?b=1&expire_at=${at}`, null, {}],
        [`POST /keys?expire_at=${at}`, '{"c": 1}', JSON_TYPE],
        ["PATCH /d", `incr=1&expire_at=${at}`, FORM],
        [`PATCH /e?expire_at=${at}`, "{}", MERGE],
        [`PATCH /keys?expire_at=${at}`, '{"f": 1}', MERGE],
        ["POST /-/txn", `{"ops": [{"put": {"key": "g", "value": 1, "expire_at": ${at}}}]}`, JSON_TYPE],
        ["PATCH /a", `expire_at=${at}`, FORM],
      ];
      const firsts: HttpAnswer[] = [];
      for (const write of writes) firsts.push(await send(http, write, nameOf(write)));
      expect(firsts.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 200, 200, 204]);
      await untilAnswered(
        () => http.get("/keys?limit=9"),
        ({ text }) => text === "[]",
        step,
      );
      for (const [index, write] of writes.entries()) {
        expect(replayed(await send(http, write, nameOf(write)))).toEqual(told(firsts[index] ?? null));
        expectProblem(await send(http, write, `other-${index}`), "invalid-expiry");
      }
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("reads ignore the field, well-formed or not", async () => {
    await withServer(async ({ http }) => {
      await send(http, ["PUT /a", "v", {}], "one");
      for (const name of ["one", "two", "not a name"]) {
        for (const line of ["GET /a", "HEAD /a", "GET /keys", "OPTIONS /a"]) {
          const { status, headers } = await http.send(line, null, { "Idempotency-Key": name });
          expect([status, headers[REPLAYED]]).toEqual([line.startsWith("O") ? 204 : 200, undefined]);
        }
        const queried = await http.send("QUERY /keys", "{}", { ...JSON_TYPE, "Idempotency-Key": name });
        expect([queried.status, queried.headers[REPLAYED]]).toEqual([200, undefined]);
      }
    });
  });

  test("the media type alone makes another request: it decides what is stored", async () => {
    await withServer(async ({ http }) => {
      await send(http, ["PUT /keys/a", '{"a": 1}', { "Content-Type": "text/plain" }], "one");
      const asJson = ["PUT /keys/a", '{"a": 1}', { "Content-Type": "application/json" }] as const;
      expectProblem(await send(http, asJson, "one"), "idempotency-key-reused");
      expect(await http.text("/keys/a")).toBe('{"a": "{\\"a\\": 1}"}');
    });
  });

  test("the method alone makes another request", async () => {
    await withServer(async ({ http }) => {
      await send(http, ["PUT /a", "", {}], "one");
      expectProblem(await send(http, ["DELETE /a", null, {}], "one"), "idempotency-key-reused");
      expect((await http.get("/a")).status).toBe(200);
    });
  });

  test("the seconds left are those when it was done, at first and ever after", async () => {
    await withServer(async ({ http, step }) => {
      for (let turn = 0; turn < 20; turn++) {
        const write: Write = ["PUT /a?expire_in=60", "v", {}];
        const [first] = [await send(http, write, `n${turn}`), await step()];
        expect([first.headers["ttl"], (await send(http, write, `n${turn}`)).headers["ttl"]]).toEqual(["60", "60"]);
      }
    });
  });

  test("a name is not confused by what another and its request are made of", async () => {
    await withServer(async ({ http }) => {
      await send(http, ["PUT /a", "b", {}], "one");
      expectProblem(await send(http, ["PUT /ab", "", {}], "one"), "idempotency-key-reused");
      await send(http, ["PUT /ab", "", {}], "two");
      expect(await http.text("/keys")).toBe('[{"a": "b"}, {"ab": ""}]');
    });
  });

  test("records may take --idempotency-size; then one more is refused for now, and says so", async () => {
    await withServer(
      async (server) => {
        const { http, url, capabilities } = server;
        // In process the store is opened by the harness, without options.
        if (url === null) return;
        const text = "x".repeat(100_000);
        const kept: number[] = [];
        const append = (name: number) => send(http, ["PATCH /keys/n", `append=${text}`, FORM], `n${name}`);
        let answer = await append(0);
        for (let name = 1; answer.status < 300; name++) {
          kept.push(name - 1);
          answer = await append(name);
        }
        const { limit, option } = expectProblem(answer, "busy");
        expect([option, answer.headers["retry-after"]]).toEqual(["--idempotency-size", "1"]);
        // In a store of partitions each has its share.
        if (holdsAnyKeys(server)) expect(limit).toBe(1_048_576);
        else expect(limit).toBeLessThan(1_048_576);
        // Each shows the whole value, in Base64: 0.13, 0.27, 0.4 and 0.53 MB. Other engines write records otherwise.
        if (capabilities.durability !== "delegated") expect(kept).toEqual([0, 1, 2, 3]);
        expect((await infoOf(http)).store["idempotency_bytes"]).toBeGreaterThanOrEqual(Number(limit));
        expect((await append(kept.at(-1) ?? 0)).headers[REPLAYED]).toBe("true");
        expect((await http.patch("/other", "incr=1")).text).toBe("1");
      },
      { "idempotency-size": "1MiB" },
    );
  });
}

/** A name of its own for each write. */
function nameOf(write: Write): string {
  return Buffer.from(write.join()).toString("hex").slice(0, 255);
}

async function prepare(server: TestServer): Promise<void> {
  await createAll(server, '{"a": {"n": 1}, "n": 1, "p1": "x", "p2": "y"}', "?expire_in=3600");
  await server.http.put("/t", "text");
}

/** Whether the write is one that the store cannot make once, as it would be several commits. */
function isCrossPartition({ capabilities }: TestServer, [line]: Write, { status, text }: HttpAnswer): boolean {
  const { deletions, atomicity } = capabilities;
  if (status !== 422 || JSON.parse(text).code !== "cross-partition") return false;
  if (/^DELETE \/keys(?:\?(?!key=)|$)/.test(line)) return deletions === "page-by-page";
  return atomicity === "partition" && OF_MANY.test(line);
}

/** What a client is told, but for what names the one answer. */
function told(answer: HttpAnswer | null): unknown {
  if (answer === null) throw new Error("There is no answer");
  const { status, text, headers } = answer;
  const { date: _date, "x-request-id": _id, [REPLAYED]: _replayed, ...rest } = headers;
  return { status, text, headers: rest };
}

function replayed(answer: HttpAnswer): unknown {
  expect(`${answer.status} ${answer.headers[REPLAYED]}`).toBe(`${answer.status} true`);
  return told(answer);
}

/** As stateOf(), where the seconds that are left may be fewer by now. */
async function stateWithoutTtl(http: Http): Promise<string> {
  return (await stateOf(http)).replaceAll(/"ttl": \d+/g, '"ttl": …');
}
