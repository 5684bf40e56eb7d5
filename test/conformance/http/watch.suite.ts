// `GET /keys?watch` (contract §12).
import { describe, expect, test } from "bun:test";
import { toCursor } from "../../../src/store/cursor.ts";
import { EventReader, type WatchedEvent } from "../../support/event-reader.ts";
import type { Http } from "../../support/http-client.ts";
import { expectProblem, fieldOf, untilAnswered } from "../../support/http-expectations.ts";
import type { ServerFlags, TestServer, WithServer } from "../../support/http-harness.ts";
import { near } from "../../support/requests.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const NDJSON = { Accept: "application/x-ndjson" };
const QUICK: ServerFlags = { heartbeat: "200ms" };
/** Of what fill() creates: more than are read at once. */
const PARTS = 9;
const PART_KEYS = 300;

export function watchSuite(withServer: WithServer): void {
  describe("events", () => eventsSuite(withServer));
  describe("selections", () => selectionsSuite(withServer));
  describe("places to begin at", () => placesSuite(withServer));
  describe("snapshots", () => snapshotsSuite(withServer));
  describe("the life of a watcher", () => livesSuite(withServer));
  describe("requests", () => requestsSuite(withServer));
}

function eventsSuite(withServer: WithServer): void {
  for (const headers of [{}, NDJSON]) {
    const form = "Accept" in headers ? "a line of JSON" : "a server-sent event";

    test(`a put, a delete and an expiry are ${form} each, with key and revision`, async () => {
      await withServer(async (server) => {
        const watch = await watchOn(server, "", headers);
        expect(await watch.take(1)).toEqual([{ event: "ready", id: expect.any(String), data: {} }]);
        const put = await server.http.put("/a?expire_in=0.001", "1");
        await server.http.put("/b", "2");
        await server.http.delete("/b");
        const events = await seen(watch, 4);
        const byKey = (key: string) => events.filter(({ data }) => data["key"] === key);
        expect(byKey("a").map(({ event }) => event)).toEqual(["put", "expire"]);
        expect(byKey("a")[0]?.data["revision"]).toBe(Number(put.headers["revision"]));
        expect(byKey("b").map(({ event, data }) => [event, Object.keys(data).slice(0, 2)])).toEqual([
          ["put", ["key", "revision"]],
          ["delete", ["key", "revision"]],
        ]);
        const ids = events.flatMap(({ id }) => (id === null ? [] : [id]));
        expect(new Set(ids).size).toBe(ids.length);
        if (hasOneOrder(server)) expect(ids).toHaveLength(4);
      });
    });

    test(`a touch is ${form} where it is asked for, with the new expiry, and nothing where it is not`, async () => {
      await withServer(async (server) => {
        const { http } = server;
        await http.put("/a", "1");
        const asked = await watchOn(server, "&touches", headers);
        const other = await watchOn(server, "", headers);
        await other.take(1);
        await asked.take(1);
        await http.patch("/a", "expire_at=2099-01-01T00:00:00Z");
        expect(await asked.take(1)).toMatchObject([
          { event: "touch", data: { key: "a", expires_at: "2099-01-01T00:00:00.000Z" } },
        ]);
        await http.patch("/a", "persist=1");
        expect(await asked.take(1)).toMatchObject([{ event: "touch", data: { key: "a", expires_at: null } }]);
        await http.put("/b", "2");
        expect(await other.take(1)).toMatchObject([{ event: "put", data: { key: "b" } }]);
      });
    });

    test(`${form} carries the value as the JSON view shows it, on one line`, async () => {
      await withServer(async (server) => {
        const { http } = server;
        const watch = await watchOn(server, "", headers);
        await watch.take(1);
        const shown = async () => (await watch.mustNext()).data["value"];
        await http.put("/keys/a", "line\nbreak");
        expect(await shown()).toBe("line\nbreak");
        await http.put("/a", '{"x":\r\n [1,\n2]}', JSON_TYPE);
        expect(await shown()).toEqual({ x: [1, 2] });
        await http.put("/a", new Uint8Array([255]));
        expect(await shown()).toEqual({ $base64: "/w==" });
      });
    });
  }

  test("more changes of one commit than are read at once all come, in order", async () => {
    await withServer(async (server) => {
      const { http } = server;
      for (let round = 0; round < 3; round++) await create(http, pairs(`{r}${round}-`, 900));
      const watch = await watchOn(server);
      await watch.take(1);
      await http.delete("/keys");
      const events = await seen(watch, 2700);
      expect(events.every(({ event }) => event === "delete")).toBe(true);
      expect(new Set(keysOf(events)).size).toBe(2700);
    });
  });

  test("a put has the revision of its value, which is later where it has been overwritten since", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const cursor = await cursorOf(server);
      const first = Number(fieldOf(await http.put("/a", "1"), "revision"));
      const second = Number(fieldOf(await http.put("/a", "2"), "revision"));
      const [one, two] = (await (await watchOn(server, `&since=${cursor}`)).until("ready")).map(({ data }) => data);
      expect(one).toEqual({ key: "a", revision: first, value: "2", value_revision: second });
      expect(two).toEqual({ key: "a", revision: second, value: "2", value_revision: second });
    });
  });

  test("a put whose entry is gone has no value, and its delete follows", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const cursor = await cursorOf(server);
      await http.put("/a", "1");
      await http.delete("/a");
      const events = await (await watchOn(server, `&since=${cursor}`)).until("ready");
      expect(events.map(({ event, data }) => [event, Object.keys(data)])).toEqual([
        ["put", ["key", "revision"]],
        ["delete", ["key", "revision"]],
        ["ready", []],
      ]);
    });
  });

  test("values=0 leaves all values out, in the snapshot too", async () => {
    await withServer(async (server) => {
      await server.http.put("/a", "1");
      const watch = await watchOn(server, "&values=0&since=0");
      expect(Object.keys((await watch.mustNext()).data)).toEqual(["key", "revision"]);
      await watch.until("ready");
      await server.http.put("/b", "1");
      expect(Object.keys((await watch.mustNext()).data)).toEqual(["key", "revision"]);
    });
  });
}

