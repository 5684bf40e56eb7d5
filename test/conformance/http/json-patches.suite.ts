// PATCH by JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902) on one entry (contract §8). What the two make of a value is
// tested beside src/wire; here, what an entry and its answers make of that.
import { expect, test } from "bun:test";
import { expectProblem, fieldOf, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const SHOWN = { Prefer: "return=representation" };
const SHORT_MAX = 1024;
/** With --max-value 2KiB. */
const LONG_MAX = 2048;
const ODD = '{"z": 106242075399214372653, "__proto__": {"x": 1.0}, "10": 1E400, "b": [ ], "1": "\\u0041"}';

export function jsonPatchesSuite(withServer: WithServer): void {
  test("a merge patch creates what is missing: 201 with Location, then 204, and with Prefer the value", async () => {
    await withServer(async ({ http }) => {
      const first = await http.mergePatch("/a", '{"a": 1, "gone": null}');
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, "", "/a"]);
      const read = await http.get("/a");
      expect([read.text, read.headers["content-type"]]).toEqual(['{"a":1}', "application/json"]);
      const second = await http.mergePatch("/a", '{"b": 2.0}');
      expect([second.status, second.headers["location"]]).toEqual([204, undefined]);
      const third = await http.mergePatch("/a", '{"a": null}', SHOWN);
      expect([third.status, JSON.parse(third.text), third.headers["preference-applied"]]).toEqual([
        200,
        { b: 2 },
        "return=representation",
      ]);
      expect([third.headers["etag"], third.headers["revision"]]).toEqual([
        (await http.get("/a")).headers["etag"],
        (await http.get("/a")).headers["revision"],
      ]);
    });
  });

  test("both patches answer the pair at /keys/", async () => {
    await withServer(async ({ http }) => {
      const first = await http.mergePatch("/keys/a", '{"a":1}');
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, '{"a": {"a":1}}', "/keys/a"]);
      const second = await http.jsonPatch("/keys/a", '[{"op": "add", "path": "/b", "value": 1.0}]');
      expect([second.status, second.text]).toEqual([200, (await http.get("/keys/a")).text]);
      expect(second.text).toContain("1.0");
      expect(fieldOf(second, "etag")).toEndWith('-j"');
    });
  });

  test("big numbers, the order of members and odd names survive both", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", ODD, { "Content-Type": "application/json" });
      await http.mergePatch("/a", '{"__proto__": {"y": 2.50}}');
      await http.jsonPatch("/a", '[{"op": "add", "path": "/10", "value": 0.10}, {"op": "remove", "path": "/b"}]');
      const text = await http.text("/a");
      for (const kept of ['"z": 106242075399214372653', '"x": 1.0', '"y": 2.50', "0.10", '"\\u0041"']) {
        expect(text.replaceAll(/\s*([:,])\s*/g, "$1 ").replaceAll(":", ":")).toContain(kept.replace(/\s*:\s*/, ": "));
      }
      expect([...text.matchAll(/"(z|__proto__|10|1)"\s*:/g)].map(([, name]) => name)).toEqual([
        "z",
        "__proto__",
        "10",
        "1",
      ]);
    });
  });

  test("an entry keeps its media type and its end; a query or the field TTL sets another", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a?expire_in=60", '{"a": 1}\n', { "Content-Type": "application/ld+json; x=y" });
      const patched = await http.mergePatch("/a", '{"b": 2}');
      expect(patched.headers["ttl"]).toBe("60");
      expect((await http.get("/a")).headers["content-type"]).toBe("application/ld+json; x=y");
      const patch = '[{"op": "replace", "path": "/a", "value": 3}]';
      expect((await http.jsonPatch("/a?expire_in=120", patch)).headers["ttl"]).toBe("120");
      expect((await http.jsonPatch("/a", patch, { TTL: "30" })).headers["ttl"]).toBe("30");
      expect((await http.mergePatch("/new?expire_in=90", "{}")).headers["ttl"]).toBe("90");
      expectProblem(await http.mergePatch("/a?expire_in=9", "{}", { TTL: "9" }), "invalid-expiry");
      expectProblem(await http.mergePatch("/a?persist", "{}"), "invalid-parameter");
    });
  });

  test("a patch that changes nothing is a write all the same, and leaves the text to the letter", async () => {
    await withServer(async ({ http }) => {
      const put = await http.put("/a", `${ODD} \n`, { "Content-Type": "application/json" });
      const merged = await http.mergePatch("/a", "{}");
      const tested = await http.jsonPatch("/a", "[]");
      const revisions = [put, merged, tested].map(({ headers }) => Number(headers["revision"]));
      expect(new Set(revisions).size).toBe(3);
      expect((await http.text("/a")).trim()).toBe(ODD);
    });
  });

  test.each(["null", "5", '"text"', "[1, 2]", "false"])(
    "a merge patch of %s takes the place of the value",
    async (json) => {
      await withServer(async ({ http }) => {
        await http.putJson("/keys/a", '{"a": {"b": 1}}');
        expect((await http.mergePatch("/a", json, SHOWN)).text).toBe(json);
        expect((await http.mergePatch("/new", json, SHOWN)).text).toBe(json);
      });
    },
  );

  test("wrappers are members as any to a patch of the value, and the JSON view tells them apart", async () => {
    await withServer(async ({ http }) => {
      const { text } = await http.mergePatch("/keys/a", '{"$base64":"AA=="}');
      expect(text).toBe('{"a": {"$json": {"$base64":"AA=="}}}');
      expect((await http.mergePatch("/keys/a", '{"x": 1}')).text).toMatch(
        /^\{"a": \{"\$base64": ?"AA==", ?"x": ?1\}\}$/,
      );
    });
  });

  test("JSON Patch of a missing entry answers 404, whatever its condition", async () => {
    await withServer(async ({ http }) => {
      for (const headers of [{}, { "If-Match": "*" }, { "If-None-Match": "*" }]) {
        expectProblem(await http.jsonPatch("/a", '[{"op": "add", "path": "", "value": 1}]', headers), "not-found");
      }
      expectProblem(await http.mergePatch("/a", "{}", { "If-Match": "*" }), "precondition-failed");
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("an entry that has ended is as missing", async () => {
    await withServer(async ({ http, step }) => {
      await http.put("/a?expire_in=0.02", '{"old": 1}', { "Content-Type": "application/json" });
      await untilAnswered(
        () => http.jsonPatch("/a", '[{"op": "test", "path": "/old", "value": 1}]'),
        ({ status }) => status === 404,
        step,
      );
      expect((await http.mergePatch("/a", '{"b": 1}', SHOWN)).text).toBe('{"b":1}');
      expect((await http.get("/a")).headers["ttl"]).toBeUndefined();
    });
  });

  test("conditions are judged inside the write", async () => {
    await withServer(async ({ http }) => {
      const created = await http.mergePatch("/a", '{"a": 1}');
      const [etag, revision] = [fieldOf(created, "etag"), Number(created.headers["revision"])];
      const before = await stateOf(http);
      for (const field of [{ "If-Match": '"other"' }, { "If-None-Match": "*" }, { "If-None-Match": etag }]) {
        for (const answer of [
          await http.mergePatch("/a", '{"a": 2}', field),
          await http.jsonPatch("/a", "[]", field),
        ]) {
          expect(expectProblem(answer, "precondition-failed")).toMatchObject({ revision });
        }
      }
      expect(await stateOf(http)).toBe(before);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => http.mergePatch("/a", `{"a": ${index}}`, { "If-Match": etag })),
      );
      expect(results.map(({ status }) => status).toSorted()).toEqual([204, ...Array.from({ length: 19 }, () => 412)]);
    });
  });

  test("patches of one entry that come at once are all applied", async () => {
    await withServer(async ({ http }) => {
      await http.putJson("/keys/a", '{"a": []}');
      const answers = await Promise.all([
        ...Array.from({ length: 20 }, (_, index) =>
          http.jsonPatch("/a", `[{"op": "add", "path": "/-", "value": ${index}}]`),
        ),
        ...Array.from({ length: 20 }, (_, index) => http.mergePatch("/b", `{"m${index}": 1}`)),
      ]);
      expect(answers.filter(({ status }) => status >= 300)).toEqual([]);
      const items: readonly number[] = JSON.parse(await http.text("/a"));
      expect(items.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect(Object.keys(JSON.parse(await http.text("/b")))).toHaveLength(20);
    });
  });

  test.each([
    ["text", {}],
    ["{", { "Content-Type": "application/json" }],
    ["1 2", { "Content-Type": "application/json" }],
    ['{"a": 1}', { "Content-Type": "text/plain" }],
    [Uint8Array.of(0xff), { "Content-Type": "application/json" }],
    ["", { "Content-Type": "application/json" }],
  ])("both refuse the value %p under %j with 409, and change nothing", async (value, headers) => {
    await withServer(async ({ http }) => {
      await http.put("/a", value, headers);
      const before = await stateOf(http);
      for (const target of ["/a", "/keys/a"]) {
        expect(expectProblem(await http.mergePatch(target, "{}"), "not-json")).toMatchObject({ key: "a" });
        expectProblem(await http.jsonPatch(target, "[]"), "not-json");
      }
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("a JSON Patch that cannot be followed to its end answers 409, says where, and changes nothing", async () => {
    await withServer(async ({ http }) => {
      await http.putJson("/keys/a", '{"a": {"n": 1, "list": [1]}}');
      const before = await stateOf(http);
      const add = '{"op": "add", "path": "/new", "value": 1}';
      const ends = [
        ['{"op": "test", "path": "/n", "value": 2}', "/n"],
        ['{"op": "remove", "path": "/none"}', "/none"],
        ['{"op": "replace", "path": "/list/1", "value": 0}', "/list/1"],
        ['{"op": "add", "path": "/list/3", "value": 0}', "/list/3"],
        ['{"op": "move", "from": "/none", "path": "/x"}', "/x"],
      ] as const;
      for (const [operation, path] of ends) {
        const problem = expectProblem(await http.jsonPatch("/a", `[${add}, ${operation}]`), "patch-failed");
        expect(problem).toMatchObject({ operation: 1, path });
      }
      expect(await stateOf(http)).toBe(before);
    });
  });

  test.each([
    ["merge", "{"],
    ["merge", ""],
    ["merge", '{"a": 1, "a": 2}'],
    ["merge", '{"a": 01}'],
    ["json", "{}"],
    ["json", "null"],
    ["json", "["],
    ["json", '[{"op": "add", "path": "/x"}]'],
    ["json", '[{"op": "add", "path": "x", "value": 1}]'],
    ["json", '[{"op": "increment", "path": "/x"}]'],
    ["json", '[{"op": "move", "from": "/x", "path": "/x/y"}]'],
    ["json", '[{"op": "test", "op": "add", "path": "/x", "value": 1}]'],
  ] as const)("a %s patch of %j answers 400 before it looks for an entry", async (kind, body) => {
    await withServer(async ({ http }) => {
      for (const key of ["/a", "/keys/a"]) {
        const answer = await (kind === "merge" ? http.mergePatch(key, body) : http.jsonPatch(key, body));
        expectProblem(answer, "invalid-json");
      }
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("a patch of bytes that are no UTF-8 is refused", async () => {
    await withServer(async ({ http }) => {
      const bytes = Buffer.concat([Buffer.from('{"a": "'), Buffer.of(0xff), Buffer.from('"}')]);
      for (const type of ["application/merge-patch+json", "application/json-patch+json"]) {
        expectProblem(await http.send("PATCH /a", bytes, { "Content-Type": type }), "invalid-json");
      }
    });
  });

  test("a patched value has 1,024 bytes at the short path and --max-value at /keys/, and not a byte more", async () => {
    await withServer(
      async ({ http }) => {
        const ofLength = (bytes: number) => `"${"v".repeat(bytes - 2)}"`;
        const replace = (bytes: number) => `[{"op": "replace", "path": "", "value": ${ofLength(bytes)}}]`;
        expect((await http.mergePatch("/a", ofLength(SHORT_MAX))).status).toBe(201);
        expect((await http.jsonPatch("/a", replace(SHORT_MAX))).status).toBe(204);
        expect((await http.mergePatch("/keys/b", ofLength(LONG_MAX))).status).toBe(201);
        expect((await http.jsonPatch("/keys/b", replace(LONG_MAX))).status).toBe(200);
        const before = await stateOf(http);
        for (const answer of [
          await http.mergePatch("/a", ofLength(SHORT_MAX + 1)),
          await http.jsonPatch("/a", replace(SHORT_MAX + 1)),
        ]) {
          const problem = expectProblem(answer, "value-too-large");
          expect(problem).toMatchObject({ key: "a", limit: SHORT_MAX, option: "--wide" });
        }
        for (const answer of [
          await http.mergePatch("/keys/b", ofLength(LONG_MAX + 1)),
          await http.jsonPatch("/keys/b", replace(LONG_MAX + 1)),
        ]) {
          const problem = expectProblem(answer, "value-too-large");
          expect(problem).toMatchObject({ key: "b", limit: LONG_MAX, option: "--max-value" });
        }
        expect(await stateOf(http)).toBe(before);
        // What is longer than the short path writes can still be made shorter there.
        expect((await http.mergePatch("/b", "1")).status).toBe(204);
      },
      { "max-value": "2KiB" },
    );
  });

  test("a patch of 1,000 operations is taken, one of 1,001 refused", async () => {
    await withServer(async ({ http }) => {
      await http.putJson("/keys/a", '{"a": 1}');
      const patch = (count: number) => `[${Array(count).fill('{"op": "test", "path": "", "value": 1.0}').join(",")}]`;
      expect((await http.jsonPatch("/a", patch(1000))).status).toBe(204);
      expect(expectProblem(await http.jsonPatch("/a", patch(1001)), "body-too-large")).toMatchObject({ limit: 1000 });
    });
  });

  test("a patch of 8 MiB is read, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      const patch = (bytes: number) => `${" ".repeat(bytes - 2)}{}`;
      expect((await http.mergePatch("/a", patch(8 * 1024 * 1024))).status).toBe(201);
      expectProblem(await http.mergePatch("/b", patch(8 * 1024 * 1024 + 1)), "body-too-large");
      expect(await http.text("/keys?keys")).toBe('["a"]');
    });
  });

  test("a patch may have 20,000 values, however they are nested, and no more", async () => {
    await withServer(async ({ http }) => {
      const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
      const wide = (members: number) => `{${Array.from({ length: members }, (_, index) => `"m${index}":1`).join(",")}}`;
      await http.putJson("/keys/a", '{"a": {}}');
      for (const patch of [nested(19_999), wide(19_999)]) {
        expect((await http.mergePatch("/keys/a", patch)).status).toBe(200);
      }
      for (const patch of [nested(20_000), wide(20_000)]) {
        expect(expectProblem(await http.mergePatch("/keys/a", patch), "body-too-large")["limit"]).toBe(20_000);
        expectProblem(await http.mergePatch("/keys", `{"b": ${patch}}`), "body-too-large");
        const adding = `[{"op": "add", "path": "", "value": ${patch}}]`;
        expectProblem(await http.jsonPatch("/keys/a", adding), "body-too-large");
      }
    });
  });
}
