// The built client in a real browser: a page imports it as a module, writes, and watches while connections are cut and the
// server is killed and started again; and a page of another origin uses it by CORS.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { WatchEvent } from "../../src/client/keyhold.ts";
import * as Client from "../../src/client/keyhold.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { findCommand } from "../support/other-program.ts";
import { pollUntil } from "../support/poll-until.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const TEST_MS = 60_000;
const WITHIN_MS = 15_000;

type Api = typeof Client;

/** What the page has been told, kept where evaluate() finds it. */
declare global {
  var told: WatchEvent[];
  var states: string[];
  var location: { readonly origin: string };
}

const browser = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");

let chrome: Browser | null = null;

beforeAll(async () => {
  if (browser !== null) chrome = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
}, TEST_MS);

afterAll(() => chrome?.close());

test.skipIf(browser === null)(
  "a page watches on over a cut connection and a server that is killed, and is told everything once",
  async () => {
    await withServerProcess(async (server, restart) => {
      await withPage(server.url, async (page, proxy) => {
        await page.goto(`${proxy.url}/page`);
        await page.evaluate(watchFromPage);
        await pageHears(page, "ready", 1);
        expect(await page.evaluate(writeFromPage)).toEqual({ isNew: true, text: "1", missing: null });

        const direct = new Client.Keyhold(server.url);
        proxy.retarget(server.url);
        await direct.put("b", "2");
        await pageHears(page, "put", 2);

        server.kill("SIGKILL");
        await server.exited;
        proxy.retarget(server.url);
        const again = await restart();
        await new Client.Keyhold(again.url).put("c", "3");
        proxy.retarget(again.url);
        await pageHears(page, "put", 3);

        const told = await page.evaluate(() => globalThis.told.map((each) => ("key" in each ? each.key : each.type)));
        expect(told.filter((each) => each !== "bookmark" && each !== "ready")).toEqual(["a", "b", "c"]);
        const states = await page.evaluate(() => globalThis.states);
        expect(states.filter((each) => each === "open").length).toBeGreaterThanOrEqual(3);
      });
    });
  },
  TEST_MS,
);

test.skipIf(browser === null)(
  "a page of an origin that is let in has all of the client",
  async () => {
    // Not by the browser's routes: a page that comes from nowhere is kept from what is on this machine.
    const other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: ({ url }) => answer(new URL(url).pathname) });
    const origin = other.url.origin;
    try {
      await withServerProcess(
        async (server) => {
          await withPage(server.url, async (page) => {
            await page.goto(`${origin}/page`);
            expect(await page.evaluate(useFromElsewhere, server.url)).toEqual({
              isNew: true,
              revision: 1,
              isTtlKnown: true,
              refused: "precondition-failed",
              counted: 5,
              listed: ["a", "n"],
              count: 2,
              taken: "1",
              event: "delete",
            });
          });
        },
        (directory) => ["--store", `sqlite:${directory}/store`, "--cors-origins", origin],
      );
    } finally {
      await other.stop(true);
    }
  },
  TEST_MS,
);

/** Runs in the page. */
async function watchFromPage(): Promise<void> {
  const path = "/dist/client/keyhold.js";
  const { Keyhold }: Api = await import(path);
  const db = new Keyhold(location.origin, { retry: { baseMs: 50, capMs: 200 } });
  globalThis.told = [];
  globalThis.states = [];
  void (async () => {
    for await (const event of db.watch({ onConnection: ({ is }) => void globalThis.states.push(is) })) {
      globalThis.told.push(event);
    }
  })();
}

/** Runs in the page. */
async function writeFromPage() {
  const path = "/dist/client/keyhold.js";
  const { Keyhold }: Api = await import(path);
  const db = new Keyhold(location.origin);
  const { isNew } = await db.put("a", new Blob(["1"]));
  return { isNew, text: await db.getText("a"), missing: await db.get("none") };
}

/** Runs in the page. */
async function useFromElsewhere(url: string) {
  const path = "/dist/client/keyhold.js";
  const { Keyhold, hasCode }: Api = await import(path);
  const db = new Keyhold(url);
  const written = await db.put("a", "1", { ttlMs: 60_000, idempotencyKey: true });
  const entry = await db.get("a");
  const refused = await db.put("a", "2", { ifMatch: '"another"' }).catch((error: unknown) => error);
  const counted = await db.increment("n", 5);
  const listed: string[] = [];
  for await (const key of db.listKeys({ pageSize: 1 })) listed.push(key);
  const count = await db.count();
  const { cursor } = await db.page();
  const taken = await db.take("a");
  const { value: event } = await db.watch({ since: cursor }).next();
  return {
    isNew: written.isNew,
    revision: written.revision,
    isTtlKnown: (entry?.ttlMs ?? 0) > 30_000,
    refused: hasCode(refused, "precondition-failed") ? refused.code : String(refused),
    counted: counted.value,
    listed,
    count,
    taken: taken?.text() ?? null,
    event: event?.type ?? null,
  };
}

/** Resolves when the page has been told of so many events of a type. */
async function pageHears(page: Page, type: WatchEvent["type"], count: number): Promise<void> {
  const heard = () => page.evaluate((asked) => globalThis.told.filter((each) => each.type === asked).length, type);
  await pollUntil(async () => (await heard()) >= count, {
    ms: WITHIN_MS,
    what: () => `The page has not been told of ${count} events ${type}`,
  });
}

/** An empty page, and the built client at /dist/. */
function answer(path: string): Response {
  if (path === "/page") return new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
  const file = Bun.file(join(DIST, path.slice("/dist/".length)));
  return new Response(file, { headers: { "Content-Type": "text/javascript" } });
}

/** A page that finds the same at the origin of a proxy in front of the server. */
async function withPage(target: string, body: (page: Page, proxy: FaultProxy) => Promise<void>): Promise<void> {
  const proxy = await startFaultProxy(target);
  if (chrome === null) throw new Error("There is no browser");
  const page = await chrome.newPage();
  try {
    await page.route(new RegExp(`^${proxy.url}/(?:page$|dist/)`), async (route) => {
      const served = answer(new URL(route.request().url()).pathname);
      await route.fulfill({ contentType: served.headers.get("Content-Type") ?? "", body: await served.text() });
    });
    await body(page, proxy);
  } finally {
    await page.close();
    await proxy.close();
  }
}
