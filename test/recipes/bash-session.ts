// The scripts of one page, run by one real bash one after another, as a reader pastes them: variables, functions and files of
// one are there for the next.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const WRITTEN_ORIGIN = "http://127.0.0.1:3000";
/** A page that takes longer than this hangs, and is killed with what it has started. */
const PAGE_SECONDS = 60;

/**
 * What each script printed, to standard output and error.
 *
 * @throws Error when bash ends early, or a script does not end
 */
export async function runScripts(
  scripts: readonly string[],
  server: Pick<ServerProcess, "url">,
): Promise<readonly string[]> {
  return await withTemporaryDirectory(async (directory) => {
    const mark = `end-of-script-${crypto.randomUUID()}`;
    const file = join(directory, "page.sh");
    // A line break of its own: the output of a script may end without one.
    const ends = scripts.map((script) => `${script}printf '\\n${mark}\\n'\n`);
    writeFileSync(file, ["exec 2>&1\n", ...ends].join("").replaceAll(WRITTEN_ORIGIN, server.url));
    const printed = await runBash(file, directory);
    const outputs = printed.split(`\n${mark}\n`);
    const rest = outputs.pop();
    if (outputs.length === scripts.length && rest === "") return outputs;
    throw new Error(`The page ended in its script ${outputs.length + 1} of ${scripts.length}, having printed: ${rest}`);
  });
}

async function runBash(file: string, directory: string): Promise<string> {
  if (Bun.which("curl") === null) throw new Error("This test runs curl, which is not on the PATH");
  const child = Bun.spawn(["timeout", "--signal=KILL", String(PAGE_SECONDS), "bash", "--norc", "-u", file], {
    cwd: directory,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, CURL_HOME: directory, LC_ALL: "C.UTF-8" },
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text;
}
