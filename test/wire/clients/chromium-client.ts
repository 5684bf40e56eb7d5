// Chromium: fetch and EventSource of a page, which stands on the origin that it asks. What runs there is in-page.mjs.
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { WireAnswer, WireClient } from "./wire-client.ts";

const IN_PAGE = join(import.meta.dir, "in-page.mjs");

/** @param executable - of any browser of Chromium's kind */
export async function startChromiumClient(executable: string): Promise<WireClient> {
  const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.addInitScript({ path: IN_PAGE });
  const origins = new Map<string, Awaited<ReturnType<typeof context.newPage>>>();
  const call = async <T>(name: string, url: string, argument: unknown): Promise<T> => {
    const { origin } = new URL(url);
    const page = origins.get(origin) ?? (await context.newPage());
    if (!origins.has(origin)) await page.goto(`${origin}/-/healthy`);
    origins.set(origin, page);
    return page.evaluate<T>(`wire.${name}(${JSON.stringify(argument)})`);
  };
  return {
    // It streams uploads over HTTP/2 alone, and "Expect" is a field that no page may set.
    abilities: [],
    // It may open more than it needs, up to six to an origin; over TLS with a certificate that it does not know it does.
    connectionsMax: 6,
    ask: (request) => call<WireAnswer>("ask", request.url, request),
    askTimes: (request, times) => call<readonly number[]>("askTimes", request.url, { request, times }),
    async watch(url, change) {
      await call("watch", url, url);
      await change();
      return call<string>("seen", url, null);
    },
    close: () => browser.close(),
  };
}
