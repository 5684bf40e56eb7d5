// The commands on entries, each against one server that they share, in a process that is none: what they print, where, and with
// which exit code. What needs a real process stands in test/cli/.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FakeHost, makeFakeHost } from "../../test/support/fake-host.ts";
import { type ServerProcess, startServerProcess } from "../../test/support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import type { Host } from "./host.ts";
import { run } from "./run.ts";

const top = makeTemporaryDirectory();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(["--store", "memory:"]);
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
  removeTemporaryDirectory(top);
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function keyhold(args: readonly string[], around: Partial<Host> = {}): Promise<Ended> {
  const host: FakeHost = { ...makeFakeHost(), nowMs: Date.now, ...around };
  const code = await run(args, host, { KEYHOLD_URL: server.url, TERM: "dumb" });
  return { code, out: host.out(), error: host.error() };
}

/** Standard input of one part. */
function input(text: string): Pick<Host, "input"> {
  return {
    input: async function* () {
      yield Buffer.from(text);
    },
  };
}

function bytesTo(parts: Uint8Array[]): Pick<Host, "writeBytes"> {
  return {
    writeBytes: async (bytes) => {
      parts.push(bytes);
    },
  };
}

describe("put and get", () => {
  test("give back the bytes, with nothing added", async () => {
    expect(await keyhold(["put", "g/text", "hello"])).toMatchObject({ code: 0, out: "" });
    expect(await keyhold(["get", "g/text"])).toEqual({ code: 0, out: "hello", error: "" });
    const file = join(top, "bytes.bin");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    writeFileSync(file, bytes);
    for (const args of [
      ["put", "g/file", `@${file}`],
      ["put", "g/file", "--file", file],
    ]) {
      expect((await keyhold(args)).code).toBe(0);
      const parts: Uint8Array[] = [];
      expect((await keyhold(["get", "g/file"], bytesTo(parts))).code).toBe(0);
      expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
    }
  });

  test("take - for standard input, and --literal for what it is", async () => {
    await keyhold(["put", "g/input", "-"], input("from a pipe"));
    expect((await keyhold(["get", "g/input"])).out).toBe("from a pipe");
    await keyhold(["put", "g/dash", "-", "--literal"], input("not this"));
    expect((await keyhold(["get", "g/dash"])).out).toBe("-");
    await keyhold(["put", "g/at", "@home", "--literal"]);
    expect((await keyhold(["get", "g/at"])).out).toBe("@home");
    await keyhold(["put", "g/empty", ""]);
    expect(await keyhold(["get", "g/empty"])).toEqual({ code: 0, out: "", error: "" });
  });

  test("without a value is a mistake, and reads no standard input", async () => {
    const { code, error } = await keyhold(["put", "g/none"], input("never"));
    expect([code, error]).toEqual([2, expect.stringContaining("give VALUE, - for standard input")]);
    expect((await keyhold(["get", "g/none"])).code).toBe(3);
  });

  test("go by the kind of the value for its type, unless told", async () => {
    writeFileSync(join(top, "a.json"), "{}");
    const typeOf = async (key: string) => JSON.parse((await keyhold(["head", key, "--json"])).out).content_type;
    await keyhold(["put", "g/type", "a"]);
    expect(await typeOf("g/type")).toBe("text/plain; charset=utf-8");
    await keyhold(["put", "g/type", "-"], input("a"));
    expect(await typeOf("g/type")).toBe("application/octet-stream");
    await keyhold(["put", "g/type", `@${join(top, "a.json")}`]);
    expect(await typeOf("g/type")).toStartWith("application/json");
    await keyhold(["put", "g/type", "a", "--content-type", "text/x-mine"]);
    expect(await typeOf("g/type")).toBe("text/x-mine");
  });

  test("--json has the whole entry, bytes among it", async () => {
    await keyhold([
      "put",
      "g/json",
      '{"n": 12345678901234567890}',
      "--content-type",
      "application/json",
      "--ttl",
      "1h",
    ]);
    const { out } = await keyhold(["get", "g/json", "--json"]);
    expect(out).toContain('"value": {"n": 12345678901234567890}');
    expect(JSON.parse(out)).toMatchObject({ key: "g/json", content_type: "application/json", size: 27, ttl: 3600 });
    writeFileSync(join(top, "ff.bin"), Uint8Array.of(0xff));
    await keyhold(["put", "g/ff", `@${join(top, "ff.bin")}`]);
    expect(JSON.parse((await keyhold(["get", "g/ff", "--json"])).out).value).toEqual({ $base64: "/w==" });
  });

  test("on a terminal end the line, and show nothing that does something to it", async () => {
    const terminal = { isTerminal: true, columns: 80 };
    await keyhold(["put", "g/line", "a"]);
    expect((await keyhold(["get", "g/line"], terminal)).out).toBe("a\n");
    await keyhold(["put", "g/escape", "\u001b[2Jgone"]);
    const { code, out, error } = await keyhold(["get", "g/escape"], terminal);
    expect([code, out, error]).toEqual([1, "", expect.stringContaining("which is not for a terminal")]);
    expect((await keyhold(["get", "g/escape"])).out).toBe("\u001b[2Jgone");
    // U+009B begins what ESC [ does, and JSON lets it stand.
    await keyhold(["put", "g/csi", "\u009b2J"]);
    for (const args of [
      ["get", "g/csi", "--json"],
      ["list", "g/csi", "--json"],
      ["list", "g/csi", "--values"],
    ]) {
      expect((await keyhold(args, terminal)).out).toContain('"\\u009b2J"');
    }
    const watched = ["watch", "g/csi", "--since", "snapshot", "--json", "--limit", "1"];
    expect((await keyhold(watched, terminal)).out).toContain('"\\u009b2J"');
    expect((await keyhold(["txn", "--get", "g/csi", "--json"], terminal)).out).toContain('\\u009b2J"');
  });

  test("--output writes a file only where there is an entry, and replaces none unless told", async () => {
    const file = join(top, "out.txt");
    expect((await keyhold(["get", "g/none", "--output", file])).code).toBe(3);
    expect(await Bun.file(file).exists()).toBe(false);
    expect(await keyhold(["get", "g/text", "--output", file])).toEqual({ code: 0, out: "", error: "" });
    expect(await Bun.file(file).text()).toBe("hello");
    expect((await keyhold(["get", "g/text", "--output", file])).error).toContain("give --force");
    expect((await keyhold(["get", "g/text", "--output", file, "--force"])).code).toBe(0);
  });

  test("a key is any text", async () => {
    for (const key of ["a b", "ключ/ü", "x?y#z%", "../up"]) {
      const put = await keyhold(["put", key, key]);
      expect({ key, code: put.code }).toEqual({ key, code: key === "../up" ? 2 : 0 });
      if (put.code === 0) expect((await keyhold(["get", key])).out).toBe(key);
    }
  });
});

