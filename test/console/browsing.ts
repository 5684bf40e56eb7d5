// Tests of looking at what is there: the list, the filter, folders, values, the keyboard, many keys.
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import type { Stage } from "./stage.ts";

/** A multiple of 1,000. */
const KEYS = Number(process.env["KEYS"] ?? 20_000);
const JSON_TYPE = { "Content-Type": "application/json" };

export function testBrowsing(stage: Stage): void {
  const put = async (key: string, value: string, type: string) => {
    expect((await stage.http.put(`/keys/${key}`, value, { "Content-Type": type })).status).toBeLessThan(300);
  };

  test("keys are listed in order with type and size, and a value is laid out with every digit of its numbers", async () => {
    await put("look/b", "plain", "text/plain");
    await put("look/a", '{"look/a": {"big": 106242075399214372653, "one": 1.0}}', "application/json");
    await stage.page(
      async (page) => {
        await page.locator(".key-row", { hasText: "look/a" }).click();
        expect(await names(page)).toEqual(["look/a", "look/b"]);
        await page.locator(".key-row", { hasText: "look/b" }).getByText("text", { exact: true }).waitFor();
        expect(await page.locator(".code").textContent()).toBe('{\n  "big": 106242075399214372653,\n  "one": 1.0\n}');
        expect(new URL(page.url()).hash).toBe("#/keys?prefix=look/&key=look/a");
      },
      { hash: "#/keys?prefix=look/" },
    );
  });

  test("bytes are shown as digits, a picture as a picture, and HTML as text", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>';
    await stage.http.put("/keys/show/bytes", Uint8Array.of(0, 255, 72, 105), { "Content-Type": "application/x-thing" });
    await put("show/picture", svg, "image/svg+xml");
    await put("show/page", "<script>document.title = 'ran'</script>", "text/html");
    await stage.page(
      async (page) => {
        await page.locator(".key-row", { hasText: "show/bytes" }).click();
        expect(await page.locator(".hex-line").first().textContent()).toMatch(/^0000000000 ff 48 69\s+··Hi$/);
        await page.locator(".key-row", { hasText: "show/picture" }).click();
        await page.getByText("40 × 20").waitFor();
        await page.locator(".key-row", { hasText: "show/page" }).click();
        await page.getByText("document.title = 'ran'").last().waitFor();
        expect(await page.title()).toBe("Keyhold console");
      },
      { hash: "#/keys?prefix=show/" },
    );
  });

  test("typing filters: part of a key, or a pattern for all of it", async () => {
    await stage.http.send("POST /keys", '{"find/apple": 1, "find/pear": 2, "find/pineapple": 3}', JSON_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".key-row").nth(2).waitFor();
        await page.keyboard.press("/");
        await page.keyboard.type("apple");
        await page.getByText("2 keys like").waitFor();
        expect(await names(page)).toEqual(["find/apple", "find/pineapple"]);
        await page.getByLabel("Filter keys").fill("p$ar");
        await page.getByText("1 key like").waitFor();
        expect(await names(page)).toEqual(["find/pear"]);
        await page.getByLabel("Filter keys").fill("no such key");
        await page.getByText("No key is like that").waitFor();
      },
      { hash: "#/keys?prefix=find/" },
    );
  });

  test("folders are found at / and :, with how many keys they have, and lead there and back", async () => {
    await stage.http.send("POST /keys", '{"tree/a/1": 1, "tree/a/2": 1, "tree/b:1": 1, "tree/c": 1}', JSON_TYPE);
    await stage.page(async (page) => {
      const folder = page.getByRole("treeitem", { name: "tree/" });
      await folder.focus();
      await page.keyboard.press("ArrowRight");
      await page.getByRole("treeitem", { name: "b: 1" }).waitFor();
      await page.getByRole("treeitem", { name: "a/ 2" }).click();
      await page.getByText("2 keys").waitFor();
      expect(await names(page)).toEqual(["tree/a/1", "tree/a/2"]);
      await page.getByRole("button", { name: "tree/" }).click();
      await page.getByText("4 keys").waitFor();
    });
  });

  test("everything goes by keyboard, and the sheet says how", async () => {
    await stage.http.send("POST /keys", '{"hand/1": "one", "hand/2": "two", "hand/3": "three"}', JSON_TYPE);
    await stage.page(
      async (page) => {
        await page.locator(".key-row").nth(2).waitFor();
        await page.keyboard.press("j");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("k");
        await page.keyboard.press("j");
        await page.keyboard.press("Enter");
        await page.locator(".entry-title h2", { hasText: "hand/2" }).waitFor();
        await page.keyboard.press("j");
        await page.locator(".entry-title h2", { hasText: "hand/3" }).waitFor();
        await page.keyboard.press("x");
        await page.getByText("1 marked").waitFor();
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
        await page.keyboard.press("Escape");
        await page.keyboard.press("Escape");
        await page.getByText("Choose a key").waitFor();
        expect(await page.evaluate<string>("document.activeElement.id")).toBe("rows");
        await page.keyboard.press("3");
        await page.getByRole("heading", { name: "Tokens" }).waitFor();
      },
      { hash: "#/keys?prefix=hand/" },
    );
  });

  test(`of ${KEYS} keys only those on the screen are drawn, and the end is a key away`, async () => {
    const key = (number: number) => `many/${String(number).padStart(7, "0")}`;
    for (let first = 0; first < KEYS; first += 1000) {
      const pairs = Array.from({ length: 1000 }, (_, index) => `"${key(first + index)}": ${first + index}`);
      expect((await stage.http.send("POST /keys", `{${pairs.join(",")}}`, JSON_TYPE)).status).toBe(201);
    }
    await stage.page(
      async (page) => {
        await page.getByText(`${KEYS.toLocaleString("en")} keys`).waitFor();
        await page.locator("#rows").focus();
        const startedAt = performance.now();
        await page.keyboard.press("End");
        await page.locator(".key-row[data-active=true]", { hasText: key(KEYS - 1) }).waitFor({ timeout: 30_000 });
        if (KEYS > 20_000) console.log(`The end of ${KEYS} keys after ${Math.round(performance.now() - startedAt)} ms`);
        await page.evaluate(
          "{ const rows = document.querySelector('#rows'); rows.scrollTop = (rows.scrollHeight - rows.clientHeight) / 2; }",
        );
        await page.locator(".key-row", { hasText: key(KEYS / 2) }).waitFor();
        expect(await page.locator(".key-row").count()).toBeLessThan(60);
        await page.keyboard.press("Home");
        await page.locator(".key-row[data-active=true]", { hasText: key(0) }).waitFor();
      },
      { hash: "#/keys?prefix=many/" },
    );
  });
}

export async function names(page: Page): Promise<readonly string[]> {
  return await page.locator(".key-name").allInnerTexts();
}