function selectionsSuite(withServer: WithServer): void {
  test.each([
    ["prefix=wo", ["wo", "word"]],
    ["filter=w$rd", ["ward", "word"]],
    ["prefix=w&filter=*rd", ["ward", "word"]],
    ["start=wo&end=word", ["wo"]],
    ["key=ward&key=wo&key=none", ["ward", "wo"]],
    ["prefix=none", []],
    ["", ["ward", "wo", "word", "x"]],
  ])("?watch&%s tells of %j, in the snapshot and live", async (query, keys) => {
    await withServer(async (server) => {
      const { http } = server;
      const put = async () => {
        for (const key of ["word", "x", "wo", "ward"]) await http.put(`/${key}`, "1");
      };
      await put();
      const watch = await watchOn(server, `&since=0&${query}`);
      const marker = await watchOn(server, "&key=x");
      await marker.take(1);
      const snapshot = await watch.until("ready");
      expect(keysOf(snapshot)).toEqual(keys);
      await put();
      expect(keysOf(await seen(watch, keys.length)).toSorted()).toEqual(keys.toSorted());
      expect(await marker.take(1)).toMatchObject([{ event: "put", data: { key: "x" } }]);
    });
  });

  test("two watchers of the same keys get the same, and a third of others its own", async () => {
    await withServer(async (server) => {
      const watches = [
        await watchOn(server, `&prefix=${at("a")}`),
        await watchOn(server, `&prefix=${at("a")}`),
        await watchOn(server, `&prefix=${at("b")}`),
      ];
      for (const watch of watches) await watch.take(1);
      for (const key of ["a1", "b1", "a2"]) await server.http.put(`/keys/${at(key)}`, key);
      const [one, two] = [await watches[0]?.take(2), await watches[1]?.take(2)];
      expect(keysOf(one ?? [])).toEqual(["a1", "a2"].map(near));
      expect(placed(server, two ?? [])).toEqual(placed(server, one ?? []));
      expect(keysOf((await watches[2]?.take(1)) ?? [])).toEqual([near("b1")]);
    });
  });
}

