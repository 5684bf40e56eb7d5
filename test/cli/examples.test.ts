// Every example of help is a command line that there is, and those that one server is enough for are run, in the order of help:
// what help teaches works.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { run } from "../../src/cli/run.ts";
import { makeFakeHost } from "../support/fake-host.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
/** Groups of which all examples are run. */
const RUN_GROUPS: readonly string[] = ["Entries", "Many entries", "Waiting"];
/** Of the other groups these: the rest needs other servers, asks for more time, or is what tests of their own are about. */
const ALSO_RUN: readonly string[] = [
  "keyhold config",
  "keyhold health",
  "keyhold info",
  "keyhold info --json",
  "keyhold explain precondition-failed",
  "keyhold explain",
  "source <(keyhold completion bash)",
  "keyhold completion fish > ~/.config/fish/completions/keyhold.fish",
  "keyhold backup keyhold.db",
  "keyhold backup --store ./keyhold-data --force keyhold.db",
  "keyhold verify keyhold.db",
  "keyhold verify ./keyhold-data",
  "keyhold export keyhold.ndjson",
  "keyhold export --prefix jobs/ - | gzip > jobs.ndjson.gz",
  "keyhold import keyhold.ndjson",
];
/** What needs a shell: files, pipes, variables, programs that are started. */
const NEEDS_SHELL = /[|>$@]|--output|--exec|keyhold-data|keyhold\.(?:db|ndjson)|^keyhold lock|edit /;
/** They end by a signal alone. */
const ENDLESS: readonly string[] = ["keyhold watch", "keyhold watch --json"];
/** They wait for what somebody else does: an entry that is put meanwhile. */
const AWAITED: Readonly<Record<string, string>> = { "keyhold wait config --changed": "config" };
/** Programs that are not here, or what does not end by itself. */
const ONLY_PARSED: readonly string[] = [
  "keyhold watch config/ --exec 'systemctl reload app'",
  "keyhold watch job/ --cursor-file place --exec ./work.sh",
];
/** What there is before; the examples write the rest themselves. */
const BEFORE = {
  greeting: "hello",
  logo: "png",
  from: 100,
  to: 0,
  "job/1": "a",
  "job/2": "b",
  result: "r",
  config: { a: 1 },
};
/** What an example takes away that a later one needs. */
const AGAIN: Readonly<Record<string, object>> = {
  "keyhold del --prefix session/ --dry-run": { "session/3": "x" },
  "keyhold expire session/1 30m": { "session/1": "x" },
  "keyhold watch job/ --since snapshot --limit 2": { "job/1": "a" },
};

const top = makeTemporaryDirectory();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(["--store", join(top, "keyhold-data")]);
  mkdirSync(join(top, ".config/fish/completions"), { recursive: true });
  await create(BEFORE);
  const script = (name: string, text: string) =>
    writeFileSync(join(top, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  script("keyhold", `exec '${process.execPath}' '${MAIN}' "$@"`);
  for (const name of ["vi", "code", "deploy.sh", "report.sh", "migrate"]) script(name, "exit 0");
  writeFileSync(join(top, "logo.png"), "png");
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
  removeTemporaryDirectory(top);
});

async function create(pairs: object): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${server.url}/keys`, { method: "POST", headers, body: JSON.stringify(pairs) });
  expect(answer.status).toBe(201);
}

/** The words behind "keyhold", up to what the shell takes for itself. Enough of a shell for lines that stand in help. */
function wordsOf(line: string): readonly string[] {
  const own = line.slice(line.indexOf("keyhold"));
  const words = own.match(/(?:'[^']*'|"(?:\\.|[^"])*"|[^\s'"|>)])+|[|>)]/g) ?? [];
  const end = words.findIndex((word) => /^[|>)]$/.test(word));
  return words
    .slice(1, end < 0 ? undefined : end)
    .map((word) => word.replaceAll(/'([^']*)'|"((?:\\.|[^"])*)"/g, "$1$2"));
}

const examples = COMMANDS.flatMap(({ group, examples: some }) => some.map(([line]) => ({ group, line })));

test("each is a command line that there is", async () => {
  const wrong: string[] = [];
  const host = { ...makeFakeHost(), writeError: (text: string) => wrong.push(text) };
  const program = await makeProgram(host, { isWanted: () => true, runRow: async () => {} });
  for (const { line } of examples) {
    await program.parseAsync(wordsOf(line), { from: "user" }).catch(() => wrong.push(line));
  }
  expect(wrong).toEqual([]);
});

test("those that can be run do what they say", async () => {
  const lines = examples.map(({ line, group }) => (RUN_GROUPS.includes(group) || ALSO_RUN.includes(line) ? line : ""));
  const failed: unknown[] = [];
  for (const line of lines) {
    if (line === "" || ONLY_PARSED.includes(line)) continue;
    if (AGAIN[line] !== undefined) await create(AGAIN[line]);
    const ended = NEEDS_SHELL.test(line) ? await inShell(line) : await inProcess(line);
    if (ended.code !== (ENDLESS.includes(line) ? 130 : 0)) failed.push({ line, ...ended });
  }
  expect(failed).toEqual([]);
}, 30_000);

async function inProcess(line: string) {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  const running = run(wordsOf(line), host, { KEYHOLD_URL: server.url });
  if (ENDLESS.includes(line)) {
    // It has begun to watch once it tells what is written.
    while (host.out() === "") await fetch(`${server.url}/tick`, { method: "PUT", body: "x" });
    host.signal("SIGINT");
  }
  const key = AWAITED[line];
  if (key !== undefined) {
    let isOver = false;
    void running.then(() => {
      isOver = true;
    });
    while (!isOver) await fetch(`${server.url}/${key}`, { method: "PUT", body: crypto.randomUUID() });
  }
  return { code: await running, error: host.error() };
}

async function inShell(line: string) {
  const child = Bun.spawn(["bash", "--norc", "-o", "pipefail", "-c", line], {
    cwd: top,
    env: { PATH: `${top}:${process.env["PATH"] ?? ""}`, HOME: top, KEYHOLD_URL: server.url, TERM: "dumb" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const error = await new Response(child.stderr).text();
  return { code: await child.exited, error };
}
