// One byte range of a value (RFC 9110 §14), and If-Range.
import { expect, test } from "bun:test";
import { expectProblem, fieldOf } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const VALUE = "0123456789";

export function rangesSuite(withServer: WithServer): void {
  test.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=9-", "9", "bytes 9-9/10"],
    ["bytes=0-99", VALUE, "bytes 0-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", VALUE, "bytes 0-9/10"],
    ["BYTES=1-1", "1", "bytes 1-1/10"],
  ])("%s answers 206 with %s", async (range, part, contentRange) => {
    await withServer(async ({ http }) => {
      const { headers: put } = await http.put("/a", VALUE);
      const { status, text, headers } = await http.get("/a", { Range: range });
      expect([status, text, headers["content-range"]]).toEqual([206, part, contentRange]);
      expect(headers["etag"]).toBe(put["etag"] ?? "");
    });
  });

  test.each(["bytes=10-", "bytes=99-100", "bytes=-0"])("%s answers 416 with the length", async (range) => {
    await withServer(async ({ http }) => {
      await http.put("/a", VALUE);
      const answer = await http.get("/a", { Range: range });
      expect(expectProblem(answer, "range-not-satisfiable")).toMatchObject({ key: "a", size: 10 });
      expect(answer.headers["content-range"]).toBe("bytes */10");
    });
  });

  test("every range of an empty value answers 416", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "");
      for (const range of ["bytes=0-", "bytes=0-0", "bytes=-1"]) {
        expectProblem(await http.get("/a", { Range: range }), "range-not-satisfiable");
      }
    });
  });

  test.each(["bytes=0-1,3-4", "bytes=4-2", "bytes=-", "bytes=a-b", "lines=0-1", "bytes 0-1", "bytes=1.5-2", ""])(
    "the range %j is ignored",
    async (range) => {
      await withServer(async ({ http }) => {
        await http.put("/a", VALUE);
        const { status, text, headers } = await http.get("/a", { Range: range });
        expect([status, text, headers["content-range"]]).toEqual([200, VALUE, undefined]);
      });
    },
  );

  test("HEAD ignores a range", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", VALUE);
      const { status, headers } = await http.head("/a", { Range: "bytes=0-1" });
      expect([status, headers["content-range"]]).toEqual([200, undefined]);
    });
  });

  test("the bytes at /keys/ have ranges, the JSON has none", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", VALUE);
      const bytes = await http.get("/keys/a", { Accept: "application/octet-stream", Range: "bytes=0-1" });
      expect([bytes.status, bytes.text]).toEqual([206, "01"]);
      const json = await http.get("/keys/a", { Range: "bytes=0-1" });
      expect([json.status, json.headers["accept-ranges"]]).toEqual([200, undefined]);
    });
  });

  test("If-Range lets the range through on the very state, named by its tag, else the whole is sent", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", VALUE);
      const answer = await http.get("/a");
      const tag = fieldOf(answer, "etag");
      const modified = fieldOf(answer, "last-modified");
      const earlier = new Date(Date.parse(modified) - 1000).toUTCString();
      const later = new Date(Date.parse(modified) + 1000).toUTCString();
      const statusOf = async (ifRange: string) =>
        (await http.get("/a", { Range: "bytes=0-1", "If-Range": ifRange })).status;
      expect(await statusOf(tag)).toBe(206);
      for (const other of [
        modified,
        `W/${tag}`,
        '"other"',
        tag.replace(/"$/, '-j"'),
        earlier,
        later,
        "nonsense",
        "*",
      ]) {
        expect(`${other}: ${await statusOf(other)}`).toBe(`${other}: 200`);
      }
    });
  });

  test("a range beyond the end is ignored where If-Range does not hold", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", VALUE);
      expect((await http.get("/a", { Range: "bytes=99-", "If-Range": '"other"' })).status).toBe(200);
    });
  });

  test("a condition is judged before a range", async () => {
    await withServer(async ({ http }) => {
      const { headers } = await http.put("/a", VALUE);
      const range = { Range: "bytes=99-" };
      expect((await http.get("/a", { ...range, "If-None-Match": headers["etag"] ?? "" })).status).toBe(304);
      expectProblem(await http.get("/a", { ...range, "If-Match": '"other"' }), "precondition-failed");
    });
  });
}