describe("conditions", () => {
  test("--if-absent creates, and never replaces", async () => {
    expect((await keyhold(["put", "c/new", "1", "--if-absent"])).code).toBe(0);
    expect((await keyhold(["put", "c/new", "2", "--if-absent"])).code).toBe(4);
    expect((await keyhold(["get", "c/new"])).out).toBe("1");
  });

  test("--if-match takes a tag with its quotes or without", async () => {
    const { etag } = JSON.parse((await keyhold(["put", "c/tag", "1", "--json"])).out);
    const next = JSON.parse((await keyhold(["put", "c/tag", "2", "--if-match", etag, "--json"])).out);
    expect((await keyhold(["put", "c/tag", "3", "--if-match", etag])).code).toBe(4);
    expect((await keyhold(["put", "c/tag", "3", "--if-match", next.etag.slice(1, -1)])).code).toBe(0);
    expect((await keyhold(["put", "c/nothing", "3", "--if-match", "*"])).code).toBe(4);
    expect((await keyhold(["del", "c/tag", "--if-match", etag])).code).toBe(4);
  });

  test("--idempotency-key has two runs write once", async () => {
    const write = async (value: string) => keyhold(["put", "c/once", value, "--idempotency-key", "k1", "--json"]);
    const first = await write("1");
    await keyhold(["put", "c/once", "other"]);
    expect(await write("1")).toEqual(first);
    expect((await keyhold(["get", "c/once"])).out).toBe("other");
  });
});

