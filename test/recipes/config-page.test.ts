// The page of examples/config-reload in a real browser, on the origin of a real server: it shows a change, and after the server
// was killed and came back it goes on by itself where it was, with no event lost and none twice. Only the document is put in by
// the test, where a proxy would; the events are those of the server.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { findCommand } from "../support/other-program.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const HTML = readFileSync(join(import.meta.dir, "../../examples/config-reload/index.html"), "utf8");
const TEST_MS = 60_000;
const STEP_MS = 20_000;

const browser = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");

test.skipIf(browser === null)(
  "the page shows changes, and resumes by itself after the server was killed",
  async () => {
    await withServerProcess(async (server, restart) => {
      const putColor = (value: string) => put(server, "config/color", value);
      await putColor("red");
      await withPage(browser ?? "", server.url, async (page) => {
        const asked: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        await page.goto(`${server.url}/config.html`);
        await page.getByText("Live, 1 values.").waitFor();
        await putColor("green");
        await page.getByRole("cell", { name: '"green"' }).waitFor();

        await kill(server);
        await page.getByText("Not connected.").waitFor();
        await restart(server);
        await putColor("blue");
        await putColor("yellow");
        await page.getByText("Live, 1 values.").waitFor();
        await putColor("white");
        await page.getByRole("cell", { name: '"white"' }).waitFor();

        // All of the same address, so the browser itself has connected again. Only its Last-Event-ID, which the developer
        // tools do not show, can have said where to go on: without it the address asks for a snapshot.
        const streams = asked.filter((url) => url.includes("?watch"));
        expect(streams.length).toBeGreaterThan(1);
        expect(new Set(streams)).toEqual(new Set([`${server.url}/keys?watch&prefix=config/&since=0`]));
        // A put that has been overwritten since shows the value that stands, under its own revision.
        const changes = await page.locator("#changes li").allTextContents();
        expect(changes.map((change) => /\(revision (\d+)\)$/.exec(change)?.[1])).toEqual(["1", "2", "3", "4", "5"]);
        expect(changes.at(-1)).toBe('config/color = "white" (revision 5)');
      });
    });
  },
  TEST_MS,
);

test.skipIf(browser === null)(
  "the page connects again where EventSource gives up, and forgets what another store has not",
  async () => {
    await withServerProcess(async (other, restartOther) => {
      await put(other, "config/mode", "new");
      await kill(other);
      await withServerProcess(async (server) => {
        await put(server, "config/color", "red");
        await withPage(browser ?? "", server.url, async (page) => {
          await page.route("**/keys?watch*", (route) => route.fulfill({ status: 503 }), { times: 1 });
          await page.goto(`${server.url}/config.html`);
          await page.getByText("Live, 1 values.").waitFor();
          await kill(server);
          await page.getByText("Not connected.").waitFor();
          await restartOther(server);
          await page.getByText("Live, 1 values.").waitFor();
          expect(await page.locator("#config td").allTextContents()).toEqual(["config/mode", '"new"']);
        });
      });
    });
  },
  TEST_MS,
);

async function put(server: ServerProcess, key: string, value: string): Promise<void> {
  const answer = await fetch(`${server.url}/keys/${key}`, { method: "PUT", body: value });
  expect(answer.ok).toBe(true);
}

async function kill(server: ServerProcess): Promise<void> {
  server.kill("SIGKILL");
  await server.exited;
}

/** A page of a browser of its own, for the length of `body`; what goes wrong on it goes wrong in the test. */
async function withPage(executablePath: string, origin: string, body: (page: Page) => Promise<void>): Promise<void> {
  // Chromium's sandbox does not start as root, which is who runs tests in containers; it loads nothing but this page.
  const started = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  try {
    const page = await started.newPage();
    page.setDefaultTimeout(STEP_MS);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.route(`${origin}/config.html`, (route) => route.fulfill({ contentType: "text/html", body: HTML }));
    await body(page);
    expect(faults).toEqual([]);
  } finally {
    await started.close();
  }
}