function placesSuite(withServer: WithServer): void {
  test("each id is a place to resume from: what comes behind it is what came behind it", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const cursor = await cursorOf(server);
      await create(http, '{"{t}a": 1, "{t}b": 2, "{t}c": 3}');
      await http.delete(`/keys?prefix=${at("a")}`);
      await http.put(`/keys/${at("d")}`, "4");
      const all = await (await watchOn(server, `&since=${cursor}`)).until("ready");
      expect(all.map(({ event }) => event)).toEqual(["put", "put", "put", "delete", "put", "ready"]);
      expect(all.at(-1)?.id).toEqual(expect.any(String));
      if (hasOneOrder(server)) expect(all.every(({ id }) => id !== null)).toBe(true);
      for (const [index, { id }] of all.entries()) {
        if (id === null) continue;
        const behind = placed(server, all.slice(index === 5 ? 5 : index + 1));
        const since = await watchOn(server, `&since=${id}`);
        expect(placed(server, await since.until("ready"))).toEqual(behind);
        const field = await watchOn(server, "&since=0", { "Last-Event-ID": id });
        expect(placed(server, await field.until("ready"))).toEqual(behind);
        since.stream.close();
        field.stream.close();
      }
    });
  });

  test("the Cursor of a listing, on GET, HEAD and QUERY, is a place to watch from", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await http.put("/before", "1");
      const answers = [
        await http.get("/keys"),
        await http.head("/keys?prefix=x"),
        await http.get("/keys?limit=1&keys"),
        await http.get("/keys?key=a&meta"),
        await http.send("QUERY /keys", "{}", JSON_TYPE),
      ];
      await http.put("/after", "1");
      for (const answer of answers) {
        const watch = await watchOn(server, `&since=${fieldOf(answer, "cursor")}`);
        expect(keysOf(await watch.until("ready"))).toEqual(["after"]);
      }
    });
  });

  test("since=now shows nothing that was before", async () => {
    await withServer(async (server) => {
      await server.http.put("/a", "1");
      const watch = await watchOn(server, "&since=now");
      await watch.take(1);
      await server.http.put("/b", "1");
      expect(keysOf(await watch.take(1))).toEqual(["b"]);
    });
  });

  test("many changes that were missed come whole and in order, then what is new", async () => {
    await withServer(
      async (server) => {
        const { http } = server;
        const cursor = await cursorOf(server);
        for (let round = 0; round < 3; round++) await create(http, pairs(near(`${round}-`), 600));
        const watch = await watchOn(server, `&since=${cursor}&prefix=${at("")}`);
        const missed = await watch.until("ready");
        expect(keysOf(missed)).toHaveLength(1800);
        expect(revisionsOf(missed)).toEqual(revisionsOf(missed).toSorted((a, b) => a - b));
        await http.put(`/keys/${at("last")}`, "1");
        expect(keysOf(await watch.take(1))).toEqual([near("last")]);
      },
      { "history-changes": "10000" },
    );
  });

  test.each(["of another life", "beyond the end"])(
    "a cursor of no place in this log, %s, is a reset and a snapshot",
    async (which) => {
      await withServer(async (server) => {
        await server.http.put("/a", "1");
        const { foreign, beyond } = server.cursors;
        const latest = toCursor(await cursorOf(server));
        const watch = await watchOn(server, `&since=${which === "beyond the end" ? beyond(latest)[0] : foreign()}`);
        const [reset, put, ready] = await watch.take(3);
        expect(reset).toMatchObject({ event: "reset", id: null, data: { reason: expect.any(String) } });
        expect(put).toMatchObject({ event: "put", id: null, data: { key: "a", value: "1" } });
        expect(ready).toMatchObject({ event: "ready", id: latest });
        await server.http.put("/b", "1");
        expect(keysOf(await watch.take(1))).toEqual(["b"]);
      });
    },
  );

  test("a cursor whose changes the log has dropped is a reset and a snapshot", async () => {
    await withServer(
      async (server) => {
        const { http, step } = server;
        const cursor = await cursorOf(server);
        for (let round = 0; round < 3; round++) {
          await create(http, pairs(near("r"), 1000));
          await http.delete(`/keys?prefix=${at("r")}`);
        }
        await http.put("/left", "1");
        for (;;) {
          const watch = await watchOn(server, `&since=${cursor}`);
          const first = await watch.mustNext();
          if (first.event === "reset") {
            expect(keysOf(await watch.until("ready"))).toEqual(["left"]);
            return;
          }
          watch.stream.close();
          await step();
        }
      },
      { "history-changes": "1000", "sweep-interval": "10ms" },
    );
  });
}

