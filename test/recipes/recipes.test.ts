// Every page of docs/recipes is run as it stands, by bash and curl against a real server over an empty store, and must print
// what stands on it; the programs on it must be those of examples. UPDATE=1 writes the pages anew; read the difference.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHider } from "../support/varying-text.ts";
import { withServerProcess } from "../support/with-server-process.ts";
import { runScripts } from "./bash-session.ts";
import { parsePage, renderPage, type Step } from "./recipe-page.ts";

const RECIPES = join(import.meta.dir, "../../docs/recipes");
const PAGES = readdirSync(RECIPES).filter((name) => name.endsWith(".md"));
const PAGE_MS = 70_000;
/** With UPDATE=1 the first is written. */
const TRIES = process.env["UPDATE"] === "1" ? 1 : 3;
/** A field or member with a time to live; its seconds. */
const TTL = /(\bTTL: |"ttl": )(\d+)/g;
/** How many seconds a time to live may have run down on a slow machine before it is another output. */
const TTL_SLACK_SECONDS = 5;

describe("recipes", () => {
  test.each(PAGES)(
    "%s prints what it shows",
    async (name) => {
      const path = join(RECIPES, name);
      const written = readFileSync(path, "utf8");
      const shown = await playInTime(written);
      if (process.env["UPDATE"] === "1") writeFileSync(path, shown);
      else expect(shown).toBe(written);
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

/**
 * Plays the page again where it does not print what is written: its scripts count on seconds, as their reader's do, and a machine
 * that is busy with other things may take longer. What is wrong is wrong each time.
 */
async function playInTime(written: string): Promise<string> {
  for (let tried = 1; ; tried++) {
    const shown = await play(written);
    if (shown === written || tried === TRIES) return shown;
    console.log("recipes: printed otherwise, and played again");
  }
}

/** The page with the outputs of this server, and the files as they are. */
async function play(page: string): Promise<string> {
  const parts = parsePage(page);
  const steps = parts.filter((part) => part.is === "step");
  const outputs = (await outputsOf(steps)).values();
  return renderPage(
    parts.map((part) => {
      switch (part.is) {
        case "step":
          return { ...part, output: outputs.next().value ?? "" };
        case "copy":
          return { ...part, text: readFileSync(join(RECIPES, part.path), "utf8") };
        default:
          return part;
      }
    }),
  );
}

async function outputsOf(steps: readonly Step[]): Promise<readonly string[]> {
  let outputs: readonly string[] = [];
  if (steps.length === 0) return outputs;
  await withServerProcess(async (server) => {
    const hide = await makeHider(server);
    const printed = await runScripts(
      steps.map(({ script }) => script),
      server,
    );
    outputs = steps.map(({ output }, index) => keepTimes(asLines(hide(printed[index] ?? "")), output));
  });
  return outputs;
}

/** As the lines of a block; blank ones at the end do not show. */
function asLines(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed === "" ? "" : `${trimmed}\n`;
}

/** Leaves a time to live as the page has it, where it has only run down for a few seconds more. */
function keepTimes(printed: string, written: string): string {
  const times = [...written.matchAll(TTL)].values();
  return printed.replaceAll(TTL, (shown, name, seconds) => {
    const [before, , secondsBefore] = times.next().value ?? [];
    const less = Number(secondsBefore) - Number(seconds);
    return before !== undefined && less >= 0 && less <= TTL_SLACK_SECONDS ? `${name}${secondsBefore}` : shown;
  });
}
