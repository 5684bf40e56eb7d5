// The documentation's site, built into a folder and read from files as a browser reads them: no link or chapter leads nowhere,
// nothing is wanting without scripts, axe finds nothing, the search finds, and nothing is asked of a network.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { type Built, buildSite } from "../../scripts/site/build-site.ts";
import { findCommand } from "../support/other-program.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const chromiumPath = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");
const directory = makeTemporaryDirectory();
let built: Built;

beforeAll(async () => {
  built = await buildSite(join(directory, "a/path"));
});

afterAll(() => removeTemporaryDirectory(directory));

const siteFile = (name: string) => join(directory, "a/path", name);

describe("the site", () => {
  test("has a page for each of the documentation, and no link that leads nowhere", () => {
    expect(built.faults).toEqual([]);
    expect(htmlFiles().length).toBe(built.pages);
  });

  test("refers to files that are there, by relative paths alone", () => {
    const dead = htmlFiles().flatMap((name) =>
      [...readFileSync(siteFile(name), "utf8").matchAll(/(?:href|src)="([^"#]+)[^"]*"/g)].flatMap(([, target = ""]) => {
        if (/^https?:/.test(target)) return [];
        return existsSync(siteFile(normalize(join(dirname(name), target)))) ? [] : [`${name}: ${target}`];
      }),
    );
    expect(dead).toEqual([]);
  });

  test("has no script and no style within its pages", () => {
    const inline = htmlFiles().filter((name) =>
      /<script(?![^>]*src=)|<style|\sstyle="|\son[a-z]+="/.test(
        readFileSync(siteFile(name), "utf8").replaceAll(/<pre[\s\S]*?<\/pre>/g, ""),
      ),
    );
    expect(inline).toEqual([]);
  });
});

describe.skipIf(chromiumPath === null)("a browser", () => {
  let browser: Browser;
  const asked: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
  });

  afterAll(async () => {
    await browser.close();
    expect(asked.filter((url) => !url.startsWith("file:"))).toEqual([]);
  });

  async function open(name: string, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(8000);
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => asked.push(`fault: ${error.message}`));
    await page.goto(`file://${siteFile(name)}`);
    return page;
  }

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)(
    "finds no violation by axe, %s, %i wide",
    async (colorScheme, width) => {
      const page = await open("index.html", { colorScheme, viewport: { width, height: 800 } });
      const found: string[] = [];
      for (const name of ["index.html", "recipes/lock.html", "comparison.html"]) {
        await page.goto(`file://${siteFile(name)}`);
        await page.evaluate(axe.source);
        const { violations }: Pick<AxeResults, "violations"> = await page.evaluate("axe.run()");
        found.push(...violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`));
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        if (Number(overflow) > 0) found.push(`${name}: wider than the screen by ${overflow}`);
      }
      expect(found).toEqual([]);
      await page.close();
    },
    30_000,
  );

  test("searches, and goes to the chapter that was found", async () => {
    const page = await open("recipes/lock.html");
    await page.keyboard.press("/");
    await page.locator(".finder input").fill("fencing token needed");
    await page.locator(".finder li").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/recipes\/lock\.html#why-the-token-is-needed$/);
    await page.close();
  });

  test("copies a block, and keeps the choice of colours", async () => {
    const page = await open("tutorial.html");
    expect(await page.locator(".block.code .copy").count()).toBeGreaterThan(10);
    await page.locator("button.theme").click();
    await page.reload();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    await page.close();
  });

  test("has a menu on a phone that lies below the bar, and scrolls to its last page", async () => {
    const page = await open("access.html", { viewport: { width: 390, height: 800 } });
    await page.locator(".menu").click();
    const box = await page.locator("#pages").boundingBox();
    expect(box).toMatchObject({ y: 56, height: 744 });
    await page.locator("#pages").getByRole("link", { name: "Changes" }).click();
    await page.waitForURL(/project\/changelog\.html$/);
    await page.close();
  });

  test("shows all of a page without scripts, and the way to others", async () => {
    const page = await open("protocol.html", { javaScriptEnabled: false, viewport: { width: 390, height: 800 } });
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("The protocol");
    await page.locator(".menu").click();
    await page.locator("#pages").getByRole("link", { name: "Tutorial" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("Tutorial");
    await page.close();
  });
});

function htmlFiles(): readonly string[] {
  return readdirSync(siteFile(""), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
}
