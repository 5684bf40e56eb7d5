// Tests of writing: creating, saving, conflicts, deleting and undoing, ends, and the lines of curl.
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { runCommand } from "../support/run-command.ts";
import type { Stage } from "./stage.ts";

const TEXT_TYPE = { "Content-Type": "text/plain" };

export function testEditing(stage: Stage): void {
  const bytesOf = async (key: string) => await stage.http.get(`/keys/${key}`, { Accept: "application/octet-stream" });

  test("what the form creates is what its line of curl creates", async () => {
    await stage.page(async (page) => {
      await fillNew(page, "made/by-form", '{"n": 106242075399214372653}');
      const line = (await page.locator("dialog .curl code").textContent()) ?? "";
      await page.getByRole("button", { name: "Create", exact: true }).click();
      await page.getByText("Created “made/by-form”").waitFor();
      await page.locator(".entry-title h2", { hasText: "made/by-form" }).waitFor();
      const made = await bytesOf("made/by-form");
      expect(made).toMatchObject({ text: '{"n": 106242075399214372653}' });
      expect(made.headers["content-type"]).toBe("application/json");
      const { out } = await runCommand(["sh", "-c", line.replaceAll("by-form", "by-curl")]);
      expect(out).toBe('{"made/by-curl": {"n": 106242075399214372653}}');
      expect(await bytesOf("made/by-curl")).toMatchObject({ text: made.text });
    });
  });

  test("a key that is taken is not overwritten by creating it", async () => {
    await stage.http.put("/keys/made/taken", "theirs", TEXT_TYPE);
    await stage.page(async (page) => {
      await fillNew(page, "made/taken", "mine");
      await page.getByRole("button", { name: "Create", exact: true }).click();
      await page.getByText("Nothing has been written").waitFor();
      await page.keyboard.press("Escape");
      expect(await page.evaluate<string>("document.activeElement.textContent.trim()")).toBe("New");
    });
    expect(await bytesOf("made/taken")).toMatchObject({ text: "theirs" });
  });

  test("what cannot be a key is said in the form, and names no other entry", async () => {
    await stage.http.put("/keys/made/kept", "theirs", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.getByText("cannot be a key", { exact: false }).first().waitFor();
        await page.keyboard.press("Escape");
        await fillNew(page, "made/x/../kept", "mine");
        await page.getByRole("alert").filter({ hasText: "between slashes" }).waitFor();
        expect(await page.getByRole("button", { name: "Create", exact: true }).isDisabled()).toBe(true);
      },
      { hash: "#/keys?key=made/x/../kept" },
    );
    expect(await bytesOf("made/kept")).toMatchObject({ text: "theirs" });
  });

  for (const isNarrow of [false, true]) {
    test(`a message lies over no button of the editor on a ${isNarrow ? "narrow" : "wide"} screen`, async () => {
      await stage.http.put("/keys/over/a", "1", TEXT_TYPE);
      await stage.http.put("/keys/over/b", "1", TEXT_TYPE);
      await stage.page(
        async (page) => {
          await page.locator(".entry-title h2").waitFor();
          await page.keyboard.press("d");
          await page.getByText("Deleted “over/a”").waitFor();
          await page.evaluate("location.hash = '#/keys?prefix=over/&key=over/b'");
          await page.locator(".entry-title h2", { hasText: "over/b" }).waitFor();
          await page.keyboard.press("e");
          await page.getByLabel("Value", { exact: true }).fill("2");
          await page.getByRole("button", { name: "Save", exact: true }).click({ timeout: 3000 });
          await page.getByText("Saved", { exact: false }).first().waitFor();
        },
        { hash: "#/keys?prefix=over/&key=over/a", isNarrow },
      );
      expect(await bytesOf("over/b")).toMatchObject({ text: "2" });
    });
  }

  test("JSON is saved only once it is valid, laid out with its digits, and keeps type and end", async () => {
    const pair = '{"edit/json": {"big":106242075399214372653,"one":1.0}}';
    await stage.http.put("/keys/edit/json?expire_in=5000", pair, { "Content-Type": "application/json" });
    const before = await endOf(stage, "edit/json");
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("e");
        const field = page.getByLabel("Value", { exact: true });
        await field.fill('{"big": 1,}');
        expect(await page.getByRole("button", { name: "Save", exact: true }).isDisabled()).toBe(true);
        await field.fill('{"big":206242075399214372653,"one":1.0}');
        await page.getByRole("button", { name: "Format" }).click();
        await page.keyboard.press("Control+s");
        await page.getByText("Saved", { exact: true }).waitFor();
        await page.getByRole("tab", { name: "Formatted" }).waitFor();
      },
      { hash: "#/keys?prefix=edit/&key=edit/json" },
    );
    expect((await bytesOf("edit/json")).text).toBe('{\n  "big": 206242075399214372653,\n  "one": 1.0\n}');
    expect(await endOf(stage, "edit/json")).toBe(before);
  });

  test("a save that would overwrite somebody else's shows both, and overwrites only when told so", async () => {
    await stage.http.put("/keys/race/text", "first", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("e");
        await page.getByLabel("Value", { exact: true }).fill("mine");
        await stage.http.put("/keys/race/text", "theirs", TEXT_TYPE);
        await page.getByText("Somebody else has changed this entry meanwhile").waitFor();
        await page.getByRole("button", { name: "Save", exact: true }).click();
        const dialog = page.getByRole("dialog", { name: "Somebody else has changed this entry" });
        expect(await dialog.getByLabel("Theirs").textContent()).toContain("theirs");
        expect(await dialog.getByLabel("Mine").textContent()).toContain("mine");
        expect((await bytesOf("race/text")).text).toBe("theirs");
        await dialog.getByRole("button", { name: "Overwrite theirs" }).click();
        await page.getByText("Saved in place of theirs").waitFor();
        expect((await bytesOf("race/text")).text).toBe("mine");
      },
      { hash: "#/keys?prefix=race/&key=race/text" },
    );
  });

  test("a draft is not lost without a question", async () => {
    await stage.http.put("/keys/draft/a", "one", TEXT_TYPE);
    await stage.http.put("/keys/draft/b", "two", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("e");
        await page.getByLabel("Value", { exact: true }).fill("changed");
        await page.locator(".key-row", { hasText: "draft/b" }).click();
        await page.getByRole("button", { name: "Keep editing" }).click();
        expect(await page.getByLabel("Value", { exact: true }).inputValue()).toBe("changed");
        await page.locator(".key-row", { hasText: "draft/b" }).click();
        await page.getByRole("button", { name: "Discard" }).click();
        await page.locator(".entry-title h2", { hasText: "draft/b" }).waitFor();
      },
      { hash: "#/keys?prefix=draft/&key=draft/a" },
    );
    expect((await bytesOf("draft/a")).text).toBe("one");
  });

  test("a deletion is made at once, and undone with bytes, type and end as they were", async () => {
    const text = ' {"kept": 1.0}\n';
    await stage.http.send("POST /-/import", importLine("gone/json", text, "application/json; charset=utf-8"));
    const before = await bytesOf("gone/json");
    const end = await endOf(stage, "gone/json");
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("d");
        await page.getByText("Deleted “gone/json”").waitFor();
        expect((await bytesOf("gone/json")).status).toBe(404);
        await page.getByRole("button", { name: "Undo" }).click();
        await page.getByText("Restored 1 key").waitFor();
      },
      { hash: "#/keys?prefix=gone/&key=gone/json" },
    );
    const after = await bytesOf("gone/json");
    expect(after.text).toBe(text);
    expect(after.headers["content-type"]).toBe(before.headers["content-type"]);
    expect(await endOf(stage, "gone/json")).toBe(end);
  });

  test("undoing does not overwrite what has been put there since", async () => {
    await stage.http.put("/keys/gone/taken", "old", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("d");
        await page.getByText("Deleted “gone/taken”").waitFor();
        await stage.http.put("/keys/gone/taken", "new", TEXT_TYPE);
        await page.keyboard.press("u");
        await page.getByText("Not everything was put back").waitFor();
      },
      { hash: "#/keys?prefix=gone/&key=gone/taken" },
    );
    expect((await bytesOf("gone/taken")).text).toBe("new");
  });

  test("several marked keys are deleted together, and together undone", async () => {
    for (const name of ["a", "b", "c"]) await stage.http.put(`/keys/marks/${name}`, name, TEXT_TYPE);
    const list = async () => (await stage.http.get("/keys?prefix=marks/&keys")).text;
    await stage.page(
      async (page) => {
        await page.locator(".key-row", { hasText: "marks/a" }).locator(".mark-box").click();
        await page.locator(".key-row", { hasText: "marks/c" }).click({ modifiers: ["Shift"] });
        await page.getByText("3 marked").waitFor();
        await page.locator(".key-row", { hasText: "marks/b" }).locator(".mark-box").click();
        await page.keyboard.press("d");
        await page.getByRole("dialog").waitFor();
        await page.keyboard.press("Enter");
        await page.getByText("Deleted 2 keys").waitFor();
        expect(await list()).toBe('["marks/b"]');
        await page.getByRole("button", { name: "Undo" }).click();
        await page.getByText("Restored 2 keys").waitFor();
        expect(await list()).toBe('["marks/a","marks/b","marks/c"]');
      },
      { hash: "#/keys?prefix=marks/" },
    );
  });

  test("an end is given, counted down and taken away", async () => {
    await stage.http.put("/keys/ends/a", "1", TEXT_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("t");
        await page.getByLabel("In how long").fill("90m");
        await page.getByRole("button", { name: "Change", exact: true }).click();
        await page.locator(".countdown", { hasText: /in 1h (?:29|30)m/ }).waitFor();
        await page.locator(".key-ttl", { hasText: /1h (?:29|30)m/ }).waitFor();
        await page.keyboard.press("t");
        await page.getByLabel("Never").check();
        await page.getByRole("button", { name: "Change", exact: true }).click();
        await page.getByText("It stays until it is deleted").first().waitFor();
      },
      { hash: "#/keys?prefix=ends/&key=ends/a" },
    );
    expect(await endOf(stage, "ends/a")).toBe(null);
  });

  test("bytes are replaced by a file, and downloaded as they are", async () => {
    await stage.http.put("/keys/files/a.bin", Uint8Array.of(255, 1), { "Content-Type": "application/octet-stream" });
    const bytes = Uint8Array.of(255, 254, 0, 7);
    await stage.page(
      async (page) => {
        await page.locator(".entry-title h2").waitFor();
        await page.keyboard.press("e");
        await page.setInputFiles("input[type=file]", {
          name: "new.png",
          mimeType: "image/png",
          buffer: Buffer.from(bytes),
        });
        await page.getByRole("button", { name: "Save", exact: true }).click();
        await page.getByText("Saved", { exact: true }).waitFor();
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Download" }).click(),
        ]);
        expect(download.suggestedFilename()).toBe("a.bin");
        expect(await Bun.file(await download.path()).bytes()).toEqual(bytes);
      },
      { hash: "#/keys?prefix=files/&key=files/a.bin" },
    );
    expect((await bytesOf("files/a.bin")).headers["content-type"]).toBe("image/png");
  });
}

async function fillNew(page: Page, key: string, value: string): Promise<void> {
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type(key);
  await page.getByLabel("Value", { exact: true }).fill(value);
}

/** The instant at which an entry ends, as the server says it. */
async function endOf(stage: Stage, key: string): Promise<string | null> {
  const found = /"expires_at": (null|"[^"]*")/.exec((await stage.http.get(`/keys/${key}?meta`)).text)?.[1];
  return found === undefined ? "none" : JSON.parse(found);
}

function importLine(key: string, text: string, type: string): string {
  return `${JSON.stringify({ key, text, content_type: type, expires_at: "2099-01-01T00:00:00.123Z" })}\n`;
}