describe("the end of an entry", () => {
  test("is given by put, expire and persist, and taken away", async () => {
    const ttl = async () => JSON.parse((await keyhold(["head", "e/a", "--json"])).out).ttl;
    await keyhold(["put", "e/a", "1", "--ttl", "30m"]);
    expect(await ttl()).toBe(1800);
    expect((await keyhold(["expire", "e/a", "1h"])).error).toBe("keyhold: e/a ends in 1h\n");
    expect(await ttl()).toBe(3600);
    expect((await keyhold(["persist", "e/a"])).code).toBe(0);
    expect(await ttl()).toBe(null);
    expect((await keyhold(["expire", "e/a", "--at", "2036-01-01T00:00:00Z"])).code).toBe(0);
    expect((await keyhold(["expire", "e/none", "1h"])).code).toBe(3);
    expect((await keyhold(["persist", "e/none"])).code).toBe(3);
  });

  test.each([
    [["expire", "e/a"]],
    [["expire", "e/a", "1h", "--at", "2036-01-01T00:00:00Z"]],
    [["expire", "e/a", "soon"]],
    [["expire", "e/a", "--at", "tomorrow"]],
    [["put", "e/a", "1", "--ttl", "30"]],
    [["put", "e/a", "1", "--expires-at", "2001-01-01T00:00:00Z"]],
  ])("%j is a mistake", async (args) => {
    const { code, out, error } = await keyhold(args);
    expect([code, out, error.startsWith("keyhold: ")]).toEqual([2, "", true]);
  });
});

describe("del and take", () => {
  test("of one key, of several, of a set that was agreed to", async () => {
    await keyhold(["txn", "--put", "d/1=a", "--put", "d/2=b", "--put", "d/3=c", "--put", "d/4=d"]);
    expect(await keyhold(["del", "d/1"])).toEqual({ code: 0, out: "", error: "keyhold: d/1 is deleted\n" });
    expect((await keyhold(["del", "d/1"])).code).toBe(3);
    expect(JSON.parse((await keyhold(["del", "d/1", "d/2", "--json"])).out)).toEqual({ deleted: 1 });
    expect((await keyhold(["del", "d/1", "d/2"])).code).toBe(3);
    expect((await keyhold(["del", "--prefix", "d/", "--dry-run"])).out).toBe("2\n");
    const alone = await keyhold(["del", "--prefix", "d/"]);
    expect([alone.code, alone.error]).toEqual([2, expect.stringContaining("give --yes")]);
    const asked = { isInputTerminal: true, isErrorTerminal: true };
    expect((await keyhold(["del", "--prefix", "d/"], { ...asked, ...input("n\n") })).code).toBe(1);
    expect((await keyhold(["count", "d/"])).out).toBe("2\n");
    const agreed = await keyhold(["del", "--prefix", "d/"], { ...asked, ...input("y\n") });
    expect([agreed.code, agreed.error]).toEqual([0, expect.stringContaining("Delete 2 entries")]);
    expect((await keyhold(["count", "d/"])).out).toBe("0\n");
  });

  test.each([
    [["del"]],
    [["del", "a", "--all"]],
    [["del", "--all", "--prefix", "x"]],
    [["del", "--prefix", ""]],
    [["del", "--prefix", "x", "--if-match", "a"]],
  ])("%j deletes nothing", async (args) => {
    expect((await keyhold(args)).code).toBe(2);
  });

  test("take gives the value to one alone", async () => {
    await keyhold(["put", "t/job", "work"]);
    expect(await keyhold(["take", "t/job"])).toEqual({ code: 0, out: "work", error: "" });
    expect((await keyhold(["take", "t/job", "--quiet"])).code).toBe(3);
  });
});

