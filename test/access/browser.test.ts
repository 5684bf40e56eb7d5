// Stored values in a real browser: what somebody has put in does not run in the server's name, however it is opened, and a
// page of another origin can neither write nor read.
import { expect, test } from "bun:test";
import { type Browser, chromium } from "playwright-core";
import { Http } from "../support/http-client.ts";
import { findCommand } from "../support/other-program.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const TEST_MS = 60_000;
/** Shows that it has run by writing an entry, which it may as it is of the server's own origin. */
const SCRIPT = 'fetch("/keys/hacked", {method: "PUT", body: "1"}); document.title = "hacked";';
const HOSTILE: readonly (readonly [key: string, type: string, value: string])[] = [
  ["html", "text/html", `<!doctype html><script>${SCRIPT}</script><img src=x onerror='${SCRIPT}'>`],
  ["xhtml", "application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><script>${SCRIPT}</script></html>`],
  [
    "svg",
    "image/svg+xml",
    `<svg xmlns="http://www.w3.org/2000/svg" onload='${SCRIPT}'><script>${SCRIPT}</script></svg>`,
  ],
  ["xml", "text/xml", `<x:script xmlns:x="http://www.w3.org/1999/xhtml">${SCRIPT}</x:script>`],
  ["sniffed", "application/octet-stream", `<html><script>${SCRIPT}</script></html>`],
  ["plain", "text/plain", `<html><script>${SCRIPT}</script></html>`],
  ["odd", "text/html ;x", `<html><script>${SCRIPT}</script></html>`],
  ["multi", "multipart/related", `<html><script>${SCRIPT}</script></html>`],
];

const browser = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");

test.skipIf(browser === null)(
  "stored HTML, SVG and XML do not run, opened by themselves or in the frame of a page",
  async () => {
    await withServerProcess(async (server) => {
      const http = new Http(makeSocketClient(server.url));
      for (const [key, type, value] of HOSTILE) {
        expect((await http.put(`/keys/${key}`, value, { "Content-Type": type })).status).toBe(201);
      }
      await withBrowser(async (chrome) => {
        const page = await chrome.newPage();
        const frames = HOSTILE.map(([key]) => `<iframe src="/${key}"></iframe><object data="/${key}"></object>`).join(
          "",
        );
        // A page of the server's own origin, as a console is: the harshest place to open a value in.
        await page.route("**/own-page", (route) => route.fulfill({ contentType: "text/html", body: frames }));
        await page.goto(`${server.url}/own-page`, { waitUntil: "load" });
        for (const [key] of HOSTILE) {
          for (const path of [`/${key}`, `/keys/${key}`]) {
            // What is handed over as a download ends the navigation.
            await page.goto(`${server.url}${path}`, { waitUntil: "load" }).catch(() => null);
            expect({ path, title: await page.title() }).not.toEqual({ path, title: "hacked" });
          }
        }
        const own = await chrome.newPage();
        await own.goto(`${server.url}/-/healthy`);
        const wrote = await own.evaluate(() =>
          fetch("/keys/control", { method: "PUT", body: "1" }).then((a) => a.status),
        );
        expect(wrote).toBe(201);
      });
      // The control shows that a script of that origin could have written.
      expect((await http.get("/keys?keys&key=hacked&key=control")).text).toBe('["control"]');
    });
  },
  TEST_MS,
);

test.skipIf(browser === null)(
  "a page of another origin neither writes nor reads, and one of a known origin does",
  async () => {
    await withServerProcess(async (server) => {
      await withServerProcess(async (other) => {
        const attempts = async (from: string) =>
          withBrowser(async (chrome) => {
            const page = await chrome.newPage();
            await page.goto(`${from}/-/healthy`);
            return page.evaluate(async (target) => {
              const outcome = (asked: Promise<Response>) =>
                asked.then(
                  (a) => String(a.status),
                  () => "blocked",
                );
              const form = { method: "POST", mode: "no-cors", body: '{"a":1}' } as const;
              return {
                read: await outcome(fetch(`${target}/keys`)),
                put: await outcome(fetch(`${target}/a`, { method: "PUT", body: "1" })),
                post: await outcome(fetch(`${target}/keys`, form)),
              };
            }, server.url);
          });
        expect(await attempts(other.url)).toMatchObject({ read: "blocked", put: "blocked" });
        expect(await new Http(makeSocketClient(server.url)).get("/keys")).toMatchObject({ text: "[]" });
        expect(await attempts(server.url)).toMatchObject({ read: "200", put: "201" });
      });
    });
  },
  TEST_MS,
);

async function withBrowser<T>(body: (browser: Browser) => Promise<T>): Promise<T> {
  const chrome = await chromium.launch({ executablePath: browser ?? "", args: ["--no-sandbox"] });
  try {
    return await body(chrome);
  } finally {
    await chrome.close();
  }
}
