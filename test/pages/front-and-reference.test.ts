// The front page and the reference in a real browser, light and dark, on a desk and on a phone: nothing breaks their policy,
// nothing is wider than the window, axe-core finds nothing but what is Swagger UI's own, and an operation can be tried.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { ROUTES } from "../../src/http/routes.ts";
import { findCommand } from "../support/other-program.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { axeViolations, LOOKS, openWatchedPage, overflowOf } from "../support/watched-page.ts";

const executable = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");
const SECRET = `kh_${"A".repeat(43)}`;
/** The row of an operation is a button, and has buttons and a link in it. */
const OF_SWAGGER_UI = /^nested-interactive /;
const START_MS = 60_000;

describe.skipIf(executable === null)("in a browser", () => {
  const top = makeTemporaryDirectory();
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(join(top, "secret"), SECRET);
    server = await startServerProcess(["--store", "memory:", "--admin-token-file", join(top, "secret")]);
    browser = await chromium.launch({ executablePath: executable ?? "", args: ["--no-sandbox"] });
  }, START_MS);

  afterAll(async () => {
    await browser.close();
    server.kill("SIGTERM");
    await server.exited;
    removeTemporaryDirectory(top);
  });

  test.each(LOOKS)("the front page keeps to its policy, fits and can be used by all: $scheme, $size", async (look) => {
    const { page, faults } = await openWatchedPage(browser, server.url, look);
    await page.goto(server.url);
    expect(await axeViolations(page)).toEqual([]);
    expect({ faults, overflow: await overflowOf(page) }).toEqual({ faults: [], overflow: 0 });
    await page.close();
  });

  test.each(LOOKS.slice(0, 2))(
    "the reference keeps to its policy, fits and is as open as can be: $scheme, $size",
    async (look) => {
      const { page, faults } = await openWatchedPage(browser, server.url, look);
      await page.goto(`${server.url}/-/docs#/Values/putValue`);
      await page.locator("#operations-Values-putValue .responses-table").waitFor();
      expect(await page.locator(".opblock").count()).toBe(ROUTES.length);
      const violations = await axeViolations(page);
      expect(violations.filter((each) => !OF_SWAGGER_UI.test(each))).toEqual([]);
      expect({ faults, overflow: await overflowOf(page) }).toEqual({ faults: [], overflow: 0 });
      await page.close();
    },
  );

  test("the reference shows curl lines for this server, and tries an operation with a token", async () => {
    const { page, faults } = await openWatchedPage(browser, server.url, { scheme: "light", size: "desktop" });
    await page.goto(`${server.url}/-/docs#/Values/putValue`);
    const operation = page.locator("#operations-Values-putValue");
    expect(await operation.locator(".markdown pre").first().textContent()).toContain(`${server.url}/greeting`);
    await page.locator(".authorize").first().click();
    await page.locator(".auth-container input").fill(SECRET);
    await page.locator(".auth-btn-wrapper button[type=submit]").click();
    await page.locator(".auth-btn-wrapper .btn-done").click();
    await operation.locator(".try-out__btn").click();
    await operation.locator("tr[data-param-name=key] input").fill("greeting");
    await operation.locator(".execute").click();
    await operation.locator(".live-responses-table tbody .response-col_status").first().waitFor();
    expect(await operation.locator(".live-responses-table tbody .response-col_status").first().textContent()).toBe(
      "201",
    );
    expect(faults).toEqual([]);
    const stored = await fetch(`${server.url}/greeting`, { headers: { Authorization: `Bearer ${SECRET}` } });
    expect([await stored.text(), stored.headers.get("Content-Type")]).toEqual(["hello world!", "text/plain"]);
    await page.close();
  });
});
