// docs/client.md is run as it stands, by Node and with the built package, and prints what stands on it.
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun } from "../support/run-command.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/client.md"), "utf8");
const EXAMPLE_URL = "http://127.0.0.1:3000";
/** Printed between the outputs of two examples. */
const MARK = "--- next example ---";
/** An example and what it prints. */
const EXAMPLE = /```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;
const TEST_MS = 30_000;

test(
  "the page on the client prints what it shows",
  async () => {
    const examples = [...PAGE.matchAll(EXAMPLE)].map(([, script = "", output = ""]) => ({ script, output }));
    expect(examples.length).toBe(PAGE.split("```js\n").length - 1);
    expect(examples.length).toBeGreaterThan(8);
    await withTemporaryDirectory(async (directory) => {
      mkdirSync(join(directory, "node_modules"));
      symlinkSync(ROOT, join(directory, "node_modules/keyhold"));
      await withServerProcess(async ({ url }) => {
        writeFileSync(
          join(directory, "page.mjs"),
          programOf(examples.map(({ script }) => script)).replace(EXAMPLE_URL, url),
        );
        const printed = await mustRun(["node", join(directory, "page.mjs")], { directory });
        expect(printed.split(`${MARK}\n`)).toEqual(examples.map(({ output }) => output));
      });
    });
  },
  TEST_MS,
);

/** What the first declares is there for all; the others each have names of their own. */
function programOf([first = "", ...others]: readonly string[]): string {
  return [first, ...others.map((script) => `{\n${script}}\n`)].join(`console.log(${JSON.stringify(MARK)});\n`);
}