describe("counters, text and patches", () => {
  test("incr and decr print the sum, and stop at their bounds", async () => {
    expect((await keyhold(["incr", "n/a"])).out).toBe("1\n");
    expect((await keyhold(["incr", "n/a", "10"])).out).toBe("11\n");
    expect((await keyhold(["decr", "n/a", "2"])).out).toBe("9\n");
    expect(JSON.parse((await keyhold(["incr", "n/a", "--json"])).out)).toMatchObject({ key: "n/a", value: 10 });
    expect((await keyhold(["incr", "n/a", "--max", "10"])).code).toBe(4);
    expect((await keyhold(["decr", "n/b", "--initial", "1", "--min", "0"])).out).toBe("0\n");
    expect((await keyhold(["decr", "n/b", "--min", "0"])).code).toBe(4);
    expect((await keyhold(["incr", "n/a", "much"])).code).toBe(2);
    await keyhold(["put", "n/text", "x"]);
    expect((await keyhold(["incr", "n/text"])).code).toBe(4);
  });

  test("append and patch leave the rest as it is", async () => {
    await keyhold(["append", "p/log", "one", "--newline"]);
    await keyhold(["append", "p/log", "two"]);
    await keyhold(["append", "p/log", "zero ", "--prepend"]);
    expect((await keyhold(["get", "p/log"])).out).toBe("zero one\ntwo");
    await keyhold(["put", "p/json", '{"a": 1.0, "b": 2}', "--content-type", "application/json"]);
    expect((await keyhold(["patch", "p/json", '{"b": null, "c": 3}'])).code).toBe(0);
    expect((await keyhold(["get", "p/json"])).out).toContain('"a":1.0');
    expect((await keyhold(["patch", "p/json", '[{"op": "test", "path": "/a", "value": 7}]'])).code).toBe(4);
    expect((await keyhold(["patch", "p/json", "{"])).code).toBe(2);
  });
});

describe("list and count", () => {
  test("show keys, values and whole entries, in order", async () => {
    await keyhold(["txn", "--put", "l/a=1", "--put", "l/b=two words", "--put", "l/c=3"]);
    expect((await keyhold(["list", "l/"])).out).toBe("l/a\nl/b\nl/c\n");
    expect((await keyhold(["list", "l/", "--reverse", "--limit", "2"])).out).toBe("l/c\nl/b\n");
    expect((await keyhold(["list", "--filter", "l/?", "--start", "l/b"])).out).toBe("l/b\nl/c\n");
    expect((await keyhold(["list", "l/", "--values"])).out).toBe('l/a\t"1"\nl/b\t"two words"\nl/c\t"3"\n');
    const lines = (await keyhold(["list", "l/", "--json"])).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).key)).toEqual(["l/a", "l/b", "l/c"]);
    expect((await keyhold(["count", "l/"])).out).toBe("3\n");
    expect((await keyhold(["count", "l/", "--json"])).out).toBe('{"count":3}\n');
    expect(await keyhold(["list", "nothing/"])).toEqual({ code: 0, out: "", error: "" });
  });

  test("on a terminal it is a table as wide as that, and nothing in it does something to it", async () => {
    await keyhold(["put", "tab/escape", "\u001b[2J"]);
    await keyhold(["put", "tab/long", "x".repeat(300), "--ttl", "1h"]);
    const { out } = await keyhold(["list", "tab/"], { isTerminal: true, columns: 60 });
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^KEY +SIZE +ENDS IN +VALUE$/);
    expect(lines.every((line) => line.length <= 60)).toBe(true);
    expect(lines[2]).toMatch(/^tab\/long +300 B +1h +x+…$/);
    expect(out).not.toContain("\u001b");
  });

  test("a listing of many steps is whole", async () => {
    const keys = Array.from({ length: 2500 }, (_, index) => `many/${String(index).padStart(5, "0")}`);
    for (let from = 0; from < keys.length; from += 500) {
      const body = JSON.stringify(Object.fromEntries(keys.slice(from, from + 500).map((key) => [key, key])));
      const headers = { "Content-Type": "application/json" };
      expect((await fetch(`${server.url}/keys`, { method: "POST", headers, body })).status).toBe(201);
    }
    expect((await keyhold(["list", "many/"])).out).toBe(keys.map((key) => `${key}\n`).join(""));
    expect((await keyhold(["list", "many/", "--limit", "2100"])).out.split("\n").length).toBe(2101);
  });
});