function snapshotsSuite(withServer: WithServer): void {
  test("since=0 shows every entry once, without id, then ready, then what is new", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await fill(http, "r");
      const watch = await watchOn(server, "&since=0");
      const snapshot = await watch.until("ready");
      expect(snapshot.slice(0, -1).every(({ event, id }) => event === "put" && id === null)).toBe(true);
      expect(await names(server)).toEqual(keysOf(snapshot));
      await http.put("/zzz", "1");
      expect(keysOf(await watch.take(1))).toEqual(["zzz"]);
    });
  });

  test("an empty snapshot is ready at once", async () => {
    await withServer(async (server) => {
      expect((await (await watchOn(server, "&since=0")).mustNext()).event).toBe("ready");
      expect((await (await watchOn(server, "&since=0&key=a")).mustNext()).event).toBe("ready");
    });
  });

  test.each(["prefix=k", "prefix=k&values=0", named()])(
    "a snapshot of ?%.20s under writes has no gap, no double and nothing older after newer",
    async (query) => {
      await withServer(
        async (server) => {
          const { http } = server;
          await fill(http, "k");
          const watch = await watchOn(server, `&since=0&${query}`);
          for (let number = 0; number < 300; number++) {
            const key = encodeURIComponent(filled("k", number % PARTS, (number * 37) % PART_KEYS));
            if (number % 4 === 3) await http.delete(`/keys/${key}`);
            else await http.put(`/keys/${key}`, `new ${number}`);
          }
          const state = new Map<unknown, unknown>();
          const revisions = new Map<unknown, number>();
          for (let isLast = false; !isLast; ) {
            const event = await watch.mustNext();
            const { key, revision } = event.data;
            if (event.event === "ready") {
              await http.put("/keys/klast", "1");
              continue;
            }
            expect(Number(revision)).toBeGreaterThan(revisions.get(key) ?? 0);
            revisions.set(key, Number(revision));
            if (event.event === "put") state.set(key, revision);
            else state.delete(key);
            isLast = key === "klast";
          }
          const selected = query.replace("&values=0", "");
          const listed: readonly { key: string; revision: number }[] = JSON.parse(
            await http.text(`/keys?meta&${selected}`),
          );
          expect([...state.keys()].toSorted()).toEqual(listed.map(({ key }) => key).toSorted());
          for (const { key, revision } of listed) expect(state.get(key)).toBe(revision);
        },
        { "history-changes": "10000" },
      );
    },
  );
}

