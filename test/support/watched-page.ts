// A page of the server in a browser, and everything that it must not do: break its own policy, throw, ask another server, be wider
// than the window. And what axe-core finds in it.
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";

export interface WatchedPage {
  readonly page: Page;
  /** What has gone wrong so far. */
  readonly faults: readonly string[];
}

export interface Look {
  readonly scheme: "light" | "dark";
  readonly size: "desktop" | "phone";
}

export const LOOKS: readonly Look[] = [
  { scheme: "light", size: "desktop" },
  { scheme: "dark", size: "phone" },
  { scheme: "dark", size: "desktop" },
  { scheme: "light", size: "phone" },
];

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

/** @param origin - of the server; everything else is another's */
export async function openWatchedPage(browser: Browser, origin: string, { scheme, size }: Look): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: SIZES[size], colorScheme: scheme });
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:")) faults.push(request.url());
  });
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (event) => console.error("policy", event.violatedDirective, event.sample))`,
  );
  return { page, faults };
}

/** Pixels by which it is wider than the window. */
export async function overflowOf(page: Page): Promise<number> {
  return Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
}

/** The rules of axe-core that it breaks, each with the first place. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] = JSON.parse(
    String(await page.evaluate("axe.run().then(({ violations }) => JSON.stringify(violations))")),
  );
  return found.map(({ id, nodes }) => `${id} (${nodes.length}): ${nodes[0]?.html.slice(0, 200)}`);
}
