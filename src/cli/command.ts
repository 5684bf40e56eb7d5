// What a command is to the command line: a row of the table in commands.ts, which help, completions, the man page and
// docs/cli.md are made of, and the body that is loaded once it is asked for, so that no command waits for another's code.
import type { Command } from "commander";
import type { Host } from "./host.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandContext {
  readonly command: Command;
  readonly environment: Environment;
  readonly host: Host;
  /** The whole command line, with every flag of every command. */
  readonly describeAll: () => Promise<Command>;
}

/** What commands stand under in help and on the pages, in this order. */
export const COMMAND_GROUPS = ["Entries", "Many entries", "Waiting", "Server", "Stores", "This command"] as const;
export type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** A full command line, and what it is an example of. */
export type Example = readonly [line: string, about: string];

export interface CommandRow {
  /** Two words for one of a group, such as "token create". */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly group: CommandGroup;
  readonly summary: string;
  /** Help begins with them. */
  readonly examples: readonly Example[];
  readonly load: () => Promise<CommandBody>;
}

export interface CommandBody {
  readonly declareFlags: (command: Command) => void;
  /** What help ends with; "" for nothing. */
  readonly notes: string;
  /** Resolves with the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}
