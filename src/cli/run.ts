// Where a command line becomes a command: which row of the table is meant, its body loaded, and which exit code each way of
// ending has. Only this file reads the environment of the process.
import { CommanderError } from "commander";
import type { CommandRow, Environment } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { describeProgram, makeProgram } from "./program.ts";

/** Runs the command that `args` name, and resolves with the exit code. */
export async function run(
  args: readonly string[],
  host: Host,
  environment: Environment = process.env,
): Promise<number> {
  // What shells ask at TAB: hidden, as it is of no use to people.
  if (args[0] === "complete" && args[1] === "--") {
    const { complete } = await import("./complete.ts");
    return complete(args.slice(2), { host, environment, program: await describeProgram() });
  }
  let code: number = EXIT.ok;
  const program = await makeProgram(host, {
    isWanted: wantedBy(args),
    runRow: async (body, command) => {
      code = await body.run({ command, environment, host, describeAll: describeProgram });
    },
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

/** The command that the first words name, also behind `help`; of a group all. */
function wantedBy(args: readonly string[]): (row: CommandRow) => boolean {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  const word = first === "help" ? second : first;
  return ({ name, aliases }) => name.split(" ")[0] === word || (word !== undefined && aliases.includes(word));
}
