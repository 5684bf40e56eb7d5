// The access log: one line a request, with the pattern in place of the path. And what a look for a known answer leaves alone.

import { expect, test } from "bun:test";
import { makeApp, makeAppServer, toIncoming } from "../../test/support/http-harness.ts";
import { makeMemoryHarness } from "../../test/support/memory-harness.ts";
import { makeRecordingLog } from "../../test/support/recording-log.ts";
import { keyOf } from "../../test/support/requests.ts";
import { ROOMY } from "../../test/support/store-harness.ts";
import { makeTurnableTimers } from "../../test/support/turnable-timers.ts";
import { TokenBook } from "../auth/token-book.ts";
import { makeCount } from "../core/count.ts";
import { makeGrant } from "../core/token.ts";
import { makeMarksMemory, WriteMarks } from "../store/write-marks.ts";
import { KnownAnswers } from "./answers/known-answers.ts";

async function accessesOf(
  ask: (http: ReturnType<typeof makeAppServer>["http"]) => Promise<unknown>,
  isOn = "true",
): Promise<readonly unknown[]> {
  const { store, close } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1000 });
  const { http, log } = makeAppServer(store, { "access-log": isOn });
  await ask(http);
  await close();
  return log.accesses;
}

test("a line tells of request and answer", async () => {
  const [line] = await accessesOf((http) => http.put("/greeting", "hello", { "X-Request-Id": "id-1" }));
  expect(line).toEqual({
    requestId: "id-1",
    traceId: null,
    method: "PUT",
    target: "/greeting",
    route: "/{key}",
    status: 201,
    durationMs: expect.any(Number),
    requestBytes: 5,
    responseBytes: 0,
    remoteAddress: null,
    token: null,
  });
});

test.each([
  ["GET /keys?key=a", "/keys", 200],
  ["GET /keys/qux", "/keys/{key}", 404],
  ["GET /-/problems/busy", "/-/problems/{code}", 200],
  ["GET /-/nothing", "unmatched", 404],
  ["GET /a#b", "unmatched", 400],
] as const)("%s is logged under the route %s", async (request, route, status) => {
  const [line] = await accessesOf((http) => http.send(request));
  expect(line).toMatchObject({ route, status, requestBytes: null });
});

test("the id in the line is the id in the problem", async () => {
  let instance = "";
  const [line] = await accessesOf(async (http) => {
    instance = JSON.parse((await http.get("/qux")).text).instance;
  });
  expect(line).toMatchObject({ requestId: instance });
});

test("bytes are counted as they are sent, not as characters", async () => {
  const lines = await accessesOf(async (http) => {
    await http.putJson("/keys/a", '{"a": "\\u00e9"}');
    await http.get("/a");
    await http.get("/keys/a");
  });
  expect(lines).toMatchObject([{ responseBytes: 11 }, { responseBytes: 2 }, { responseBytes: 11 }]);
});

test("nothing is logged unless asked for", async () => {
  expect(await accessesOf((http) => http.get("/qux"), "false")).toEqual([]);
});

test("a look for a known answer reads no tokens: a reading that fails would be nobody's", async () => {
  const { store, close } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1000 });
  const { capabilities, now } = store;
  const changes = makeCount();
  let readings = 0;
  const readTokens = async () => {
    readings++;
    return [];
  };
  const tokens = new TokenBook(
    {
      store: { capabilities, now, putToken: async () => {}, tokens: readTokens },
      timers: makeTurnableTimers(now),
      adminSecret: null,
      changes,
    },
    [],
  );
  changes.add(1);
  const answers = new KnownAnswers({
    marks: new WriteMarks(makeMarksMemory()),
    limitBytes: 64 * 1024,
    collect: () => {},
  });
  const app = makeApp(store, makeRecordingLog(), {}, { tokens, answers });
  const request = { method: "GET", target: "/a/b", origin: null, isLocal: true, header: () => null };
  expect(app.recall({ ...request, mayHave: () => false })).toBeNull();
  await new Promise(setImmediate);
  expect(readings).toBe(0);
  await close();
});

test("a body that is long in coming is not taken with a token that another thread has revoked meanwhile", async () => {
  const { store, close } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1000 });
  const options = { store, timers: makeTurnableTimers(store.now), adminSecret: null, changes: makeCount() };
  const [here, there] = [new TokenBook(options, []), new TokenBook(options, [])];
  const grant = makeGrant({ name: "n", scopes: ["write"], prefixes: [], expiresAt: null });
  const { secret, record } = await there.issue(grant);
  const put = { method: "PUT", target: "/a", headers: { Authorization: `Bearer ${secret}` }, body: "x" };
  const incoming = {
    ...toIncoming(put, new AbortController().signal),
    async body() {
      await there.revoke(record.id);
      return Buffer.from("x");
    },
  };
  const { status } = await makeApp(store, makeRecordingLog(), {}, { tokens: here }).handle(incoming);
  expect([status, await store.get(keyOf("a"))]).toEqual([401, null]);
  await close();
});
