// PATCH /keys with a merge patch (contract §6): sets, merges and deletes many keys, all or nothing.
import { expect, test } from "bun:test";
import { expectProblem, infoOf, stateOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { createAll, needsOnePartition } from "../../support/http-set-up.ts";

const MiB = 1024 * 1024;
/** With --max-value 2KiB. */
const LONG_MAX = 2048;

export function collectionPatchesSuite(withServer: WithServer): void {
  test("it sets, merges and deletes in one revision, and answers the members as they stand then, in the order sent", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      await http.postJson("/keys", '{"gone": 1, "kept": {"a": 1.0, "b": 2}, "text": "old", "other": 1}');
      const body =
        '{"text": "new", "kept": {"b": null, "c": 3}, "gone": null, "new": [ 1 ], "none": null, "o": {"x": null}}';
      const { status, text, headers } = await http.mergePatch("/keys", body);
      expect(status).toBe(200);
      expect(headers["content-type"]).toBe("application/json");
      expect(Object.keys(JSON.parse(text))).toEqual(["text", "kept", "gone", "new", "none", "o"]);
      expect(JSON.parse(text)).toEqual({
        text: "new",
        kept: { a: 1, c: 3 },
        gone: null,
        new: [1],
        none: null,
        o: {},
      });
      expect(text).toContain("1.0");
      for (const key of ["text", "kept", "new", "o"]) {
        expect((await http.get(`/${key}`)).headers["revision"]).toBe(headers["revision"] ?? "none");
      }
      expect(await http.json("/keys?keys")).toEqual(["kept", "new", "o", "other", "text"]);
    });
  });

  test("keys named __proto__ and 10 are keys as any", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      const body = '{"b": 1, "__proto__": {"__proto__": {"x": 1}}, "10": "ten", "constructor": 2}';
      const { text } = await http.mergePatch("/keys", body);
      expect([...text.matchAll(/"(b|10|constructor)": /g)].map(([, name]) => name)).toEqual(["b", "10", "constructor"]);
      expect(await http.text("/keys?keys")).toBe('["10","__proto__","b","constructor"]');
      await http.mergePatch("/keys", '{"__proto__": {"__proto__": {"y": 2}}}');
      expect(await http.text("/__proto__").catch(() => http.text("/keys/__proto__"))).toMatch(
        /"__proto__": ?\{"__proto__": ?\{"x": ?1, ?"y": ?2\}\}/,
      );
      await http.mergePatch("/keys", '{"__proto__": null}');
      expect(await http.text("/keys?keys")).toBe('["10","b","constructor"]');
    });
  });

  test("what GET shows of a value, PATCH takes: texts, bytes and wrapped JSON", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      const body =
        '{"bytes": {"$base64": "AP8="}, "wrapped": {"$json": {"$base64": "x"}}, "null": {"$json": null}, "text": "\\u0041"}';
      const { text } = await http.mergePatch("/keys", body);
      expect(text).toBe(
        '{"bytes": {"$base64": "AP8="}, "wrapped": {"$json": {"$base64": "x"}}, "null": null, "text": "A"}',
      );
      expect((await http.get("/bytes")).body).toEqual(Uint8Array.of(0, 0xff));
      expect(await http.text("/wrapped")).toBe('{"$base64": "x"}');
      expect(await http.text("/null")).toBe("null");
      const { headers } = await http.get("/text");
      expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
      const shown = await http.text("/keys");
      const pairs: readonly string[] = shown.slice(1, -1).split(/(?<=\}), (?=\{"(?:bytes|null|text|wrapped)")/);
      const again = await http.mergePatch(
        "/keys",
        `{${pairs
          .map((pair) => pair.slice(1, -1))
          .join(", ")
          .replace('"null": null', '"null": {"$json": null}')}}`,
      );
      expect([again.status, await http.text("/keys")]).toEqual([200, shown]);
    });
  });

  test("a wrapper takes the place of what stands, and is never merged", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      await http.postJson("/keys", '{"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}}');
      await http.mergePatch(
        "/keys",
        '{"a": {"$json": {"y": 2}}, "b": {"$base64": "QQ=="}, "c": {"$json": {"y": 2}, "z": 3}}',
      );
      expect(await http.text("/a")).toBe('{"y": 2}');
      expect(await http.text("/b")).toBe("A");
      expect(JSON.parse(await http.text("/c"))).toEqual({ x: 1, $json: { y: 2 }, z: 3 });
    });
  });

  test("an object goes into JSON, keeping its type, and takes the place of text and bytes", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      await http.put("/ld", '{"a": 106242075399214372653, "b": {"c": 1}}', { "Content-Type": "application/ld+json" });
      await http.put("/text", '{"a": 1}', { "Content-Type": "text/plain" });
      await http.put("/list", "[1]", { "Content-Type": "application/json" });
      await http.mergePatch("/keys", '{"ld": {"b": {"d": 2}}, "text": {"b": null, "c": 2}, "list": {"x": 1}}');
      const ld = await http.get("/ld");
      expect(ld.headers["content-type"]).toBe("application/ld+json");
      expect(ld.text).toContain("106242075399214372653");
      expect(JSON.parse(ld.text).b).toEqual({ c: 1, d: 2 });
      expect(JSON.parse(await http.text("/text"))).toEqual({ c: 2 });
      expect((await http.get("/text")).headers["content-type"]).toBe("application/json");
      expect(JSON.parse(await http.text("/list"))).toEqual({ x: 1 });
    });
  });

  test("what is patched keeps its end; a query or the field TTL gives all that is set one", async () => {
    await withServer(async (server) => {
      if (needsOnePartition(server)) return;
      const { http } = server;
      await http.put("/a?expire_in=60", "1");
      await http.mergePatch("/keys", '{"a": 2, "b": 3}');
      const ends = async () => [(await http.get("/a")).headers["ttl"], (await http.get("/b")).headers["ttl"]];
      expect(await ends()).toEqual(["60", undefined]);
      await http.mergePatch("/keys?expire_in=120", '{"a": 2, "b": {"x": 1}}');
      expect(await ends()).toEqual(["120", "120"]);
      await http.mergePatch("/keys", '{"a": 2, "b": {}}', { TTL: "30" });
      expect(await ends()).toEqual(["30", "30"]);
    });
  });

  test("deleting what is not there changes nothing, not even the revision", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/%7Bt%7Da", "1");
      const before = await stateOf(http);
      const { status, text } = await http.mergePatch("/keys", '{"{t}b": null, "{t}c": null}');
      expect([status, text]).toEqual([200, '{"{t}b": null, "{t}c": null}']);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test.each([
    ["{}", "invalid-json"],
    ["", "invalid-json"],
    ["[]", "invalid-json"],
    ["null", "invalid-json"],
    ['{"a": 2, "a": 3}', "invalid-json"],
    ['{"a": 2, "\\u0061": 3}', "invalid-json"],
    ['{"a": 2, "b": {"x": 1, "x": 2}}', "invalid-json"],
    ['{"a": 2, "b": {"$base64": "!"}}', "invalid-json"],
    ['{"a": 2, "b": {"$base64": "QQ"}}', "invalid-json"],
    ['{"a": 2, "b": "\\ud800"}', "invalid-json"],
    ['{"a": null, "": 1}', "invalid-key"],
    ['{"a": 2, "..": 1}', "invalid-key"],
    ['{"a": null, "b\\u0000": 1}', "invalid-key"],
    [`{"a": 2, "b": "${"v".repeat(LONG_MAX + 1)}"}`, "value-too-large"],
    [`{"{t}a": 2, "{t}big": {"more": "${"v".repeat(LONG_MAX / 2)}"}}`, "value-too-large"],
  ] as const)("%p answers %s, and nothing of it is done", async (body, code) => {
    await withServer(
      async (server) => {
        const { http } = server;
        await createAll(server, `{"a": 1, "{t}big": {"x": "${"v".repeat(LONG_MAX / 2)}"}}`);
        const before = await stateOf(http);
        expectProblem(await http.mergePatch("/keys", body), code);
        expect(await stateOf(http)).toBe(before);
      },
      { "max-value": "2KiB" },
    );
  });

  test("another type answers 415 with Accept-Patch, no body 411, conditions and unknown parameters 400", async () => {
    await withServer(async ({ http }) => {
      const types = ["application/json", "application/json-patch+json", "application/x-www-form-urlencoded", null];
      for (const type of types) {
        const answer = await http.send("PATCH /keys", '{"a": 1}', type === null ? {} : { "Content-Type": type });
        expectProblem(answer, "unsupported-media-type");
        expect(answer.headers["accept-patch"]).toBe("application/merge-patch+json");
      }
      const none = await http.send("PATCH /keys", null, { "Content-Type": "application/merge-patch+json" });
      expectProblem(none, "length-required");
      for (const field of ["If-Match", "If-None-Match"]) {
        expectProblem(await http.mergePatch("/keys", '{"a": 1}', { [field]: "*" }), "invalid-header");
      }
      expectProblem(await http.mergePatch("/keys?prefix=a", '{"a": 1}'), "invalid-parameter");
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("it takes a thousand keys, and not one more", async () => {
    await withServer(async ({ http }) => {
      const body = (count: number, value: string) =>
        `{${Array.from({ length: count }, (_, index) => `"{t}k${index}": ${value}`).join()}}`;
      for (const value of ["1", '{"a": 1}', "null"]) {
        expectProblem(await http.mergePatch("/keys", body(1001, value)), "body-too-large");
      }
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.mergePatch("/keys", body(1000, '{"a": 1}'))).status).toBe(200);
      expect((await http.mergePatch("/keys", body(1000, "null"))).status).toBe(200);
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("it merges 8 MiB of values, and not a byte more", async () => {
    await withServer(async ({ http }) => {
      const value = (bytes: number) => `{"v":"${"v".repeat(bytes - 8)}"}`;
      for (let index = 0; index < 8; index++) {
        await http.put(`/keys/%7Bt%7Dk${index}`, value(MiB), { "Content-Type": "application/own+json" });
      }
      const all = Array.from({ length: 8 }, (_, index) => `"{t}k${index}": {}`).join();
      expect((await http.mergePatch("/keys?expire_in=1000", `{${all}}`)).status).toBe(200);
      await http.put("/keys/%7Bt%7Dk8", "{}", { "Content-Type": "application/json" });
      const before = await http.text("/keys?meta&prefix=%7Bt%7Dk8");
      expectProblem(await http.mergePatch("/keys", `{${all}, "{t}k8": {}}`), "body-too-large");
      expect(await http.text("/keys?meta&prefix=%7Bt%7Dk8")).toBe(before);
    });
  });

  test("a value or a patch of more than 8 MiB is not merged, here or at the entry, but replaced", async () => {
    await withServer(
      async ({ http }) => {
        const long = (bytes: number) => `{"v":"${"v".repeat(bytes - 8)}"}`;
        await http.put("/keys/a", long(8 * MiB + 1), { "Content-Type": "application/own+json" });
        const before = (await http.head("/a")).headers["revision"];
        expectProblem(await http.mergePatch("/keys", '{"a": {"x": 1}}'), "value-too-large");
        expectProblem(await http.mergePatch("/keys/a", '{"x": 1}'), "value-too-large");
        expectProblem(await http.mergePatch("/keys", `{"b": ${long(8 * MiB + 1)}}`), "body-too-large");
        expectProblem(await http.mergePatch("/keys/b", long(8 * MiB + 1)), "body-too-large");
        expect((await http.head("/a")).headers["revision"]).toBe(before ?? "none");
        expect((await http.mergePatch("/keys", `{"b": ${long(8 * MiB)}}`)).status).toBe(200);
        expect((await http.mergePatch("/keys", '{"a": {"$json": {"x": 1}}}')).status).toBe(200);
        expect(await http.text("/a")).toBe('{"x": 1}');
      },
      { "max-value": "16MiB" },
    );
  });

  test("deletions alone carry the revision too", async () => {
    await withServer(async ({ http }) => {
      const put = await http.put("/a", "v");
      const deleted = await http.mergePatch("/keys", '{"a": null}');
      expect(Number(deleted.headers["revision"])).toBeGreaterThan(Number(put.headers["revision"]));
      expect((await infoOf(http)).store["revision"]).toBe(Number(deleted.headers["revision"]));
    });
  });

  test("patches of the same keys that come at once are all applied", async () => {
    await withServer(async ({ http }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          http.mergePatch(
            "/keys",
            `{"{t}${index % 2 === 0 ? "a" : "b"}": {"m${index}": 1}, "{t}both": {"m${index}": 1}}`,
          ),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
      const sizes = ["a", "b", "both"].map(
        async (key) => Object.keys(JSON.parse(await http.text(`/keys/%7Bt%7D${key}`))[`{t}${key}`]).length,
      );
      expect(await Promise.all(sizes)).toEqual([10, 10, 20]);
    });
  });
}