test("a listing that breaks off is a fault, and never its end", async () => {
  const broken = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("a\n"));
        setImmediate(() => controller.error(new Error("gone")));
      },
    });
  const cutting = Bun.serve({ port: 0, fetch: () => new Response(broken()) });
  const { code, error } = await keyhold(["list", "--url", cutting.url.origin]);
  await cutting.stop(true);
  expect([code, error]).toEqual([75, expect.stringContaining("broke off")]);
  expect((await keyhold(["list", "--limit", "0"])).code).toBe(2);
});

describe("txn", () => {
  test("does all or nothing, by flags and by the protocol's JSON", async () => {
    const flags = [
      "--check",
      "x/a=absent",
      "--put",
      "x/a=1=1",
      "--incr",
      "x/n=5",
      "--touch",
      "x/n2=1m",
      "--get",
      "x/a",
    ];
    await keyhold(["put", "x/n2", "0"]);
    expect(await keyhold(["txn", ...flags])).toMatchObject({
      code: 0,
      out: "put\tx/a\tcreated\nincr\tx/n\t5\ntouch\tx/n2\tends in 60 s\nget\tx/a\t1=1\n",
    });
    const failed = await keyhold(["txn", ...flags, "--else-get", "x/n", "--json"]);
    expect(failed.code).toBe(4);
    expect(JSON.parse(failed.out)).toMatchObject({ failures: [{ key: "x/a" }], else: [{ get: { value: 5 } }] });
    expect(failed.error).toContain("The check of x/a does not hold");
    const document = '{"ops": [{"delete": {"key": "x/a"}}, {"delete": {"key": "x/none"}}]}';
    expect((await keyhold(["txn", document])).out).toBe("delete\tx/a\tdeleted 1\ndelete\tx/none\tdeleted 0\n");
    expect(JSON.parse((await keyhold(["txn", "-", "--json"], input(document))).out).results.length).toBe(2);
  });

  test.each([[["txn"]], [["txn", "{}", "--put", "a=1"]], [["txn", "--put", "a"]], [["txn", "--check", "a=maybe"]]])(
    "%j is a mistake",
    async (args) => {
      expect((await keyhold(args)).code).toBe(2);
    },
  );
});

