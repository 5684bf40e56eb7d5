// The programs of examples/adapters, as docs/adapters.md shows them: the page has each to the letter, with what it prints.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, type OtherProgram, withProgram } from "../support/other-program.ts";
import { mustRun } from "../support/run-command.ts";
import type { Served } from "./served.ts";

const ROOT = join(import.meta.dir, "../..");
const PAGE = readFileSync(join(ROOT, "docs/adapters.md"), "utf8");
/** A program that the line above links to, and what it prints, if it ends. */
const SHOWN =
  /\]\(\.\.\/(examples\/adapters\/[\w-]+\.mjs)\)[^\n]*\n\n```js\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

export function examplesSuite({ url, client }: Served): void {
  const shown = [...PAGE.matchAll(SHOWN)].map(([, path = "", program = "", output = ""]) => ({
    path,
    program,
    output,
  }));
  const node = findCommand(["node"], "Node 20 or later");

  test("are all on the page, to the letter", () => {
    const files = [...new Bun.Glob("examples/adapters/*.mjs").scanSync(ROOT)].toSorted();
    expect(shown.map(({ path }) => path).toSorted()).toEqual(files);
    for (const { path, program } of shown) expect(program).toBe(readFileSync(join(ROOT, path), "utf8"));
  });

  test.skipIf(node === null).each(shown.filter(({ output }) => output !== ""))(
    "$path prints what the page says",
    async ({ path, output }) => {
      const environment = { ...process.env, KEYHOLD_URL: url() };
      expect(await mustRun([node ?? "", join(ROOT, path)], { directory: ROOT, environment })).toBe(output);
    },
  );

  test.skipIf(node === null)("the app keeps its users over a restart", async () => {
    const run = (body: (program: OtherProgram) => Promise<void>) =>
      withProgram(["env", `KEYHOLD_URL=${url()}`, "PORT=0", node ?? "", "examples/adapters/express.mjs"], ROOT, body);
    let cookie = "";
    await run(async (program) => {
      const app = await urlOf(program);
      expect(await (await fetch(app)).text()).toBe("Hello, whoever you are\n");
      const answer = await fetch(`${app}/login/anna`, { method: "POST" });
      expect(await answer.text()).toBe("Welcome, anna\n");
      cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    });
    await run(async (program) => {
      const app = await urlOf(program);
      const ask = async (path: string, method = "GET") =>
        await (await fetch(`${app}${path}`, { method, headers: { Cookie: cookie } })).text();
      expect(await ask("/")).toBe("Hello, anna\n");
      expect(await client().count({ prefix: "sess/" })).toBe(1);
      expect(await ask("/logout", "POST")).toBe("Bye\n");
      expect(await ask("/")).toBe("Hello, whoever you are\n");
    });
    expect(await client().count({ prefix: "sess/" })).toBe(0);
  });
}

async function urlOf(program: OtherProgram): Promise<string> {
  await program.waitFor(/listening on \S+\n/);
  return /listening on (\S+)/.exec(program.output())?.[1] ?? "";
}
