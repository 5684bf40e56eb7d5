// Tests of what concerns the server: live updates, figures, import and export, tokens, signing in.
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { z } from "zod";
import { withServerProcess } from "../support/with-server-process.ts";
import type { Stage } from "./stage.ts";

const TEXT_TYPE = { "Content-Type": "text/plain" };

export function testServing(stage: Stage): void {
  test("what others do shows by itself: in the list, in the tree, in the entry that is open", async () => {
    await stage.http.put("/keys/live/b", "before", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".live[data-state=live]").waitFor();
        await page.locator(".code", { hasText: "before" }).waitFor();
        await stage.http.put("/keys/live/a", "new", TEXT_TYPE);
        await page.locator(".key-row", { hasText: "live/a" }).waitFor();
        await stage.http.put("/keys/live/b", "after", TEXT_TYPE);
        await page.locator(".code", { hasText: "after" }).waitFor();
        await stage.http.put("/keys/live/deeper/c", "new", TEXT_TYPE);
        await page.getByRole("treeitem", { name: "live/ 3" }).waitFor();
        await stage.http.delete("/keys/live/b");
        await page.getByText("This entry is gone").waitFor();
        await page.locator(".key-row", { hasText: "live/b" }).waitFor({ state: "detached" });
      },
      { hash: "#/keys?prefix=live/&key=live/b" },
    );
  });

  test("a server that is away is said to be, and the page goes on by itself once it is back", async () => {
    await withServerProcess(async (server, restart) => {
      await stage.page(
        async (page) => {
          await page.locator(".live[data-state=live]").waitFor();
          server.kill("SIGKILL");
          await server.exited;
          await page.locator(".live[data-state=connecting]").waitFor();
          const { url } = await restart(server);
          await fetch(`${url}/keys/back`, { method: "PUT", headers: TEXT_TYPE, body: "1" });
          await page.locator(".live[data-state=live]").waitFor();
          await page.locator(".key-row", { hasText: "back" }).waitFor();
        },
        { server },
      );
    });
  });

  test("figures come as charts and as a table", async () => {
    await stage.page(
      async (page) => {
        await page.locator(".tiles dd").first().waitFor();
        await page.getByText("The figures as a table").click();
        await page.locator("tbody tr td").first().waitFor();
        expect(await page.locator("thead th").allInnerTexts()).toEqual([
          "Time",
          "Requests a second, answered",
          "Requests a second, refused or failed",
          "Latency, p50",
          "Latency, p99",
          "Commits a second",
          "Memory, process",
          "Memory, JavaScript heap",
        ]);
        expect(await page.locator(".chart path.stroke").count()).toBe(7);
      },
      { hash: "#/activity" },
    );
  });

  test("JSON is imported with its digits, and an export is downloaded and imported again", async () => {
    const server = await stage.startServer();
    await stage.page(
      async (page) => {
        await choose(
          page,
          "pairs.json",
          '[{"in/big": 106242075399214372653}, {"in/text": "hi", "in/b": {"$base64": "/w=="}}]',
        );
        await page.getByText("pairs.json: 3 keys").waitFor();
        await page.getByRole("button", { name: "Import", exact: true }).click();
        await page.getByText("Imported 3 keys").waitFor();
        const listed = await (await fetch(`${server.url}/keys`)).text();
        expect(listed).toBe('[{"in/b": {"$base64": "/w=="}}, {"in/big": 106242075399214372653}, {"in/text": "hi"}]');
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Export", exact: true }).click(),
        ]);
        const exported = await Bun.file(await download.path()).text();
        expect(exported).toContain('"entries":3');
        await choose(page, "export.ndjson", exported);
        await page.getByRole("button", { name: "Import", exact: true }).click();
        await page.getByText("3 skipped, as they were there").waitFor();
        await choose(page, "cut.ndjson", exported.slice(0, exported.indexOf('{"entries"')));
        await page.getByText("The export is cut short").waitFor();
      },
      { server, hash: "#/transfer" },
    );
  });

  test("the server tells what it is", async () => {
    await stage.page(
      async (page) => {
        await page.getByRole("region", { name: "Store" }).getByText("memory", { exact: true }).waitFor();
        await page.getByRole("region", { name: "Limits" }).getByText("Value bytes", { exact: true }).waitFor();
      },
      { hash: "#/server" },
    );
  });

  test("the first token signs its maker in; its secret is shown once, kept for the tab, and refused once revoked", async () => {
    const server = await stage.startServer();
    await stage.page(
      async (page) => {
        const admin = await makeToken(page, "first", []);
        expect((await fetch(`${server.url}/keys`)).status).toBe(401);
        expect(await kept(page)).toEqual({ tab: admin, browser: null });
        await page.getByRole("button", { name: "I have kept it" }).click();
        await page.reload();
        await page.getByRole("row", { name: /first/ }).waitFor();
        expect(await page.content()).not.toContain(admin);
        const reader = await makeToken(page, "reader", ["write", "watch"], "own/");
        await page.getByRole("button", { name: "Sign out" }).click();
        await signIn(page, "no-such-token");
        await page.getByText("The server does not know this token").waitFor();
        await signIn(page, reader);
        await page.getByText("This token does not allow that").waitFor();
        await page.getByRole("link", { name: "Keys" }).click();
        await page.getByText("No keys yet").waitFor();
        await revoke(server.url, admin, "reader");
        await page.keyboard.press("r");
        await page.getByText("The token is no longer valid").waitFor();
        expect(await kept(page)).toEqual({ tab: null, browser: null });
      },
      { server, hash: "#/tokens" },
    );
  });
}

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page.setInputFiles("input[type=file]", { name, mimeType: "application/json", buffer: Buffer.from(text) });
}

/** @param without - scopes that it is not given; @returns its secret */
async function makeToken(page: Page, name: string, without: readonly string[], prefix = ""): Promise<string> {
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  for (const scope of without) await dialog.getByRole("checkbox", { name: new RegExp(`^${scope}`) }).uncheck();
  if (prefix !== "") await dialog.getByLabel("Only keys that begin with").fill(prefix);
  await dialog.getByRole("button", { name: "Create" }).click();
  return (await page.locator(".issued code").textContent()) ?? "";
}

async function signIn(page: Page, secret: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function kept(page: Page): Promise<{ readonly tab: string | null; readonly browser: string | null }> {
  const read = (place: string) => page.evaluate<string | null>(`${place}.getItem("keyhold-token")`);
  return { tab: await read("sessionStorage"), browser: await read("localStorage") };
}

async function revoke(url: string, admin: string, name: string): Promise<void> {
  const headers = { Authorization: `Bearer ${admin}` };
  const tokens = z
    .array(z.object({ id: z.string(), name: z.string() }))
    .parse(await (await fetch(`${url}/-/tokens`, { headers })).json());
  const id = tokens.find((token) => token.name === name)?.id;
  expect((await fetch(`${url}/-/tokens/${id}`, { method: "DELETE", headers })).status).toBe(200);
}