describe("wait and watch", () => {
  test("wait prints what comes, and says by 124 that nothing did", async () => {
    await keyhold(["put", "w/there", "now"]);
    expect(await keyhold(["wait", "w/there"])).toEqual({ code: 0, out: "now", error: "" });
    const coming = keyhold(["wait", "w/later", "--for", "10s"]);
    await keyhold(["put", "w/later", "here"]);
    expect(await coming).toEqual({ code: 0, out: "here", error: "" });
    const never = await keyhold(["wait", "w/never", "--for", "30ms"]);
    expect([never.code, never.error]).toEqual([124, "keyhold: w/never: nothing in 30ms\n"]);
    expect((await keyhold(["wait", "w/never", "--gone"])).code).toBe(0);
    const etag = JSON.parse((await keyhold(["head", "w/there", "--json"])).out).etag;
    const changed = keyhold(["wait", "w/there", "--changed-from", etag, "--for", "10s"]);
    await keyhold(["put", "w/there", "other"]);
    expect((await changed).out).toBe("other");
    expect((await keyhold(["wait", "w/there", "--changed", "--for", "30ms"])).code).toBe(124);
    const gone = keyhold(["wait", "w/there", "--gone", "--for", "10s"]);
    await keyhold(["del", "w/there"]);
    expect((await gone).code).toBe(0);
  });

  test("watch tells a line for each change, or JSON", async () => {
    await keyhold(["put", "v/1", "a\tb"]);
    await keyhold(["put", "v/2", "2"]);
    const lines = (await keyhold(["watch", "v/", "--since", "snapshot", "--limit", "2"])).out;
    expect(lines).toMatch(/^put\tv\/1\t\d+\t"a\\tb"\nput\tv\/2\t\d+\t"2"\n$/);
    const told = (await keyhold(["watch", "v/", "--since", "snapshot", "--limit", "2", "--json"])).out;
    expect(JSON.parse(told.split("\n")[0] ?? "")).toMatchObject({ event: "put", key: "v/1", value: "a\tb" });
    const bare = (await keyhold(["watch", "v/", "--since", "snapshot", "--limit", "1", "--no-values"])).out;
    expect(bare).toMatch(/^put\tv\/1\t\d+\n$/);
  });
});

describe("what goes wrong", () => {
  test("has an exit code and a sentence with a cure", async () => {
    const nowhere = await keyhold(["get", "a", "--url", "http://127.0.0.1:1"]);
    expect([nowhere.code, nowhere.out]).toEqual([75, ""]);
    expect(nowhere.error).toMatch(
      /^keyhold: Cannot reach http:\/\/127\.0\.0\.1:1: [^?]*[^?.]; is a server running there\? --url or KEYHOLD_URL names another\n$/,
    );
    const silent = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => {}) });
    const late = await keyhold(["get", "a", "--url", silent.url.origin, "--timeout", "50ms"]);
    await silent.stop(true);
    expect([late.code, late.error]).toEqual([75, `keyhold: ${silent.url.origin} did not answer within 50ms\n`]);
    expect((await keyhold(["get", "a", "--url", "nowhere"])).code).toBe(2);
    expect((await keyhold(["get", "a", "--timeout", "soon"])).code).toBe(2);
    expect((await keyhold(["gett", "a"])).error).toContain("(Did you mean get?)");
    expect((await keyhold(["put", "a", "b", "--ttll", "1m"])).error).toContain("(Did you mean --ttl?)");
  });

  test("a signal ends what waits by its exit code, without a word", async () => {
    const host = { ...makeFakeHost(), nowMs: Date.now };
    const ended = run(["wait", "never"], host, { KEYHOLD_URL: server.url });
    while (server.output() === "") await new Promise(setImmediate);
    await new Promise((resolve) => setImmediate(resolve));
    host.signal("SIGINT");
    expect([await ended, host.error()]).toEqual([130, ""]);
  });
});

test("info and explain print a table, or JSON", async () => {
  expect((await keyhold(["info"])).out).toMatch(/^name +keyhold\nversion +/);
  expect(JSON.parse((await keyhold(["info", "--json"])).out).store.engine).toBe("memory");
  expect((await keyhold(["explain", "precondition-failed"])).out).toStartWith("# precondition-failed\n");
  expect(JSON.parse((await keyhold(["explain", "--json"])).out).length).toBeGreaterThan(30);
  const wrong = await keyhold(["explain", "precondition-faild"]);
  expect([wrong.code, wrong.error]).toEqual([3, expect.stringContaining("did you mean precondition-failed?")]);
});
