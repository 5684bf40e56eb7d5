// What a command is to the command line: a row of the table in run.ts.
import type { Command } from "commander";
import type { Host } from "./host.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandContext {
  readonly command: Command;
  readonly environment: Environment;
  readonly host: Host;
}

export interface CommandRow {
  /** Two words for one of a group, such as "token create". */
  readonly name: string;
  readonly summary: string;
  /** Full command lines; help begins with them. */
  readonly examples: readonly string[];
  /** What help ends with. */
  readonly notes: string;
  readonly declareFlags: (command: Command) => void;
  /** Resolves with the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}
