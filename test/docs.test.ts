// The documentation agrees with the code: generated pages are fresh, every code has one, links lead somewhere, and no page
// names a flag that the server does not know.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSiteMap } from "../scripts/site/site-map.ts";
import { describeProgram } from "../src/cli/program.ts";
import { OPTIONS } from "../src/config/options.ts";
import { ERRORS } from "../src/core/errors.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FLAG = /(?<![\w-])--[a-z][a-z0-9-]*/g;
const PROGRAM = await describeProgram();
/** Of the command, and of the programs of this project. */
const COMMAND_FLAGS = [
  ...[PROGRAM, ...PROGRAM.commands, ...PROGRAM.commands.flatMap(({ commands }) => commands)].flatMap(({ options }) =>
    options.flatMap(({ long }) => long ?? []),
  ),
  ...["--help", "--check"],
];
/** A line that speaks of one of these may name its flags. */
const OTHER_PROGRAMS =
  /\b(?:curl|npm|npx|git|docker|biome|tsc|bun|node|sqlite3|systemctl|systemd-analyze|kubectl|strace|mount|apt(?:-get)?|etcdctl|consul)\b/;
/** Decisions also speak of flags that were not taken, and of misspelt ones. */
const DECISIONS = "docs/adr/";

const pages = markdownFiles();

test("generated files are what their sources make of them", () => {
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, join(ROOT, "scripts/generate.ts"), "--check"]);
  expect({ exitCode, told: `${stdout}${stderr}` }).toEqual({ exitCode: 0, told: "" });
});

test("the front page has the figures of the reports that it speaks of", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const [method, figure] of [
    ["kill", "acknowledged writes"],
    ["linearizability", "operations checked"],
  ]) {
    const { figures } = JSON.parse(readFileSync(join(ROOT, `test/torture/reports/${method}.json`), "utf8"));
    expect(readme).toContain(figures[figure ?? ""].toLocaleString("en"));
  }
});

test("every code has a page, and the index names it", () => {
  const index = readFileSync(join(ROOT, "docs/problems/README.md"), "utf8");
  for (const code of Object.keys(ERRORS)) {
    expect(existsSync(join(ROOT, `docs/problems/${code}.md`))).toBe(true);
    expect(index).toContain(`](${code}.md)`);
  }
});

test("the front of the documentation leads to every page of it", () => {
  expect(readSiteMap(ROOT).all.length).toBeGreaterThan(Object.keys(ERRORS).length);
});

describe("every page", () => {
  test("is found", () => {
    expect(pages.length).toBeGreaterThan(Object.keys(ERRORS).length);
  });

  test.each(pages)("%s links to what is there", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test.each(pages.filter((page) => !page.startsWith(DECISIONS)))("%s names only flags that there are", (page) => {
    const known = new Set([
      ...COMMAND_FLAGS,
      ...OPTIONS.flatMap(({ flag, name, placeholder }) => (placeholder === null ? [flag, `--no-${name}`] : [flag])),
    ]);
    const prose = readFileSync(join(ROOT, page), "utf8")
      .split("\n")
      .filter((line) => !OTHER_PROGRAMS.test(line));
    const unknown = prose.flatMap((line) => line.match(FLAG) ?? []).filter((flag) => !known.has(flag));
    expect(unknown).toEqual([]);
  });
});

/** Tracked ones and those about to be, from the project's root. */
function markdownFiles(): readonly string[] {
  const command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const { stdout, success } = Bun.spawnSync(command, { cwd: ROOT });
  if (!success) throw new Error("git ls-files failed: this test needs the project's checkout");
  return stdout
    .toString()
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(ROOT, path)));
}

/** Relative links whose file, or heading within it, is not there. */
function brokenLinks(page: string): readonly string[] {
  const text = withoutCode(readFileSync(join(ROOT, page), "utf8"));
  const targets = [...text.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target]) => target ?? "");
  return targets.filter((target) => {
    if (/^(?:[a-z]+:|\/)/.test(target)) return false;
    const [path = "", heading] = target.split("#");
    const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) return true;
    return heading !== undefined && file.endsWith(".md") && !headingsOf(file).includes(heading);
  });
}

/** As GitHub names them. */
function headingsOf(file: string): readonly string[] {
  return [...withoutCode(readFileSync(file, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, "");
}
