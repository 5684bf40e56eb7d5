// `DELETE /keys` (contract §6): the exact count of what was there, and nothing by mistake.
import { expect, test } from "bun:test";
import { expectProblem, stateOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";
import { createAll } from "../../support/http-set-up.ts";

const ENTRIES = '{"tmp1": 1, "tmp2": 2, "tmp10": 3, "keep": 4}';

export function deletionsSuite(withServer: WithServer): void {
  test.each([
    ["", 4, []],
    ["?prefix=tmp", 3, ["keep"]],
    ["?filter=tmp$", 2, ["keep", "tmp10"]],
    ["?filter=*1*", 2, ["keep", "tmp2"]],
    ["?filter=tmp$&prefix=t", 2, ["keep", "tmp10"]],
    ["?key=keep&key=none&key=tmp1&key=keep", 2, ["tmp10", "tmp2"]],
    ["?key=none", 0, ["keep", "tmp1", "tmp10", "tmp2"]],
    ["?prefix=none", 0, ["keep", "tmp1", "tmp10", "tmp2"]],
  ])("DELETE /keys%s deletes %d", async (query, deleted, left) => {
    await withServer(async (server) => {
      const { http } = server;
      await createAll(server, ENTRIES);
      const { status, text, headers } = await http.delete(`/keys${query}`);
      expect([status, text, headers["content-type"]]).toEqual([200, `{"deleted": ${deleted}}`, "application/json"]);
      expect(await http.json("/keys?keys")).toEqual(left);
    });
  });

  test("DELETE /keys of nothing deletes 0", async () => {
    await withServer(async ({ http }) => {
      expect((await http.delete("/keys")).text).toBe('{"deleted": 0}');
    });
  });

  test.each([
    "?prefx=tmp",
    "?prefix=",
    "?prefix",
    "?filter=",
    "?key=",
    "?key=tmp1&key=",
    "?prefix=a&prefix=b",
    "?key=tmp1&prefix=t",
    "?start=t",
    "?limit=1",
    "?keys",
    "?reverse",
    "?filter=%ff",
  ])("DELETE /keys%s is refused and deletes nothing", async (query) => {
    await withServer(async (server) => {
      const { http } = server;
      await createAll(server, ENTRIES);
      const before = await stateOf(http);
      expectProblem(await http.delete(`/keys${query}`), "invalid-parameter");
      expect(await stateOf(http)).toBe(before);
    });
  });

  test.each(["If-Match", "If-None-Match", "If-Unmodified-Since"])(
    "DELETE /keys with %s is refused: a condition is about one entry",
    async (field) => {
      await withServer(async (server) => {
        const { http } = server;
        await createAll(server, ENTRIES);
        expectProblem(await http.delete("/keys", { [field]: "*" }), "invalid-header");
        expect(await http.json("/keys?keys")).toHaveLength(4);
      });
    },
  );

  test("what has ended is not counted", async () => {
    await withServer(async ({ http, step }) => {
      await http.put("/a", "v");
      await http.put("/b?expire_in=0.001", "v");
      while ((await http.get("/b")).status !== 404) await step();
      expect((await http.delete("/keys")).text).toBe('{"deleted": 1}');
    });
  });
}
