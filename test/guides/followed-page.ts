// The tutorial as a reader follows it: one bash in an empty folder, the command `keyhold` on its path, and no server but the one
// that the page itself starts, kills and starts again. A free port stands in for 3000; what is another each time is hidden, by the
// signs that the page explains, and nothing else is.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parsePage, renderPage } from "../recipes/recipe-page.ts";
import { findFreePort } from "../support/free-port.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

export const ROOT = join(import.meta.dir, "../..");

/** A block that was run, with what it printed, as the page would show it, and what the page does show. */
export interface FollowedStep {
  readonly script: string;
  readonly printed: string;
  readonly shown: string;
}

export interface FollowOptions {
  /** From the project's root. */
  readonly page: string;
  /** The executable `keyhold`; null for the sources. */
  readonly command: string | null;
  /** Told of each step as soon as it has ended. */
  readonly onStep: (step: FollowedStep) => void;
}

/** A page that hangs is killed, with what it has started. */
const PAGE_SECONDS = 60;
const WRITTEN_PORT = "3000";
/** What bash says of its jobs by itself, which is for a terminal. */
const JOB_NOTICE = /^\S*page\.sh: line \d+: +\d+ (?:Killed|Terminated).*\n/gm;

/**
 * The page with what its steps printed here.
 *
 * @throws Error when bash ends early, or a step does not end
 */
export async function followPage({ page, command, onStep }: FollowOptions): Promise<string> {
  const parts = parsePage(readFileSync(join(ROOT, page), "utf8"));
  const steps = parts.filter((part) => part.is === "step");
  const port = String(await findFreePort());
  const outputs: string[] = [];
  await withTemporaryDirectory(async (directory) => {
    const place = { directory, port, command: command ?? writeCommand(directory) };
    const printing = runScripts(
      steps.map(({ script }) => script),
      place,
    );
    for await (const text of printing) {
      const printed = asBlock(text, port);
      const step = steps[outputs.push(printed) - 1];
      onStep({ script: step?.script ?? "", printed, shown: step?.output ?? "" });
    }
  });
  const printed = outputs.values();
  return renderPage(parts.map((part) => (part.is === "step" ? { ...part, output: printed.next().value ?? "" } : part)));
}

interface Place {
  readonly directory: string;
  readonly port: string;
  readonly command: string;
}

/** What each prints to standard output and error, as they end. */
async function* runScripts(scripts: readonly string[], { directory, port, command }: Place): AsyncIterable<string> {
  const mark = `end-of-step-${crypto.randomUUID()}`;
  const script = join(directory, "page.sh");
  const ends = scripts.map((text) => `${text}printf '\\n${mark}\\n'\n`);
  const text = ["exec 2>&1\n", "trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT\n", ...ends].join("");
  writeFileSync(script, text.replaceAll(`127.0.0.1:${WRITTEN_PORT}`, `127.0.0.1:${port}`));
  const folder = join(directory, "empty");
  mkdirSync(folder);
  const child = Bun.spawn(["timeout", "--signal=KILL", String(PAGE_SECONDS), "bash", "--norc", "-u", script], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    env: {
      PATH: `${dirname(command)}:${process.env["PATH"] ?? ""}`,
      HOME: directory,
      CURL_HOME: directory,
      LC_ALL: "C.UTF-8",
      KEYHOLD_PORT: port,
      KEYHOLD_URL: `http://127.0.0.1:${port}`,
    },
  });
  let ended = 0;
  let rest = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    const [last = "", ...outputs] = `${rest}${piece}`.split(`\n${mark}\n`).toReversed();
    rest = last;
    ended += outputs.length;
    yield* outputs.toReversed();
  }
  await child.exited;
  if (ended === scripts.length && rest === "") return;
  throw new Error(`The page ended in its step ${ended + 1} of ${scripts.length}, having printed: ${rest}`);
}

/** The sources as a command, one process, which a signal reaches. */
function writeCommand(directory: string): string {
  const path = join(directory, "bin/keyhold");
  mkdirSync(dirname(path));
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' --no-env-file '${join(ROOT, "src/main.ts")}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The signs stand in a table on the page. */
function asBlock(printed: string, port: string): string {
  const text = printed
    .replaceAll(JOB_NOTICE, "")
    .trimEnd()
    .replaceAll(`:${port}`, `:${WRITTEN_PORT}`)
    .replaceAll(/"(\d+)\.[0-9a-z]{10}"/g, '"$1.<incarnation>"')
    .replaceAll(/\blife [0-9a-z]{10}\b/g, "life <incarnation>")
    .replaceAll(/("revision": |\brevision )\d+/g, "$1<revision>")
    .replaceAll(/^(put\t[^\t]+\t)\d+/gm, "$1<revision>")
    .replaceAll(/\b\d+(?:\.\d+)? k?B\b/g, "<size>")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<sha256>")
    .replaceAll(/\btk_[0-9a-z]{12}\b/g, "<id>");
  return text === "" ? "" : `${text}\n`;
}