function livesSuite(withServer: WithServer): void {
  test("a watcher that hears nothing gets a heartbeat: a comment, or a bookmark as a line", async () => {
    await withServer(async (server) => {
      const events = await watchOn(server);
      const lines = await watchOn(server, "", NDJSON);
      const [ready, beat] = await events.take(2);
      expect(events.retryMs).toBe(1000);
      expect(beat).toEqual({ event: "", id: null, data: {} });
      expect((await lines.take(2))[1]).toEqual({ event: "bookmark", id: ready?.id ?? "", data: {} });
    }, QUICK);
  });

  test("a bookmark tells that the log has gone on past what is not shown, and can be resumed from", async () => {
    await withServer(async (server) => {
      const watch = await watchOn(server, "&prefix=mine");
      const [ready] = await watch.take(1);
      await server.http.put("/other", "1");
      const cursor = await cursorOf(server);
      const bookmark = (await watch.until("bookmark")).at(-1);
      expect(bookmark?.id).toBe(cursor);
      expect(bookmark?.id).not.toBe(ready?.id);
      await server.http.put("/mine", "1");
      const resumed = await watchOn(server, `&prefix=mine&since=${bookmark?.id}`);
      expect(keysOf(await resumed.until("ready"))).toEqual(["mine"]);
    }, QUICK);
  });

  test("a stop tells every watcher bye, at an orderly end", async () => {
    await withServer(
      async (server) => {
        const watches = [await watchOn(server), await watchOn(server, "&since=0", NDJSON)];
        for (const watch of watches) await watch.take(1);
        const stopped = server.stop();
        for (const watch of watches) {
          expect(await watch.rest()).toEqual([{ event: "bye", id: null, data: { reason: "stopping" } }]);
        }
        await stopped;
      },
      { "stop-timeout": "4s" },
    );
  });

  test("a watcher over the bound is 503, and one that goes away makes room", async () => {
    await withServer(
      async (server) => {
        const { http, step } = server;
        const [one, two] = [await watchOn(server), await watchOn(server)];
        expect(await watchersOf(server)).toEqual([2, 2]);
        const refused = expectProblem(await http.get("/keys?watch"), "busy");
        expect(refused).toMatchObject({ limit: 2, option: "--watchers" });
        expectProblem(await http.get("/missing?wait=1"), "busy");
        expectProblem(await http.get("/keys?wait=1"), "busy");
        expect((await http.get("/missing?wait=0")).status).toBe(404);
        one.stream.close();
        await untilAnswered(
          () => http.get("/-/info"),
          ({ text }) => JSON.parse(text).watchers === 1,
          step,
        );
        const three = await watchOn(server);
        await three.take(1);
        await http.put("/a", "1");
        expect(keysOf([...(await three.take(1))])).toEqual(["a"]);
        for (const { stream } of [two, three]) stream.close();
        await untilAnswered(
          () => http.get("/-/info"),
          ({ text }) => JSON.parse(text).watchers === 0,
          step,
        );
      },
      { watchers: "2" },
    );
  });

  test("HEAD answers the fields of the stream, and holds nothing open", async () => {
    await withServer(async (server) => {
      const head = await server.http.head("/keys?watch");
      const { stream } = await watchOn(server);
      const { date: _, ...fields } = head.headers;
      const { date: __, ...ofGet } = stream.headers;
      expect([head.status, fields]).toEqual([stream.status, ofGet]);
      expect(head.headers).toMatchObject({
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
        vary: "Accept",
      });
      expect((await watchersOf(server))[0]).toBe(1);
    });
  });
}

