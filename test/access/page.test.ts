// docs/access.md is run as it stands, by bash, curl and the command itself, and prints what stands on it; ids are different
// each time.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runScripts } from "../recipes/bash-session.ts";
import { parsePage, renderPage } from "../recipes/recipe-page.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const ROOT = join(import.meta.dir, "../..");
/** What the installed command is. */
const COMMAND = `keyhold() { '${process.execPath}' '${join(ROOT, "src/main.ts")}' "$@"; }\n`;

test("the page on access prints what it shows", async () => {
  const page = readFileSync(join(ROOT, "docs/access.md"), "utf8");
  const parts = parsePage(page);
  const steps = parts.filter((part) => part.is === "step");
  await withServerProcess(async (server) => {
    const [, ...printed] = await runScripts([COMMAND, ...steps.map(({ script }) => script)], server);
    const outputs = printed.values();
    const shown = parts.map((part) => (part.is === "step" ? { ...part, output: outputs.next().value ?? "" } : part));
    expect(withoutIds(renderPage(shown))).toBe(withoutIds(page));
  });
}, 30_000);

/** Also without blanks at the ends of lines, which nobody sees. */
function withoutIds(text: string): string {
  return text.replaceAll(/tk_[a-z0-9]{12}/g, "tk_…").replaceAll(/[ \n]+\n/g, "\n");
}
