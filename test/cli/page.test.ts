// docs/cli.md is run as it stands down to its reference, by bash and the command itself, and prints what stands on it.
// UPDATE=1 writes what it printed into it.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runScripts } from "../recipes/bash-session.ts";
import { parsePage, renderPage } from "../recipes/recipe-page.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const ROOT = join(import.meta.dir, "../..");
const PAGE = join(ROOT, "docs/cli.md");
const REFERENCE = "<!-- Generated";
/** What the installed command is. */
const COMMAND = `keyhold() { '${process.execPath}' '${join(ROOT, "src/main.ts")}' "$@"; }\nexport -f keyhold\n`;

test("the page on the command line prints what it shows", async () => {
  const page = readFileSync(PAGE, "utf8");
  const taught = page.slice(0, page.indexOf(REFERENCE));
  const parts = parsePage(taught);
  const steps = parts.filter((part) => part.is === "step");
  await withServerProcess(
    async (server) => {
      const [, ...printed] = await runScripts([COMMAND, ...steps.map(({ script }) => script)], server);
      const outputs = printed.values();
      const shown = parts.map((part) => (part.is === "step" ? { ...part, output: outputs.next().value ?? "" } : part));
      const rendered = renderPage(shown).replaceAll(server.url, "http://127.0.0.1:3000");
      if (process.env["UPDATE"] === "1") writeFileSync(PAGE, `${rendered}${page.slice(taught.length)}`);
      else expect(rendered).toBe(taught);
    },
    () => ["--store", "memory:"],
  );
}, 30_000);