function requestsSuite(withServer: WithServer): void {
  test.each([
    "reverse",
    "limit=1",
    "cursor=YQ",
    "keys",
    "meta",
    "count",
    "wait=1",
    "values=2",
    "values",
    "watch",
    "since=",
    "x=1",
  ])("?watch&%s is refused", async (query) => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get(`/keys?watch&${query}`), "invalid-parameter");
    });
  });

  test("?watch with key and what narrows, since alone, and a watch by QUERY are refused", async () => {
    await withServer(async ({ http }) => {
      for (const query of ["watch&key=a&prefix=b", "watch&key=a&start=b", "since=0", "watch=yes"]) {
        expectProblem(await http.get(`/keys?${query}`), "invalid-parameter");
      }
      expectProblem(await http.send("QUERY /keys", '{"watch": true}', JSON_TYPE), "invalid-parameter");
      expectProblem(await http.send("QUERY /keys", '{"wait": 1}', JSON_TYPE), "invalid-parameter");
    });
  });

  test("what is no cursor is refused, in since= and in Last-Event-ID, and opens nothing", async () => {
    await withServer(async (server) => {
      const { http } = server;
      const texts = server.cursors.malformed.filter((text) => /^[\x21-\x7e]+$/.test(text));
      expect(texts.length).toBeGreaterThan(4);
      for (const text of texts) {
        const since = encodeURIComponent(text);
        expect(expectProblem(await http.get(`/keys?watch&since=${since}`), "invalid-parameter")).toMatchObject({
          parameter: "since",
        });
        expectProblem(await http.get("/keys?watch", { "Last-Event-ID": text }), "invalid-header");
      }
      expect((await watchersOf(server))[0]).toBe(0);
    });
  });

  test("an Accept that takes neither form is 406", async () => {
    await withServer(async ({ http }) => {
      expectProblem(await http.get("/keys?watch", { Accept: "application/json" }), "not-acceptable");
    });
  });
}

/** Some of the keys of a test by their names, and the one written last. */
function named(): string {
  const written = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => filled("k", number % PARTS, (number * 37) % PART_KEYS));
  return ["klast", ...written].map((key) => `key=${encodeURIComponent(key)}`).join("&");
}

/** Entries in many partitions, as far as there are such: PARTS times PART_KEYS. */
async function fill(http: Http, prefix: string): Promise<void> {
  for (let part = 0; part < PARTS; part++) {
    const names = Array.from({ length: PART_KEYS }, (_, index) => filled(prefix, part, index));
    await create(http, JSON.stringify(Object.fromEntries(names.map((name) => [name, "v"]))));
  }
}

function filled(prefix: string, part: number, index: number): string {
  return `${prefix}{${part}}${index}`;
}

async function create(http: Http, json: string): Promise<void> {
  expect((await http.postJson("/keys", json)).status).toBe(201);
}

/** As it stands in a target: a key that lies with the others that are made so. */
function at(name: string): string {
  return encodeURIComponent(near(name));
}

function hasOneOrder({ capabilities }: TestServer): boolean {
  return capabilities.order === "store";
}

/** The events as two watchers must get the same of them: which of them can be resumed from may differ in a store in partitions. */
function placed(server: TestServer, events: readonly WatchedEvent[]): readonly unknown[] {
  return hasOneOrder(server) ? events : events.map(({ event, data }) => ({ event, data }));
}

async function watchOn(
  server: TestServer,
  query = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const stream = await server.http.open(`/keys?watch${query}`, headers);
  if (stream.status !== 200) throw new Error(`The watch was answered ${stream.status}`);
  return new EventReader(stream, server.step);
}

/** The next events that are not signs of life. */
async function seen(watch: EventReader, count: number): Promise<readonly WatchedEvent[]> {
  const events: WatchedEvent[] = [];
  while (events.length < count) {
    const event = await watch.mustNext();
    if (event.event !== "" && event.event !== "bookmark") events.push(event);
  }
  return events;
}

function keysOf(events: readonly WatchedEvent[]): readonly unknown[] {
  return events.flatMap(({ data }) => ("key" in data ? [data["key"]] : []));
}

function revisionsOf(events: readonly WatchedEvent[]): readonly number[] {
  return events.flatMap(({ data }) => ("revision" in data ? [Number(data["revision"])] : []));
}

async function cursorOf({ http }: TestServer): Promise<string> {
  return fieldOf(await http.head("/keys?limit=1"), "cursor");
}

async function names({ http }: TestServer): Promise<unknown> {
  return http.json("/keys?keys");
}

/** How many watch, and how many may. */
async function watchersOf({ http }: TestServer): Promise<readonly [number, unknown]> {
  const info = JSON.parse(await http.text("/-/info"));
  return [info.watchers, info.limits.watchers];
}

function pairs(prefix: string, count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, "v"])));
}
