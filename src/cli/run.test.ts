// Tests of run.ts, config-flags.ts and show-config.ts.
import { describe, expect, test } from "bun:test";
import packageJson from "../../package.json" with { type: "json" };
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { OPTIONS } from "../config/options.ts";
import { run } from "./run.ts";

interface Around {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

async function keyhold(commandLine: string, { environment = {}, files = {} }: Around = {}) {
  const host = makeFakeHost(files);
  const args = commandLine === "" ? [] : commandLine.split(" ");
  const code = await run(args, host, environment);
  return { code, out: host.out(), error: host.error() };
}

/** The row of one option in the table that `keyhold config` prints. */
async function configRow(name: string, commandLine: string, around: Around = {}): Promise<string[]> {
  const { out } = await keyhold(commandLine, around);
  return (
    out
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(/ {2,}/) ?? []
  );
}

describe("help", () => {
  test("is printed where no command is given", async () => {
    const { code, out, error } = await keyhold("");
    expect([code, error]).toEqual([0, ""]);
    expect(out).toContain("serve");
  });
  test.each(["--help", "help serve", "serve --help", "help config"])(
    "%j begins with examples and exits 0",
    async (line) => {
      const { code, out, error } = await keyhold(line);
      expect([code, error]).toEqual([0, ""]);
      expect(out).toStartWith("Examples:\n  keyhold ");
    },
  );
  test("of serve has every option once, under its group", async () => {
    const { out } = await keyhold("help serve");
    for (const { flag, group } of OPTIONS) {
      expect(out.split("\n").filter((line) => line.startsWith(`  ${flag} `)).length).toBe(1);
      expect(out).toContain(`\n${group}:\n`);
    }
    expect(out).not.toContain("--no-wide");
  });
  test("has the exit codes", async () => {
    expect((await keyhold("--help")).out).toContain(
      "\n  78   an option of the server has a value that is not allowed,",
    );
  });
  test("the version is that of the package", async () => {
    expect(await keyhold("--version")).toEqual({ code: 0, out: `${packageJson.version}\n`, error: "" });
  });
});

describe("a mistake in the command line exits 2", () => {
  test.each([
    ["serv", "keyhold: unknown command 'serv'\n(Did you mean serve?)\n"],
    ["serve --prot 1", "keyhold: unknown option '--prot'\n(Did you mean --port?)\n"],
    ["config --wdie", "keyhold: unknown option '--wdie'\n(Did you mean --wide?)\n"],
    ["serve --port", "keyhold: option '--port <NUMBER>' argument missing\n"],
    ["serve now", "keyhold: too many arguments for 'serve'. Expected 0 arguments but got 1.\n"],
  ])("%j", async (line, error) => {
    expect(await keyhold(line)).toEqual({ code: 2, out: "", error });
  });
});

describe("a bad configuration exits 78", () => {
  test.each(["serve", "config"])("%s tells every problem in a line of its own", async (command) => {
    const { code, out, error } = await keyhold(`${command} --port x --store foo:bar`);
    expect([code, out]).toEqual([78, ""]);
    expect(error).toBe(
      'keyhold: Cannot use --port "x": expected a whole number from 0 to 65535\n' +
        'keyhold: Cannot use --store "foo:bar": expected sqlite:DIRECTORY, a directory, memory:, valkey://HOST:PORT/DB, valkey+sentinel://HOST,HOST/NAME or valkey+cluster://HOST,HOST\n',
    );
  });
  test("an unknown variable is one", async () => {
    const { code, error } = await keyhold("config", { environment: { KEYHOLD_PROT: "1" } });
    expect([code, error]).toEqual([
      78,
      "keyhold: Unknown environment variable KEYHOLD_PROT; did you mean KEYHOLD_PORT?\n",
    ]);
  });
});

describe("config", () => {
  test("prints every option, with flags over the environment over the file over defaults", async () => {
    const around = {
      environment: { KEYHOLD_HOST: "::", KEYHOLD_PORT: "2" },
      files: { "k.toml": 'port = 3\nhost = "localhost"\ndurability = "relaxed"\n' },
    };
    const line = "config --config k.toml --port 1";
    expect((await keyhold(line, around)).out.trimEnd().split("\n").length).toBe(OPTIONS.length + 1);
    expect(await configRow("port", line, around)).toEqual(["port", "1", "--port"]);
    expect(await configRow("host", line, around)).toEqual(["host", "::", "KEYHOLD_HOST"]);
    expect(await configRow("durability", line, around)).toEqual(["durability", "relaxed", "k.toml"]);
    expect(await configRow("max-value", line, around)).toEqual(["max-value", "1MiB", "default"]);
  });
  test("a switch is on, off or not given", async () => {
    const environment = { KEYHOLD_WIDE: "true" };
    expect(await configRow("wide", "config")).toEqual(["wide", "false", "default"]);
    expect(await configRow("wide", "config --wide")).toEqual(["wide", "true", "--wide"]);
    expect(await configRow("wide", "config", { environment })).toEqual(["wide", "true", "KEYHOLD_WIDE"]);
    expect(await configRow("wide", "config --no-wide", { environment })).toEqual(["wide", "false", "--no-wide"]);
  });
  test("--json has the value as the server takes it, and as it was written", async () => {
    const { code, out } = await keyhold("config --json --max-value 2MiB --error-log e.log");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      "max-value": { value: 2_097_152, text: "2MiB", origin: "flag", from: "--max-value" },
      "error-log": { value: { file: "e.log" }, text: "e.log" },
      port: { value: 3000, text: "3000", origin: "default", from: "default" },
    });
  });
  test("a path that would do something to a terminal is escaped", async () => {
    expect(await configRow("error-log", "config --error-log \u001b[2J")).toEqual([
      "error-log",
      '"\\u001b[2J"',
      "--error-log",
    ]);
  });
});
