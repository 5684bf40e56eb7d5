// `GET /keys` and `QUERY /keys` (contract §6).
import { expect, test } from "bun:test";
import type { Http } from "../../support/http-client.ts";
import { expectProblem, fieldOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { createAll } from "../../support/http-set-up.ts";

const WORDS = ["wo", "wood", "word", "words", "wo\\d", "wo$d", "wo*d", "ward"];
const PAGES_MAX = 1000;

export function listingsSuite(withServer: WithServer): void {
  const withKeys = (keys: readonly string[], body: (http: Http) => Promise<void>) =>
    withServer(async (server) => {
      await createAll(server, JSON.stringify(Object.fromEntries(keys.map((key) => [key, key]))));
      await body(server.http);
    });

  test("an empty collection is []", async () => {
    await withServer(async ({ http }) => {
      const { status, text, headers } = await http.get("/keys");
      expect([status, text, headers["content-type"], headers["vary"]]).toEqual([
        200,
        "[]",
        "application/json",
        "Accept",
      ]);
    });
  });

  test("pairs come in key order, a space behind colon and comma", async () => {
    await withServer(async ({ http }) => {
      await http.put("/b", '{"x":1}', { "Content-Type": "application/json" });
      await http.put("/a", "1");
      expect(await http.text("/keys")).toBe('[{"a": "1"}, {"b": {"x":1}}]');
    });
  });

  test("__proto__ and 10 are listed by their bytes, not as properties", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await createAll(server, '{"b": 1, "__proto__": {"x": 1}, "10": 2, "9": 3}');
      expect(await http.text("/keys")).toBe('[{"10": 2}, {"9": 3}, {"__proto__": {"x": 1}}, {"b": 1}]');
    });
  });

  test.each([
    ["filter=wo$d", ["wo$d", "wo*d", "wo\\d", "wood", "word"]],
    ["filter=wo%3Fd", ["wo$d", "wo*d", "wo\\d", "wood", "word"]],
    ["filter=wo*", ["wo", "wo$d", "wo*d", "wo\\d", "wood", "word", "words"]],
    ["filter=wo\\$d", ["wo$d"]],
    ["filter=wo\\*d", ["wo*d"]],
    ["filter=wo\\\\d", ["wo\\d"]],
    ["filter=*r*", ["ward", "word", "words"]],
    ["filter=wo", ["wo"]],
    ["filter=or", []],
    ["prefix=wor", ["word", "words"]],
    ["prefix=wo&filter=*s", ["words"]],
    ["start=wood", ["wood", "word", "words"]],
    ["start=wood&end=words", ["wood", "word"]],
    ["end=wo", ["ward"]],
    ["start=word&end=wo", []],
    ["reverse&prefix=wor", ["words", "word"]],
    ["key=word&key=none&key=wo&key=word", ["wo", "word"]],
    ["key=word&key=wo&reverse", ["word", "wo"]],
  ])("?%s answers %j", async (query, keys) => {
    await withKeys(WORDS, async (http) => {
      const target = `/keys?${query.replaceAll("\\", "%5C")}`;
      expect(await http.json(target)).toEqual(keys.map((key) => ({ [key]: key })));
      expect(await http.text(`${target}&keys`)).toBe(`[${keys.map((key) => JSON.stringify(key)).join(",")}]`);
      expect((await http.get(`${target}&count&keys`)).headers["total-count"]).toBe(String(keys.length));
      const head = await http.head(`${target}&count`);
      expect([head.status, head.headers["total-count"], head.text]).toEqual([200, String(keys.length), ""]);
    });
  });

  test("$ is one code point, however many bytes it has", async () => {
    await withKeys(["a\u{1f600}b", "aéb", "ab", "axxb"], async (http) => {
      expect(await http.json("/keys?filter=a$b&keys")).toEqual(["aéb", "a\u{1f600}b"]);
    });
  });

  test("?meta lists whole entries", async () => {
    await withKeys(["a", "b"], async (http) => {
      const [a, b] = [await http.text("/keys/a?meta"), await http.text("/keys/b?meta")];
      expect(await http.text("/keys?meta")).toBe(`[${a}, ${b}]`);
    });
  });

  test.each([
    ["application/json", '[{"a": "a"}, {"b": "b"}]'],
    ["application/x-ndjson", '{"a": "a"}\n{"b": "b"}\n'],
    ["text/plain", "a\nb\n"],
    ["text/plain, application/json;q=0.1", "a\nb\n"],
    ["*/*", '[{"a": "a"}, {"b": "b"}]'],
  ])("Accept: %s answers %j", async (accept, text) => {
    await withKeys(["a", "b"], async (http) => {
      const answer = await http.get("/keys", { Accept: accept });
      expect(answer.text).toBe(text);
      expect(answer.headers["content-type"]).toStartWith(
        accept === "*/*" ? "application/json" : (accept.split(",")[0] ?? ""),
      );
    });
  });

  test("nothing is no line at all where entries are lines", async () => {
    await withServer(async ({ http }) => {
      expect((await http.get("/keys", { Accept: "application/x-ndjson" })).text).toBe("");
      expect((await http.get("/keys", { Accept: "text/plain" })).text).toBe("");
    });
  });

  test("?keys in NDJSON is a name a line", async () => {
    await withKeys(["a", "b"], async (http) => {
      expect((await http.get("/keys?keys", { Accept: "application/x-ndjson" })).text).toBe('"a"\n"b"\n');
    });
  });

  test("?meta has no plain text, and no listing is an image", async () => {
    await withServer(async ({ http }) => {
      expect((await http.get("/keys?meta", { Accept: "text/plain" })).status).toBe(406);
      expectProblem(await http.get("/keys", { Accept: "image/png" }), "not-acceptable");
    });
  });

  test.each(["", "&reverse", "&keys", "&prefix=k", "&filter=k*", "&start=k1", "&meta"])(
    "pages linked by Link hold each entry exactly once (limit=3%s)",
    async (query) => {
      const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
      await withKeys(keys, async (http) => {
        const target = `/keys?limit=3${query}`;
        const { items, sizes } = await followPages(http, target);
        const expected = JSON.parse(await http.text(`/keys?${query.slice(1)}`));
        expect(items).toEqual(expected);
        expect(sizes).toEqual(expected.length === 10 ? [3, 3, 3, 1] : [3, 3, 3]);
      });
    },
  );

  test("a page that ends with the listing has no Link", async () => {
    await withKeys(["a", "b"], async (http) => {
      expect((await http.get("/keys?limit=2")).headers["link"]).toBeUndefined();
      expect((await http.get("/keys?limit=1")).headers["link"]).toMatch(
        /^<\/keys\?limit=1&cursor=[\w-]+>; rel="next"$/,
      );
    });
  });

  test("a key that lives through the listing is on one page, whatever others write meanwhile", async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `k${String(index).padStart(2, "0")}`);
    await withKeys(keys, async (http) => {
      let turn = 0;
      const { items } = await followPages(http, "/keys?limit=4&keys", async () => {
        turn++;
        await http.put(`/k${String(turn).padStart(2, "0")}a`, "new");
        await http.put(`/k${String(20 - turn)}`, "changed");
        await http.delete(`/k${String(turn).padStart(2, "0")}a`);
      });
      expect(items.filter((item) => keys.includes(String(item)))).toEqual(keys);
    });
  });

  test("a cursor outlives the entry that it was taken at", async () => {
    await withKeys(["a", "b", "c"], async (http) => {
      const next = nextOf(fieldOf(await http.get("/keys?limit=1&keys"), "link"));
      await http.delete("/a");
      expect(await http.json(next ?? "")).toEqual(["b"]);
    });
  });

  test("without a limit the answer is everything, however many pages the store makes of it", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const count = 4500;
      for (let from = 0; from < count; from += 900) {
        const names = Array.from({ length: 900 }, (_, index) => `"${String(from + index).padStart(5, "0")}": 1`);
        await createAll(server, `{${names.join()}}`);
      }
      const all = Array.from({ length: count }, (_, index) => String(index).padStart(5, "0"));
      expect(await http.json("/keys?keys")).toEqual(all);
      expect((await http.get("/keys", { Accept: "application/x-ndjson" })).text.split("\n").length).toBe(count + 1);
      expect(JSON.parse(await http.text("/keys"))).toHaveLength(count);
      expect(await http.json("/keys?keys&filter=*9999")).toEqual([]);
      expect(await http.json("/keys?keys&filter=*4499")).toEqual(["04499"]);
      expect((await http.get("/keys?count&limit=1")).headers["total-count"]).toBe(String(count));
    });
  });

  test.each([
    "filter=",
    "prefix=",
    "key=",
    "start=",
    "end=",
    "cursor=",
    "limit=",
    "prefix",
    "unknown=1",
    "Filter=a",
    "limit=0",
    "limit=-1",
    "limit=1e1",
    "limit=10001",
    "limit=1.5",
    "cursor=%2F%2F",
    "cursor=_w",
    "filter=a&filter=b",
    "limit=1&limit=2",
    "keys&keys",
    "keys=0",
    "meta=no",
    "count=maybe",
    "reverse=false",
    "keys&meta",
    "filter=a%5C",
    "key=a&prefix=b",
    "key=a&limit=1",
    "filter=%ff",
    "%zz=1",
    `prefix=${"a".repeat(256)}`,
    `filter=${"a".repeat(513)}`,
  ])("?%s is refused", async (query) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get(`/keys?${query}`), "invalid-parameter");
    });
  });

  test.each(["keys", "keys=1", "keys=true"])("the switch may be written %s", async (query) => {
    await withKeys(["a"], async (http) => {
      expect(await http.json(`/keys?${query}`)).toEqual(["a"]);
    });
  });

  test("a key= that no key can be is refused as a key", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get(`/keys?key=${"a".repeat(256)}`), "invalid-key");
    });
  });

  test("QUERY lists by a JSON body of the same parameters", async () => {
    await withKeys(WORDS, async (http) => {
      const query = (json: string) => http.send("QUERY /keys", json, { "Content-Type": "application/json" });
      expect(JSON.parse((await query('{"filter": "wo$d", "keys": true}')).text)).toHaveLength(5);
      expect((await query('{"key": ["word", "none", "wo"], "keys": true}')).text).toBe('["wo","word"]');
      expect((await query('{"limit": 1, "keys": true, "reverse": true, "meta": false}')).text).toBe('["words"]');
      expect(JSON.parse((await query("{}")).text)).toHaveLength(WORDS.length);
    });
  });

  test("QUERY takes a thousand names, and not one more", async () => {
    await withKeys(["n1", "n999"], async (http) => {
      const names = (count: number) => JSON.stringify(Array.from({ length: count }, (_, index) => `n${index}`));
      const query = (count: number) => http.send("QUERY /keys", `{"keys": true, "key": ${names(count)}}`);
      expect((await query(1000)).text).toBe('["n1","n999"]');
      expectProblem(await query(1001), "invalid-parameter");
    });
  });

  test.each([
    ["[]", "invalid-json"],
    ["{", "invalid-json"],
    ['{"unknown": 1}', "invalid-parameter"],
    ['{"filter": ""}', "invalid-parameter"],
    ['{"filter": null}', "invalid-parameter"],
    ['{"filter": {"a": 1}}', "invalid-parameter"],
    ['{"filter": ["a", "b"]}', "invalid-parameter"],
    ['{"limit": 1.5}', "invalid-parameter"],
  ] as const)("QUERY with %s answers %s", async (json, code) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.send("QUERY /keys", json, { "Content-Type": "application/json" }), code);
    });
  });

  test("QUERY takes no parameters in its target, and no other type", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.send("QUERY /keys?limit=1", "{}"), "invalid-parameter");
      const typed = await http.send("QUERY /keys", "{}", { "Content-Type": "text/plain" });
      expectProblem(typed, "unsupported-media-type");
      expectProblem(await http.send("QUERY /keys"), "length-required");
    });
  });

  test("another method answers 405 with Allow", async () => {
    await withServer(async ({ http }) => {
      const answer = await http.send("TRACE /keys");
      expectProblem(answer, "method-not-allowed");
      expect(answer.headers["allow"]).toStartWith("GET, HEAD, QUERY, POST, PUT");
    });
  });
}

/** The items of all pages from a target on, and how many each had. */
async function followPages(http: Http, target: string, between: () => Promise<void> = async () => {}) {
  const items: unknown[] = [];
  const sizes: number[] = [];
  for (let next: string | null = target; next !== null; ) {
    const answer = await http.get(next);
    const page: readonly unknown[] = JSON.parse(answer.text);
    items.push(...page);
    sizes.push(page.length);
    if (sizes.length > PAGES_MAX) throw new Error("The pages do not end");
    const { link } = answer.headers;
    next = link === undefined ? null : nextOf(link);
    await between();
  }
  return { items, sizes };
}

function nextOf(link: string): string | null {
  return /^<([^>]+)>; rel="next"$/.exec(link)?.[1] ?? null;
}
