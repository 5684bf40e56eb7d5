// How the files of pages are sent: packed or not, with tags of their own, and a sentence where none are built.
import { describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { makeAppServer } from "../../../test/support/http-harness.ts";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { ROOMY } from "../../../test/support/store-harness.ts";
import { WebAssets } from "./web-assets.ts";

const PAGE = "<!doctype html><title>p</title>";
const SCRIPT = "console.log(1)";
const FILES = [
  { path: "console", contentType: "text/html; charset=utf-8", hash: "aa", gzip: packed(PAGE) },
  { path: "assets/console-1.js", contentType: "text/javascript; charset=utf-8", hash: "bb", gzip: packed(SCRIPT) },
];
const { store } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1 });
const { http } = makeAppServer(store, {}, { assets: new WebAssets(async () => JSON.stringify(FILES)) });

function packed(text: string): string {
  return gzipSync(text).toString("base64");
}

describe("a page", () => {
  test("is asked for anew each time, and lets nothing run but this server's own scripts", async () => {
    const { status, headers, text } = await http.get("/-/console");
    expect([status, text]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      etag: '"aa"',
      vary: "Accept-Encoding",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(headers["content-security-policy"]).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'; ");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
  });

  test("that is no part of the build is not there", async () => {
    expect((await http.get("/-/docs")).status).toBe(404);
  });

  test("takes no parameters", async () => {
    expect((await http.get("/-/console?x=1")).status).toBe(400);
  });
});

describe("what a page loads", () => {
  test("is kept for ever, under a name that changes with its content", async () => {
    const { status, headers, text } = await http.get("/-/assets/console-1.js");
    expect([status, text, headers["cache-control"]]).toEqual([200, SCRIPT, "public, max-age=31536000, immutable"]);
    expect((await http.get("/-/assets/console-2.js")).status).toBe(404);
    expect((await http.get("/-/assets/../console")).status).toBe(404);
  });

  test.each(["gzip", "br, gzip;q=0.5", "*"])("is sent packed to who takes %s", async (coding) => {
    const { headers, body } = await http.get("/-/assets/console-1.js", { "Accept-Encoding": coding });
    expect(headers).toMatchObject({ "content-encoding": "gzip", etag: '"bb-gz"' });
    expect(gunzipSync(body).toString()).toBe(SCRIPT);
  });

  test.each(["identity", "gzip;q=0", "gzip;q=0, *", "br"])("is sent unpacked to who takes %s", async (coding) => {
    const { headers, text } = await http.get("/-/assets/console-1.js", { "Accept-Encoding": coding });
    expect([headers["content-encoding"], headers["etag"], text]).toEqual([undefined, '"bb"', SCRIPT]);
  });

  test("is not sent again to who has it, in the coding that it would be sent in", async () => {
    const ask = (tag: string, coding: string) =>
      http.get("/-/assets/console-1.js", { "If-None-Match": tag, "Accept-Encoding": coding });
    const known = await ask('"other", W/"bb-gz"', "gzip");
    expect([known.status, known.text, known.headers["etag"]]).toEqual([304, "", '"bb-gz"']);
    expect((await ask('"bb-gz"', "identity")).status).toBe(200);
    expect((await ask("*", "identity")).status).toBe(304);
  });
});

test("a server that runs from where nothing is built says how it is", async () => {
  let isBuilt = false;
  const read = async () => {
    if (!isBuilt) throw new Error("no such file");
    return JSON.stringify(FILES);
  };
  const { http: other } = makeAppServer(store, {}, { assets: new WebAssets(read) });
  const { status, text } = await other.get("/-/console");
  expect([status, JSON.parse(text)]).toEqual([
    501,
    expect.objectContaining({ code: "not-supported", detail: expect.stringContaining("npm run build") }),
  ]);
  isBuilt = true;
  expect((await other.get("/-/console")).status).toBe(200);
});
