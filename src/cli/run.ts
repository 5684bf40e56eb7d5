// The command line: the table of commands, their help, and which exit code each way of ending has. The argument parser
// is told of everything here and knows nothing of the server; what a command does stands in a file of its own. Only this
// file reads the environment of the process.
import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { LoadResult } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";
import { BENCH_COMMAND } from "./bench.ts";
import type { CommandContext, CommandRow, Environment } from "./command.ts";
import { addConfigFlags, readConfigFlags } from "./config-flags.ts";
import { EXIT, EXIT_MEANINGS } from "./exit-codes.ts";
import { health, loopbackUrl, readHealthFlags } from "./health.ts";
import type { Host } from "./host.ts";
import { tellFault } from "./run-command.ts";
import { serve } from "./serve.ts";
import { toConfigJson, toConfigTable } from "./show-config.ts";
import { TOKEN_COMMANDS } from "./token.ts";
import { TRANSFER_COMMANDS } from "./transfer-commands.ts";

const SOURCES_TEXT = `
Each option can also be set in the environment (--max-value as KEYHOLD_MAX_VALUE) and in a TOML file named
by --config (max-value = "1MiB"). A flag wins over the environment, that over the file. Switches are turned
off by --no-NAME.`;

const COMMANDS: readonly CommandRow[] = [
  {
    name: "serve",
    summary: "Serve a store over HTTP until a signal ends it",
    examples: ["keyhold serve", "keyhold serve --port 5000 --store ./data", "keyhold serve --store memory: --wide"],
    notes: SOURCES_TEXT,
    declareFlags: addConfigFlags,
    run: runServe,
  },
  {
    name: "config",
    summary: "Print the value of every option of serve, and where it comes from",
    examples: ["keyhold config", "keyhold config --config keyhold.toml --json"],
    notes: SOURCES_TEXT,
    declareFlags: (command) => {
      command.addOption(new Option("--json", "Print JSON").helpGroup("Output:"));
      addConfigFlags(command);
    },
    run: runConfig,
  },
  {
    name: "health",
    summary: "Ask a running server whether it is ready: exits 0 if it is, else 1",
    examples: ["keyhold health", "keyhold health --url http://127.0.0.1:5000 --timeout 500ms"],
    notes: "",
    declareFlags: (command) => {
      const url = "The server; without it, where one with the KEYHOLD_ variables of this environment listens";
      command.addOption(new Option("--url <URL>", url));
      command.addOption(new Option("--timeout <DURATION>", "Time for the whole answer").default("2s"));
    },
    run: runHealth,
  },
  ...TOKEN_COMMANDS,
  ...TRANSFER_COMMANDS,
  BENCH_COMMAND,
];

/** Commands of several that go together, by the word that they share. */
const GROUPS: Readonly<Record<string, string>> = {
  token: "Make, list and revoke access tokens",
};

/** Runs the command that `args` name, and resolves with the exit code. */
export async function run(
  args: readonly string[],
  host: Host,
  environment: Environment = process.env,
): Promise<number> {
  let code: number = EXIT.ok;
  const program = makeProgram(host, async (row, command) => {
    code = await row.run({ command, environment, host });
  });
  if (args.length === 0) {
    host.writeOut(program.helpInformation());
    return EXIT.ok;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    // The parser has written its message; help and version end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

function makeProgram(host: Host, runRow: (row: CommandRow, command: Command) => Promise<void>): Command {
  const program = new Command("keyhold")
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: host.writeOut,
      writeErr: host.writeError,
      outputError: (text, write) => write(text.replace(/^error: /, "keyhold: ")),
      getOutHelpWidth: () => host.columns ?? HELP_COLUMNS,
      getErrHelpWidth: () => host.columns ?? HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "before",
      toExamplesText(COMMANDS.flatMap((row) => row.examples.slice(0, row.name.includes(" ") ? 1 : 2))),
    )
    .addHelpText("after", toExitCodesText());
  const groups = new Map(Object.entries(GROUPS).map(([name, summary]) => [name, addGroup(program, name, summary)]));
  for (const row of COMMANDS) {
    const [first = "", second] = row.name.split(" ");
    const command = (second === undefined ? program : groups.get(first))?.command(second ?? first);
    if (command === undefined) throw new RangeError(`There is no group for the command ${row.name}`);
    command.description(row.summary);
    command.addHelpText("before", toExamplesText(row.examples)).addHelpText("after", row.notes);
    row.declareFlags(command);
    command.action(() => runRow(row, command));
  }
  return program;
}

function addGroup(program: Command, name: string, summary: string): Command {
  const examples = COMMANDS.filter((row) => row.name.startsWith(`${name} `)).flatMap((row) => row.examples.slice(0, 2));
  return program.command(name).description(summary).addHelpText("before", toExamplesText(examples));
}

const HELP_COLUMNS = 100;

function toExamplesText(examples: readonly string[]): string {
  return `Examples:\n${examples.map((example) => `  ${example}\n`).join("")}`;
}

function toExitCodesText(): string {
  const lines = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}

async function runServe(context: CommandContext): Promise<number> {
  const loaded = load(context);
  if (loaded.is === "refused") return refuse(loaded.problems, context.host);
  // Loaded here and not above, so that help and mistakes are answered without opening an engine.
  const { startServer } = await import("../compose.ts");
  return serve(loaded.config, context.host, startServer);
}

async function runConfig(context: CommandContext): Promise<number> {
  const loaded = load(context);
  if (loaded.is === "refused") return refuse(loaded.problems, context.host);
  const isJson = context.command.getOptionValue("json") === true;
  context.host.writeOut(isJson ? toConfigJson(loaded.provenance) : toConfigTable(loaded.provenance));
  return EXIT.ok;
}

async function runHealth(context: CommandContext): Promise<number> {
  const loaded = load(context);
  if (loaded.is === "refused") return refuse(loaded.problems, context.host);
  try {
    const flags = readHealthFlags(context.command);
    return await health({ ...flags, serverUrl: flags.serverUrl ?? loopbackUrl(loaded.config) }, context.host);
  } catch (error) {
    return tellFault(error, context.host);
  }
}

function load({ command, environment, host }: CommandContext): LoadResult {
  return loadConfig({ flags: readConfigFlags(command), environment, readFile: host.readFile });
}

function refuse(problems: readonly string[], host: Host): number {
  host.writeError(problems.map((problem) => `keyhold: ${problem}\n`).join(""));
  return EXIT.config;
}
