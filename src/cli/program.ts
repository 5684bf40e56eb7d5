// The command line as the argument parser is told of it: the table of commands, their help, and how mistakes are put.
import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { COMMAND_GROUPS, type CommandBody, type CommandRow, type Example } from "./command.ts";
import { COMMANDS, FIRST_EXAMPLES, GROUP_COMMANDS } from "./commands.ts";
import { EXIT_MEANINGS } from "./exit-codes.ts";
import type { Host } from "./host.ts";

type Surface = Pick<Host, "columns" | "writeOut" | "writeError">;

/** What a program does with the command that it has found. */
export type RunRow = (body: CommandBody, command: Command) => Promise<void>;

const HELP_COLUMNS = 100;
/** Examples up to this length have what they are an example of behind them, in one column. */
const EXAMPLE_COLUMNS = 64;

/** @param isWanted - which commands are loaded with their flags; the others are known by name alone */
export async function makeProgram(
  host: Surface,
  { isWanted, runRow }: { readonly isWanted: (row: CommandRow) => boolean; readonly runRow: RunRow },
): Promise<Command> {
  const program = makeRoot(host);
  const groups = new Map<string, Command>();
  for (const row of inOrder(COMMANDS)) {
    const [first = "", second] = row.name.split(" ");
    if (second !== undefined && !groups.has(first)) groups.set(first, addGroup(program, first));
    const command = (groups.get(first) ?? program).command(second ?? first);
    command.description(row.summary).aliases(row.aliases);
    if (second === undefined) command.helpGroup(`${row.group}:`);
    if (!isWanted(row)) continue;
    const body = await row.load();
    command.addHelpText("before", toExamplesText(row.examples));
    if (body.notes !== "") command.addHelpText("after", body.notes);
    body.declareFlags(command);
    command.action(() => runRow(body, command));
  }
  return program;
}

/** The command line with every flag of every command, to be read and not run. */
export function describeProgram(): Promise<Command> {
  const nobody = { columns: null, writeOut: () => {}, writeError: () => {} };
  return makeProgram(nobody, { isWanted: () => true, runRow: async () => {} });
}

function makeRoot(host: Surface): Command {
  return new Command("keyhold")
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
    .addHelpText("before", toExamplesText(FIRST_EXAMPLES))
    .addHelpText("after", toExitCodesText());
}

function addGroup(program: Command, name: string): Command {
  const row = GROUP_COMMANDS[name];
  if (row === undefined) throw new RangeError(`There is no group ${name}`);
  const examples = COMMANDS.filter((each) => each.name.startsWith(`${name} `)).flatMap((each) =>
    each.examples.slice(0, 2),
  );
  return program
    .command(name)
    .description(row.summary)
    .helpGroup(`${row.group}:`)
    .addHelpText("before", toExamplesText(examples));
}

/** By group, each in the order of the table. */
function inOrder(rows: readonly CommandRow[]): readonly CommandRow[] {
  return COMMAND_GROUPS.flatMap((group) => rows.filter((row) => row.group === group));
}

export function toExamplesText(examples: readonly Example[]): string {
  const short = examples.filter(([line]) => line.length <= EXAMPLE_COLUMNS).map(([line]) => line.length);
  const width = Math.max(0, ...short);
  const lines = examples.map(([line, about]) => (about === "" ? line : `${line.padEnd(width)}  # ${about}`));
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function toExitCodesText(): string {
  const lines = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}
