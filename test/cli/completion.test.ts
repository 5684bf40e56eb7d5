// What shells are offered at TAB, and that each shell that is installed shows it: bash always, zsh and fish where they are there.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/cli/run.ts";
import { makeFakeHost } from "../support/fake-host.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const top = makeTemporaryDirectory();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(["--store", "memory:"]);
  const keys = [
    "app/mode",
    "app/level",
    "user:1",
    "user:2",
    "two words",
    "$(touch pwned)",
    "`touch pwned`",
    "a;b",
    "--url=http://a",
  ];
  const body = JSON.stringify(Object.fromEntries(keys.map((key) => [key, "x"])));
  await fetch(`${server.url}/keys`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
  removeTemporaryDirectory(top);
});

/** What is offered for a line whose last word is being typed, and the directive. */
async function offered(line: string, url = server.url) {
  const host = makeFakeHost();
  const code = await run(["complete", "--", ...line.split(" ").slice(1)], host, { KEYHOLD_URL: url });
  const lines = host.out().trimEnd().split("\n");
  expect([code, host.error()]).toEqual([0, ""]);
  return { values: lines.slice(0, -1).map((each) => each.split("\t")[0]), directive: lines.at(-1) };
}

describe("a shell that asks is offered", () => {
  test.each([
    ["keyhold ge", ["get"], ":4"],
    ["keyhold token ", ["create", "list", "revoke", "help"], ":4"],
    ["keyhold put a b --if", ["--if-absent", "--if-match"], ":4"],
    ["keyhold get app/", ["app/level", "app/mode"], ":4"],
    ["keyhold get ", ["app/level", "app/mode", "user:1", "user:2"], ":4"],
    ["keyhold del app/level app/", ["app/mode"], ":4"],
    ["keyhold list u", ["user:"], ":4"],
    ["keyhold get --url=http://127.0.0.1:9 app/", [], ":4"],
    ["keyhold serve --store v", ["valkey://", "valkey+sentinel://", "valkey+cluster://"], ":4"],
    ["keyhold serve --store ./", [], ":16"],
    ["keyhold serve --durability ", ["full", "relaxed"], ":4"],
    ["keyhold token create --scope read,w", ["read,write", "read,watch"], ":4"],
    ["keyhold token create --scope=read,wr", ["read,write"], ":4"],
    ["keyhold explain precon", ["precondition-failed"], ":4"],
    ["keyhold completion ", ["bash", "zsh", "fish", "powershell"], ":4"],
    ["keyhold import --on-conflict ", ["replace", "skip", "fail"], ":4"],
    ["keyhold import ", [], ":0"],
    ["keyhold put a --file ", [], ":0"],
    ["keyhold lock a -- ./", [], ":0"],
  ])("for %j", async (line, values, directive) => {
    expect(await offered(line)).toEqual({ values, directive });
  });

  test("no key that a shell would do more with than show it", async () => {
    const { values } = await offered("keyhold get ");
    expect(values).toEqual(["app/level", "app/mode", "user:1", "user:2"]);
  });

  test("nothing, and is not kept waiting, where no server answers", async () => {
    expect((await offered("keyhold get ", "http://127.0.0.1:1")).values).toEqual([]);
  });
});

/** Runs a shell with the script of its completion, and the command on its path. */
async function inShell(shell: string, args: readonly string[], script: string): Promise<string> {
  const command = join(top, "keyhold");
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const child = Bun.spawn([shell, ...args, script], {
    cwd: top,
    env: { PATH: `${top}:${process.env["PATH"] ?? ""}`, HOME: top, KEYHOLD_URL: server.url, TERM: "dumb" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect({ error, code: await child.exited }).toEqual({ error: "", code: 0 });
  return out;
}

const BASH = `
source <(keyhold completion bash)
ask() {
  COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=(keyhold) COMP_CWORD=0
  __keyhold_complete
  printf '[%s]' "\${COMPREPLY[@]}"; echo
}
ask 'keyhold get app/l'
ask 'keyhold get user:'
ask 'keyhold token create --scope=read,wr'
ask 'keyhold get '
ask 'keyhold cou'
`;

test("bash completes words, also behind the marks at which it ends them, and runs nothing", async () => {
  expect(await inShell("bash", ["--norc", "-c"], BASH)).toBe(
    "[app/level]\n[1][2]\n[read,write]\n[app/level][app/mode][user:1][user:2]\n[count]\n",
  );
  expect(await Bun.file(join(top, "pwned")).exists()).toBe(false);
}, 20_000);

test.skipIf(Bun.which("fish") === null)(
  "fish shows the same",
  async () => {
    const script = "keyhold completion fish | source; complete -C 'keyhold get app/'; complete -C 'keyhold coun'";
    const out = await inShell("fish", ["--no-config", "-c"], script);
    expect(out.split("\n").map((line) => line.split("\t")[0])).toEqual(["app/level", "app/mode", "count", ""]);
  },
  20_000,
);

test.skipIf(Bun.which("zsh") === null)(
  "zsh takes its script",
  async () => {
    // Instead of compinit, which takes a second to look at all that zsh can complete.
    const script = 'compdef() { echo "$@"; }; source <(keyhold completion zsh) && whence -w _keyhold';
    expect(await inShell("zsh", ["-f", "-c"], script)).toBe("_keyhold keyhold\n_keyhold: function\n");
  },
  20_000,
);

test("PowerShell is given a script", async () => {
  expect(await inShell("sh", ["-c"], "keyhold completion powershell | grep -c Register-ArgumentCompleter")).toBe("1\n");
});
