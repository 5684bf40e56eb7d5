// Pages whose blocks start and kill their own servers: played by one bash in an empty folder, with the command `keyhold` on the
// path and a free port in place of 3000. What is another each time (ids, secrets, times) is hidden on both sides.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parsePage, renderPage, type Step } from "../recipes/recipe-page.ts";
import { findFreePort } from "../support/free-port.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

export const ROOT = join(import.meta.dir, "../..");

export interface PlayOptions {
  /** From the project's root. */
  readonly page: string;
  /** What `keyhold` is: an executable. Without it, the sources. */
  readonly command?: string;
  /** Told of each step as it has run. */
  readonly onStep?: (step: Step, printed: string) => void;
}

export interface Played {
  readonly written: string;
  readonly shown: string;
}

/** A page that hangs is killed with what it has started. */
const PAGE_SECONDS = 60;
const WRITTEN_PORT = "3000";

/** @throws Error when bash ends early, or a step does not end */
export async function playPage({ page, command, onStep }: PlayOptions): Promise<Played> {
  const written = readFileSync(join(ROOT, page), "utf8");
  const parts = parsePage(written);
  const steps = parts.filter((part) => part.is === "step");
  const port = String(await findFreePort());
  return await withTemporaryDirectory(async (directory) => {
    const outputs = await runSteps(
      steps.map(({ script }) => script),
      { directory, port, command: command ?? writeCommand(directory) },
    );
    for (const [index, step] of steps.entries()) onStep?.(step, outputs[index] ?? "");
    const printed = outputs.values();
    const shown = parts.map((part) => {
      if (part.is === "step") return { ...part, output: asBlock(printed.next().value ?? "", port) };
      return part.is === "copy" ? { ...part, text: readFileSync(join(ROOT, dirname(page), part.path), "utf8") } : part;
    });
    return { written, shown: renderPage(shown) };
  });
}

interface Place {
  readonly directory: string;
  readonly port: string;
  readonly command: string;
}

async function runSteps(scripts: readonly string[], { directory, port, command }: Place): Promise<readonly string[]> {
  const mark = `end-of-step-${crypto.randomUUID()}`;
  const script = join(directory, "page.sh");
  const ends = scripts.map((text) => `${text}printf '\\n${mark}\\n'\n`);
  // What is still running at the end of a page that broke off ends with it.
  writeFileSync(
    script,
    ["trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT\n", ...ends]
      .join("")
      .replaceAll(`127.0.0.1:${WRITTEN_PORT}`, `127.0.0.1:${port}`),
  );
  const folder = join(directory, "empty");
  mkdirSync(folder);
  const child = Bun.spawn(["timeout", "--signal=KILL", String(PAGE_SECONDS), "bash", "--norc", "-u", script], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    env: {
      PATH: `${dirname(command)}:${process.env["PATH"] ?? ""}`,
      HOME: directory,
      CURL_HOME: directory,
      LC_ALL: "C.UTF-8",
      KEYHOLD_PORT: port,
      KEYHOLD_URL: `http://127.0.0.1:${port}`,
    },
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  const outputs = text.split(`\n${mark}\n`);
  const rest = outputs.pop();
  if (outputs.length === scripts.length && rest === "") return outputs;
  throw new Error(`The page ended in its step ${outputs.length + 1} of ${scripts.length}, having printed: ${rest}`);
}

/** The sources, as a command that a signal reaches. */
function writeCommand(directory: string): string {
  const path = join(directory, "bin/keyhold");
  mkdirSync(dirname(path));
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' --no-env-file '${join(ROOT, "src/main.ts")}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** As it stands on a page: without blanks at the end, on port 3000, and with a sign for what is drawn anew each time. */
function asBlock(printed: string, port: string): string {
  const text = printed
    .trimEnd()
    .replaceAll(`:${port}`, `:${WRITTEN_PORT}`)
    .replaceAll(/"(\d+)\.[0-9a-z]{10}(-j)?"/g, '"$1.<incarnation>$2"')
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, "<instant>");
  return text === "" ? "" : `${text}\n`;
}
