// The tutorial is followed from its first block to its last, and prints what stands on it. UPDATE=1 writes it anew; read the
// difference.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { playPage, ROOT } from "./played-page.ts";

const PAGE = "docs/tutorial.md";

test("the tutorial prints what it shows", async () => {
  const { written, shown } = await playPage({ page: PAGE });
  if (process.env["UPDATE"] === "1") writeFileSync(join(ROOT, PAGE), shown);
  else expect(shown).toBe(written);
}, 70_000);
