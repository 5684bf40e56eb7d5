// The command as shells run it, each a process of its own: bytes through pipes, exit codes, signals, and the programs that it
// starts itself. What needs no process stands in src/cli/client-commands.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pollUntil } from "../support/poll-until.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const ROOT = join(import.meta.dir, "../..");
/** For another program to come so far; a test has 20 s. */
const PATIENCE_MS = 15_000;
const top = makeTemporaryDirectory();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(["--store", "memory:", "--max-value", "8MiB"]);
  const command = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, "src/main.ts")}' "$@"\n`;
  writeFileSync(join(top, "keyhold"), command, { mode: 0o755 });
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
  removeTemporaryDirectory(top);
});

function start(script: string, variables: Readonly<Record<string, string>> = {}) {
  return Bun.spawn(["bash", "--norc", "-c", script], {
    cwd: top,
    env: {
      PATH: `${top}:${process.env["PATH"] ?? ""}`,
      HOME: top,
      TMPDIR: top,
      KEYHOLD_URL: server.url,
      TERM: "dumb",
      ...variables,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function shell(script: string, variables: Readonly<Record<string, string>> = {}) {
  const child = start(script, variables);
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, error };
}

async function readValue(key: string): Promise<string | null> {
  const answer = await fetch(`${server.url}/keys/${encodeURIComponent(key)}`, {
    headers: { Accept: "application/octet-stream" },
  });
  return answer.status === 200 ? answer.text() : null;
}

async function put(key: string, value: string): Promise<void> {
  await fetch(`${server.url}/keys/${encodeURIComponent(key)}`, {
    method: "PUT",
    headers: { "Content-Type": "text/plain" },
    body: value,
  });
}

/** Until the server has an entry, or has none. */
async function until(key: string, isThere: boolean): Promise<void> {
  for (;;) {
    const { status } = await fetch(`${server.url}/keys/${encodeURIComponent(key)}?wait=0.05`);
    if ((status === 200) === isThere) return;
  }
}

describe("pipes", () => {
  test("carry megabytes of any bytes both ways, and a reader that goes away ends it by 141", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    writeFileSync(join(top, "big"), Buffer.concat(Array.from({ length: 64 }, () => bytes)));
    const { code, out, error } = await shell(
      `keyhold put big - -q < big && keyhold get big | cmp - big && keyhold get big --output copy && cmp big copy
       keyhold get big | head -c 10 > first; echo "\${PIPESTATUS[0]}"`,
    );
    expect({ code, out, error }).toEqual({ code: 0, out: "141\n", error: "" });
  });

  test("have no colours, unless they are forced", async () => {
    await put("colour", "x");
    const { out } = await shell("keyhold list colour --table; FORCE_COLOR=1 keyhold list colour --table");
    const [plain, forced] = [out.slice(0, out.indexOf("\u001b")), out.slice(out.indexOf("\u001b"))];
    expect(plain).toMatch(/^KEY +SIZE +TYPE +VALUE\ncolour +1 B +text\/plain +x\n$/);
    expect(forced).toContain("\u001b[36mcolour\u001b[39m");
  });
});

describe("lock", () => {
  test("runs the command with its token, ends with its exit code, and is released", async () => {
    const { code, out } = await shell(
      `keyhold lock l/1 -- sh -c 'keyhold get l/1 > holder; echo "$KEYHOLD_LOCK_KEY $KEYHOLD_LOCK_REVISION"; exit 7'`,
    );
    expect([code, out]).toEqual([7, expect.stringMatching(/^l\/1 \d+\n$/)]);
    expect(readFileSync(join(top, "holder"), "utf8")).toContain("process ");
    expect(await readValue("l/1")).toBe(null);
  });

  test("is released where there is no such command", async () => {
    const { code, error } = await shell("keyhold lock l/0 -- no-such-command");
    expect([code, error]).toEqual([1, expect.stringContaining("no-such-command")]);
    expect(await readValue("l/0")).toBe(null);
  });

  test("is waited for, or not, where somebody holds it", async () => {
    await put("l/2", "somebody");
    const refused = await shell("keyhold lock l/2 --wait 0s -- touch ran; echo $?");
    expect([refused.out, refused.error]).toEqual(["4\n", "keyhold: The lock l/2 is held by somebody else\n"]);
    expect(existsSync(join(top, "ran"))).toBe(false);
    const late = await shell("keyhold lock l/2 --wait 50ms --conflict-exit-code 9 -q -- touch ran");
    expect([late.code, late.error]).toEqual([9, ""]);
    const waiting = shell("keyhold lock l/2 -- echo mine");
    await fetch(`${server.url}/keys/l/2`, { method: "DELETE" });
    expect((await waiting).out).toBe("mine\n");
  });

  test("that is lost ends the command; a signal is passed on, and the lock released", async () => {
    const deletions = async () => {
      const lines = (await (await fetch(`${server.url}/-/metrics`)).text()).split("\n");
      return lines.filter((line) => line.startsWith("keyhold_http_requests_total") && line.includes('"DELETE"'));
    };
    const before = await deletions();
    const losing = shell("keyhold lock l/3 --ttl 1s -- sleep 60");
    await until("l/3", true);
    await put("l/3", "a thief");
    const lost = await losing;
    // What is lost is not released, which could only keep the command waiting for a server that is away.
    expect(await deletions()).toEqual(before);
    expect([lost.code, lost.error]).toEqual([4, "keyhold: The lock l/3 was lost, and the command ended\n"]);
    expect(await readValue("l/3")).toBe("a thief");
    const child = start(
      "exec keyhold lock l/4 -- sh -c 'trap \"exit 5\" TERM; touch trapped; while :; do sleep 0.05; done'",
    );
    await pollUntil(async () => existsSync(join(top, "trapped")), { ms: PATIENCE_MS, what: () => "No trap was set" });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(5);
    expect(await readValue("l/4")).toBe(null);
  });
});

describe("watch --exec", () => {
  test("hands each change to a command, and goes on behind the last that was dealt with", async () => {
    for (const key of ["w/1", "w/2", "w/3"]) await put(key, `value of ${key}`);
    const watch = (work: string, limit: number) =>
      shell(`keyhold watch w/ --since snapshot --cursor-file place --limit ${limit} --exec '${work}'`);
    const all = await watch(`echo "$KEYHOLD_EVENT $KEYHOLD_EVENT_KEY $(cat)"`, 3);
    expect(all).toMatchObject({ code: 0, out: "put w/1 value of w/1\nput w/2 value of w/2\nput w/3 value of w/3\n" });
    await put("w/live", "first");
    const begun = await shell(`rm -f place; keyhold watch w/live --since snapshot --limit 1 --cursor-file place`);
    expect(begun.code).toBe(0);
  });

  test("ends with the exit code of one that fails, which is tried again next time", async () => {
    const cursor = (await fetch(`${server.url}/keys`)).headers.get("cursor") ?? "";
    writeFileSync(join(top, "place2"), cursor);
    for (const value of ["one", "two", "three"]) await put("f/key", value);
    const fails = `keyhold watch f/ --cursor-file place2 --limit 3 --exec`;
    const failed = await shell(
      `${fails} 'read -r value; echo "$KEYHOLD_EVENT_REVISION"; [ "$KEYHOLD_EVENT_REVISION" = "$BAD" ] && exit 9; exit 0' | cat; echo "\${PIPESTATUS[0]}"`,
      {
        BAD: String(Number(await revisionOf("f/key")) - 1),
      },
    );
    const last = Number(await revisionOf("f/key"));
    expect(failed.out).toBe(`${last - 2}\n${last - 1}\n9\n`);
    const again = await shell(`keyhold watch f/ --cursor-file place2 --limit 2 --no-values | cut -f 3`);
    expect(again.out).toBe(`${last - 1}\n${last}\n`);
  });

  test("ends at SIGINT by 130, without a word", async () => {
    const child = start("exec keyhold watch s/ --exec 'touch seen'");
    const isSeen = async () => {
      await put("s/1", "x");
      return existsSync(join(top, "seen"));
    };
    await pollUntil(isSeen, { ms: PATIENCE_MS, what: () => "No change was seen" });
    child.kill("SIGINT");
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([130, ""]);
  });
});

async function revisionOf(key: string): Promise<string | null> {
  return (await fetch(`${server.url}/keys/${encodeURIComponent(key)}`)).headers.get("revision");
}

test("a watch goes on over the end of its server, with no gap, and says so", async () => {
  await withServerProcess(async (first, restart) => {
    const write = (url: string, key: string) => fetch(`${url}/${key}`, { method: "PUT", body: "x" });
    const cursor = (await fetch(`${first.url}/keys`)).headers.get("cursor");
    await write(first.url, "r1");
    const child = start(`exec keyhold watch r --url ${first.url} --since ${cursor} --limit 2 --no-values`);
    const error = new Response(child.stderr).text();
    let out = "";
    for await (const part of child.stdout) {
      out += Buffer.from(part).toString();
      if (!/^put\tr1\t\d+\n$/.test(out)) continue;
      first.kill("SIGKILL");
      await first.exited;
      await write((await restart(first)).url, "r2");
    }
    expect(await child.exited).toBe(0);
    expect(out).toMatch(/^put\tr1\t\d+\nput\tr2\t\d+\n$/);
    expect(await error).toMatch(/^keyhold: The connection to .* is lost: .*\nkeyhold: Connected again.*\n$/);
  });
}, 20_000);

describe("edit", () => {
  const editor = (script: string) => ({ EDITOR: `sh ${writeScript(script)}` });

  function writeScript(text: string): string {
    const path = join(top, `editor-${crypto.randomUUID().slice(0, 8)}.sh`);
    writeFileSync(path, text);
    return path;
  }

  test("writes back what was changed, and keeps type and end", async () => {
    const path = `${server.url}/keys/doc?expire_in=600`;
    await fetch(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: '{"doc": {"a": 1}}' });
    const edited = await shell("keyhold edit doc", editor('case $1 in *.json) sed -i s/1/2/ "$1";; esac'));
    expect([edited.code, edited.error]).toEqual([0, expect.stringContaining("doc is changed, revision ")]);
    const answer = await fetch(`${server.url}/keys/doc`);
    expect([await answer.json(), Number(answer.headers.get("ttl")) > 590]).toEqual([{ doc: { a: 2 } }, true]);
    expect((await shell("keyhold edit doc", editor(":"))).error).toBe("keyhold: doc was left as it is\n");
  });

  test("loses nothing of what was typed where it cannot be written", async () => {
    await put("race", "before");
    const racing = await shell("keyhold edit race", editor('echo typed > "$1"; keyhold put race faster -q'));
    expect([racing.code, await readValue("race")]).toEqual([4, "faster"]);
    const file = /what was typed is in (\S+)/.exec(racing.error)?.[1] ?? "";
    expect(readFileSync(file, "utf8")).toBe("typed\n");
    const broken = await shell("keyhold edit doc", editor('echo "{" > "$1"'));
    expect([broken.code, broken.error]).toEqual([4, expect.stringContaining("it is no JSON any more")]);
    expect((await shell("keyhold edit race", editor("exit 3"))).code).toBe(1);
  });
});

describe("the man page", () => {
  const page = join(ROOT, "man/keyhold.1");

  test.skipIf(Bun.which("groff") === null)("is one that groff takes without a word", async () => {
    expect(await shell(`groff -man -z -ww '${page}'`)).toEqual({ code: 0, out: "", error: "" });
  });

  test.skipIf(Bun.which("mandoc") === null)("is one that mandoc finds no more than long lines in", async () => {
    expect((await shell(`mandoc -T lint -W warning '${page}' | grep -v 'missing date'`)).out).toBe("");
  });
});
