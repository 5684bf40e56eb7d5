// Every page of docs/recipes is run as it stands, by bash and curl against a real server over an empty store, and must print
// what stands on it; the programs on it must be those of examples. UPDATE=1 writes the pages anew; read the difference.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withServerProcess } from "../support/with-server-process.ts";
import { expectAsShown } from "./played-page.ts";
import { parsePage, renderPage } from "./recipe-page.ts";

const RECIPES = join(import.meta.dir, "../../docs/recipes");
const PAGES = readdirSync(RECIPES).filter((name) => name.endsWith(".md"));
const PAGE_MS = 70_000;

describe("recipes", () => {
  test.each(PAGES)(
    "%s prints what it shows",
    async (name) => {
      await expectAsShown(join(RECIPES, name), (body) => withServerProcess((server) => body({ server })));
    },
    PAGE_MS,
  );

  test.each(PAGES.filter((name) => name !== "README.md"))("%s stands in the index", (name) => {
    expect(readFileSync(join(RECIPES, "README.md"), "utf8")).toContain(`](${name})`);
  });
});

describe("a page", () => {
  const read = (...lines: readonly string[]) => parsePage(lines.map((line) => `${line}\n`).join(""));

  test("has steps, each with what it printed, and comes out as it went in", () => {
    const lines = ["# A", "", "```sh", "one", "```", "", "```text", "1", "```", "", "```sh", "two", "```", "", "End."];
    const parts = read(...lines);
    expect(parts.filter(({ is }) => is === "step")).toEqual([
      { is: "step", script: "one\n", output: "1\n" },
      { is: "step", script: "two\n", output: "" },
    ]);
    expect(renderPage(parts)).toBe(`${lines.join("\n")}\n`);
  });

  test("has copies of files, each below a link to its file", () => {
    const parts = read("See [a.py](../a.py):", "", "```python", "pass", "```");
    expect(parts[1]).toEqual({ is: "copy", language: "python", path: "../a.py", text: "pass\n" });
  });

  test.each([
    ["an output of nothing", ["Prose.", "", "```text", "looks printed", "```"]],
    ["an output too far below its step", ["```sh", "one", "```", "", "Prose.", "", "```text", "1", "```"]],
    ["another language without a file", ["Prose.", "", "```python", "looks run", "```"]],
    ["a script by another name", ["Prose.", "", "```bash", "looks run", "```"]],
    ["no language", ["Prose.", "", "```", "looks run", "```"]],
    ["another fence", ["~~~sh", "looks run", "~~~"]],
    ["a block without an end", ["```sh", "looks run"]],
    ["a block further in", ["- Item", "", "  ```sh", "  looks run", "  ```"]],
    ["indented code", ["Prose.", "", "    looks run"]],
  ])("is refused with %s", (_, lines) => {
    expect(() => read(...lines)).toThrow("neither run, nor printed");
  });
});
