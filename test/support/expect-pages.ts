// The pages that run in browsers, of a server as it is handed out: each is there, and so is all that it loads.
import { expect } from "bun:test";

const PAGES = ["/-/console", "/-/docs"];

export async function expectPages(url: string): Promise<void> {
  for (const path of PAGES) {
    const page = await fetch(`${url}${path}`);
    expect([path, page.status, page.headers.get("Content-Type")]).toEqual([path, 200, "text/html; charset=utf-8"]);
    const loaded = [...(await page.text()).matchAll(/(?:src|href)="(\/-\/assets\/[^"]+)"/g)].map(([, name]) => name);
    expect(loaded.length).toBeGreaterThanOrEqual(2);
    for (const name of loaded) expect([name, (await fetch(`${url}${name}`)).status]).toEqual([name, 200]);
  }
  const text = await (await fetch(`${url}/-/openapi.json`)).text();
  const { paths }: { readonly paths: object } = JSON.parse(text);
  expect(Object.keys(paths)).toContain("/keys/{key}");
}
