// Conditional requests (contract §9, RFC 9110 §13).
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../../support/http-client.ts";
import { expectProblem, fieldOf, stateOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

/** Stands for the tag of the live entry in a field below. */
const TAG = "TAG";
/** Stand for its Last-Modified, and a day before and after. */
const MODIFIED = "MODIFIED";
const EARLIER = "EARLIER";
const LATER = "LATER";
const DAY_MS = 86_400_000;

type Fields = Readonly<Record<string, string>>;
/** Statuses of GET, PUT, DELETE and PATCH. */
type Statuses = readonly [get: number, put: number, remove: number, patch: number];

const DONE: Statuses = [200, 204, 204, 204];
const FAILED: Statuses = [412, 412, 412, 412];
const UNCHANGED: Statuses = [304, 412, 412, 412];
/** Of a missing key: PUT alone could have created one. */
const CREATED: Statuses = [404, 201, 404, 404];
const NOT_CREATED: Statuses = [404, 412, 404, 404];

const ROWS: readonly (readonly [fields: Fields, live: Statuses, missing: Statuses])[] = [
  [{}, DONE, CREATED],
  [{ "If-Match": "*" }, DONE, NOT_CREATED],
  [{ "If-Match": " * " }, DONE, NOT_CREATED],
  [{ "If-Match": `"${TAG}"` }, DONE, NOT_CREATED],
  [{ "If-Match": `"${TAG}-j"` }, DONE, NOT_CREATED],
  [{ "If-Match": `W/"${TAG}"` }, FAILED, NOT_CREATED],
  [{ "If-Match": '"other"' }, FAILED, NOT_CREATED],
  [{ "If-Match": '""' }, FAILED, NOT_CREATED],
  [{ "If-Match": `"other", "${TAG}"` }, DONE, NOT_CREATED],
  [{ "If-Match": `, "other" ,,"${TAG}",` }, DONE, NOT_CREATED],
  [{ "If-Match": `"a,b", W/"c"` }, FAILED, NOT_CREATED],
  [{ "If-None-Match": "*" }, UNCHANGED, CREATED],
  [{ "If-None-Match": `"${TAG}"` }, UNCHANGED, CREATED],
  [{ "If-None-Match": `W/"${TAG}"` }, UNCHANGED, CREATED],
  [{ "If-None-Match": `"other", "${TAG}"` }, UNCHANGED, CREATED],
  [{ "If-None-Match": '"other"' }, DONE, CREATED],
  // The value is not the JSON view, and both are one state.
  [{ "If-None-Match": `"${TAG}-j"` }, [200, 412, 412, 412], CREATED],
  [{ "If-Modified-Since": MODIFIED }, [304, 204, 204, 204], CREATED],
  [{ "If-Modified-Since": LATER }, [304, 204, 204, 204], CREATED],
  [{ "If-Modified-Since": EARLIER }, DONE, CREATED],
  [{ "If-Modified-Since": "yesterday" }, DONE, CREATED],
  [{ "If-Modified-Since": "2030-01-01" }, DONE, CREATED],
  [{ "If-Unmodified-Since": MODIFIED }, DONE, CREATED],
  [{ "If-Unmodified-Since": LATER }, DONE, CREATED],
  [{ "If-Unmodified-Since": EARLIER }, FAILED, CREATED],
  [{ "If-Unmodified-Since": "yesterday" }, DONE, CREATED],
  [{ "If-Match": `"${TAG}"`, "If-Unmodified-Since": EARLIER }, DONE, NOT_CREATED],
  [{ "If-Match": '"other"', "If-Unmodified-Since": LATER }, FAILED, NOT_CREATED],
  [{ "If-None-Match": '"other"', "If-Modified-Since": LATER }, DONE, CREATED],
  [{ "If-None-Match": `"${TAG}"`, "If-Modified-Since": EARLIER }, UNCHANGED, CREATED],
  [{ "If-Match": `"${TAG}"`, "If-None-Match": `"${TAG}"` }, UNCHANGED, NOT_CREATED],
  [{ "If-Match": `"${TAG}"`, "If-None-Match": '"other"' }, DONE, NOT_CREATED],
  [{ "If-Match": '"other"', "If-None-Match": `"${TAG}"` }, FAILED, NOT_CREATED],
];

const MALFORMED = ["42", '"open', 'open"', '"a" "b"', '"a";"b"', 'w/"a"', '"a"b', "", ",", '"a b"', '*, "a"'];

export function conditionsSuite(withServer: WithServer): void {
  test.each(ROWS)("%j on a live key answers GET, PUT, DELETE, PATCH with %j", async (fields, live) => {
    await withServer(async ({ http }) => {
      const answered: number[] = [];
      for (const request of REQUESTS) {
        const answer = await http.put("/a", "v");
        const filled = fill(fields, fieldOf(answer, "etag"), fieldOf(await http.get("/a"), "last-modified"));
        const before = await stateOf(http);
        const { status } = await request(http, "/a", filled);
        answered.push(status);
        if (status >= 300) expect(await stateOf(http)).toBe(before);
      }
      expect(answered).toEqual([...live]);
    });
  });

  test.each(ROWS)("%j on a missing key answers GET, PUT, DELETE, PATCH with _ %#", async (fields, _live, missing) => {
    await withServer(async ({ http }) => {
      const answered: number[] = [];
      for (const request of REQUESTS) {
        await http.delete("/a");
        const filled = fill(fields, '"1.gone"', new Date().toUTCString());
        answered.push((await request(http, "/a", filled)).status);
      }
      expect(answered).toEqual([...missing]);
    });
  });

  test.each(MALFORMED)("the list %j is refused and nothing is written", async (list) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const before = await stateOf(http);
      for (const field of ["If-Match", "If-None-Match"]) {
        for (const request of REQUESTS) expectProblem(await request(http, "/a", { [field]: list }), "invalid-header");
      }
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("all three forms of an HTTP date are read", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      for (const date of [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
      ]) {
        expectProblem(await http.get("/a", { "If-Unmodified-Since": date }), "precondition-failed");
      }
    });
  });

  test.each(["Thu, 01 Jan 1970 00:00:00 GMT", "Wed, 31 Dec 1969 23:59:59 GMT", "Mon, 01 Jan 1900 00:00:00 GMT"])(
    "a date before every entry (%s) is one since which each was modified",
    async (date) => {
      await withServer(async ({ http }) => {
        await http.put("/a", "old");
        expectProblem(await http.put("/a", "new", { "If-Unmodified-Since": date }), "precondition-failed");
        expectProblem(await http.get("/a", { "If-Unmodified-Since": date }), "precondition-failed");
        expect((await http.get("/a", { "If-Modified-Since": date })).text).toBe("old");
      });
    },
  );

  test("412 tells the current revision, or that there is none", async () => {
    await withServer(async ({ http }) => {
      const { headers } = await http.put("/a", "v");
      const live = expectProblem(await http.put("/a", "w", { "If-None-Match": "*" }), "precondition-failed");
      expect(live).toMatchObject({ key: "a", revision: Number(headers["revision"]) });
      const missing = expectProblem(await http.put("/b", "w", { "If-Match": "*" }), "precondition-failed");
      expect(missing).toMatchObject({ key: "b", revision: null });
    });
  });

  test("304 has the fields that renew a cached answer, and no content", async () => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.put("/a?expire_in=60", "v", { "Content-Type": "text/html" });
      for (const method of ["GET", "HEAD"]) {
        const { status, headers, text } = await http.send(`${method} /a`, null, { "If-None-Match": "*" });
        expect([status, text]).toEqual([304, ""]);
        expect(headers).toMatchObject({ etag: put["etag"], "cache-control": "no-cache", ttl: "60" });
        expect([headers["content-type"], headers["content-disposition"]]).toEqual([undefined, undefined]);
      }
    });
  });

  test("the JSON view has its own tag, which names the same state to writes", async () => {
    await withServer(async ({ http }) => {
      const value = fieldOf(await http.put("/a", "v"), "etag");
      const json = fieldOf(await http.get("/keys/a"), "etag");
      expect(json).toBe(value.replace(/"$/, '-j"'));
      expect((await http.get("/keys/a", { "If-None-Match": json })).status).toBe(304);
      expect((await http.get("/keys/a", { "If-None-Match": value })).status).toBe(200);
      expect((await http.get("/keys/a", { "If-Match": value })).status).toBe(200);
      expect((await http.head("/keys/a", { "If-None-Match": json })).status).toBe(304);
      const second = fieldOf(await http.putJson("/keys/a", '{"a": 1}', { "If-Match": json }), "etag");
      expect((await http.put("/a", "w", { "If-Match": second })).status).toBe(204);
    });
  });

  test("PATCH at /keys/ answers the JSON view's tag", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const { headers } = await http.patch("/keys/a", "expire_in=60");
      expect(headers["etag"]).toBe(fieldOf(await http.get("/keys/a"), "etag"));
    });
  });

  test("?meta, which has no tag, has no conditions", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      expect((await http.get("/keys/a?meta", { "If-None-Match": "*" })).status).toBe(200);
    });
  });

  test("conditions do not matter where the answer without them is an error of its own", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "v");
      const failing = { "If-Match": '"other"' };
      expectProblem(await http.put("/a", "v".repeat(2000), failing), "value-too-large");
      expectProblem(await http.put("/a?x=1", "v", failing), "invalid-parameter");
      expectProblem(await http.put("/a", "v", { ...failing, "Content-Encoding": "gzip" }), "unsupported-media-type");
      expectProblem(await http.send("POST /a", "v", failing), "method-not-allowed");
    });
  });

  test("of many that create one key with If-None-Match: *, one does", async () => {
    await withServer(async ({ http }) => {
      const asked = Array.from({ length: 8 }, (_, index) => http.put("/a", String(index), { "If-None-Match": "*" }));
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([201, 412, 412, 412, 412, 412, 412, 412]);
      expect(await http.text("/a")).toBe(String(statuses.indexOf(201)));
    });
  });

  test("of many that replace one state with If-Match, one does", async () => {
    await withServer(async ({ http }) => {
      const tag = fieldOf(await http.put("/a", "v"), "etag");
      const asked = Array.from({ length: 8 }, (_, index) => http.put("/a", String(index), { "If-Match": tag }));
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([204, 412, 412, 412, 412, 412, 412, 412]);
      expect(await http.text("/a")).toBe(String(statuses.indexOf(204)));
    });
  });

  test("a lock is taken, renewed and released by its holder alone", async () => {
    await withServer(async ({ http }) => {
      const taken = await http.put("/lock", "me", { "If-None-Match": "*", TTL: "30" });
      const holder = { "If-Match": fieldOf(taken, "etag") };
      const other = { "If-Match": '"other"' };
      expect((await http.put("/lock", "you", { "If-None-Match": "*", TTL: "30" })).status).toBe(412);
      expect((await http.patch("/lock", "expire_in=60", other)).status).toBe(412);
      const renewed = await http.patch("/lock", "expire_in=60", holder);
      expect([renewed.status, renewed.headers["ttl"], renewed.headers["etag"]]).toEqual([
        204,
        "60",
        holder["If-Match"],
      ]);
      expect((await http.delete("/lock", other)).status).toBe(412);
      expect((await http.delete("/lock", holder)).status).toBe(204);
      const next = await http.put("/lock", "you", { "If-None-Match": "*", TTL: "30" });
      expect(Number(next.headers["revision"])).toBeGreaterThan(Number(taken.headers["revision"]));
    });
  });
}

const REQUESTS: readonly ((http: Http, target: string, headers: Fields) => Promise<HttpAnswer>)[] = [
  (http, target, headers) => http.get(target, headers),
  (http, target, headers) => http.put(target, "w", headers),
  (http, target, headers) => http.delete(target, headers),
  (http, target, headers) => http.patch(target, "expire_in=60", headers),
];

function fill(fields: Fields, etag: string, modified: string): Fields {
  const instants = { [MODIFIED]: 0, [EARLIER]: -DAY_MS, [LATER]: DAY_MS };
  return Object.fromEntries(
    Object.entries(fields).map(([name, text]) => {
      const shift = Object.entries(instants).find(([placeholder]) => placeholder === text)?.[1];
      if (shift !== undefined) return [name, new Date(Date.parse(modified) + shift).toUTCString()];
      return [name, text.replaceAll(TAG, etag.slice(1, -1))];
    }),
  );
}
