// docs/tutorial.md is followed from its first block to its last, and must print what stands on it. UPDATE=1 writes it anew; read
// the difference.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { followPage, ROOT } from "./followed-page.ts";

const PAGE = "docs/tutorial.md";

test("the tutorial prints what it shows", async () => {
  let steps = 0;
  const printed = await followPage({
    page: PAGE,
    command: null,
    onStep: () => {
      steps += 1;
    },
  });
  expect(steps).toBeGreaterThan(15);
  if (process.env["UPDATE"] === "1") writeFileSync(join(ROOT, PAGE), printed);
  else expect(printed).toBe(readFileSync(join(ROOT, PAGE), "utf8"));
}, 70_000);
