// Every view and dialog by axe-core, in both themes, wide and narrow: no violation of any of its rules. Only colours differ
// between the themes, and only the order of things between wide and narrow, so that not everything is looked at four times.
import { expect, test } from "bun:test";
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import type { Stage } from "./stage.ts";

interface Scene {
  readonly name: string;
  readonly hash: string;
  readonly enter: (page: Page) => Promise<void>;
  readonly isAlsoNarrow?: boolean;
}

const KEY = "axe/json";
const ENTRY = `#/keys?prefix=axe/&key=${KEY}`;

const SCENES: readonly Scene[] = [
  { name: "an entry", hash: ENTRY, enter: (page) => page.locator(".code").waitFor(), isAlsoNarrow: true },
  { name: "editing", hash: ENTRY, enter: (page) => press(page, "e", ".editor") },
  { name: "a new key", hash: ENTRY, enter: (page) => press(page, "n", "dialog"), isAlsoNarrow: true },
  { name: "an end", hash: ENTRY, enter: (page) => press(page, "t", "dialog") },
  { name: "shortcuts", hash: ENTRY, enter: (page) => press(page, "?", "dialog") },
  { name: "requests", hash: ENTRY, enter: (page) => press(page, "c", "dialog") },
  {
    name: "bytes",
    hash: "#/keys?prefix=axe/&key=axe/bytes",
    enter: async (page) => await page.locator(".hex-line").first().waitFor(),
  },
  {
    name: "marks",
    hash: "#/keys?prefix=axe/",
    enter: async (page) => {
      await page.locator(".key-row .mark-box").first().click();
      await page.locator(".marked-bar").waitFor();
    },
    isAlsoNarrow: true,
  },
  { name: "no entry", hash: "#/keys?filter=no-such", enter: (page) => page.getByText("No key is like that").waitFor() },
  { name: "activity", hash: "#/activity", enter: (page) => page.locator(".tiles").waitFor(), isAlsoNarrow: true },
  { name: "tokens", hash: "#/tokens", enter: (page) => page.getByText("asks for no token").waitFor() },
  { name: "a new token", hash: "#/tokens", enter: (page) => page.getByRole("button", { name: "New token" }).click() },
  { name: "transfer", hash: "#/transfer", enter: (page) => page.locator(".card").first().waitFor() },
  { name: "server", hash: "#/server", enter: (page) => page.locator(".card").first().waitFor() },
];

export function testAccessibility(stage: Stage): void {
  for (const isNarrow of [false, true]) {
    test(`axe finds nothing in any view, light or dark, on a ${isNarrow ? "narrow" : "wide"} screen`, async () => {
      await stage.http.putJson(`/keys/${KEY}?expire_in=9000`, `{"${KEY}": {"a": [1, "b", null, true]}}`);
      await stage.http.put("/keys/axe/bytes", Uint8Array.of(0, 255), { "Content-Type": "application/octet-stream" });
      await stage.page(
        async (page) => {
          await page.evaluate(axe.source);
          const found: string[] = [];
          for (const scene of SCENES.filter(({ isAlsoNarrow = false }) => !isNarrow || isAlsoNarrow)) {
            found.push(...(await lookAt(page, scene, isNarrow)));
          }
          expect(found).toEqual([]);
        },
        { isNarrow },
      );
    });
  }

  test("axe finds nothing where one signs in", async () => {
    const server = await stage.startServer();
    const body = JSON.stringify({ name: "first", scopes: ["admin"] });
    await fetch(`${server.url}/-/tokens`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    await stage.page(
      async (page) => {
        await page.evaluate(axe.source);
        await page.getByRole("heading", { name: "Sign in" }).waitFor();
        expect(await violations(page, [])).toEqual([]);
      },
      { server },
    );
  });
}

async function lookAt(page: Page, { name, hash, enter }: Scene, isNarrow: boolean): Promise<readonly string[]> {
  if (await page.locator(".editor").isVisible()) await page.keyboard.press("Escape");
  await page.evaluate(`document.querySelector("dialog")?.dispatchEvent(new Event("cancel", { cancelable: true }))`);
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.evaluate(`location.hash = "${hash}"`);
  await enter(page);
  const found: string[] = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate(`document.documentElement.dataset.theme = "${theme}"`);
    // What does not depend on colours is the same in both.
    const rules =
      theme === "light" && !isNarrow ? [] : ["color-contrast", "scrollable-region-focusable", "target-size"];
    for (const violation of await violations(page, rules)) found.push(`${name}, ${theme}: ${violation}`);
  }
  return found;
}

async function press(page: Page, key: string, awaited: string): Promise<void> {
  if (key === "e") await page.locator(".code").waitFor();
  await page.locator(".entry-title h2").waitFor();
  await page.keyboard.press(key);
  await page.locator(awaited).first().waitFor();
}

/** @param rules - all of them where there is none */
async function violations(page: Page, rules: readonly string[]): Promise<readonly string[]> {
  const options = { resultTypes: ["violations"], ...(rules.length === 0 ? {} : { runOnly: rules }) };
  const results = await page.evaluate<AxeResults>(
    `Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null))).then(() => axe.run(${JSON.stringify(options)}))`,
  );
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
