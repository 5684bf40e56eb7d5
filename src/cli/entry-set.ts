// Which entries a command means, where it means several: a prefix, a pattern, a range.
import { type Command, Option } from "commander";
import { textFlag } from "./flags.ts";

export interface EntrySet {
  readonly prefix?: string;
  readonly filter?: string;
  readonly start?: string;
  readonly end?: string;
}

export function addPrefixArgument(command: Command): void {
  command.argument("[PREFIX]", "Only keys that begin so");
}

export function addFilterFlag(command: Command): void {
  command.addOption(
    new Option(
      "--filter <PATTERN>",
      "Only keys like it: * is any text, ? one character, \\ takes the next as it is",
    ).helpGroup("Which:"),
  );
}

export function addRangeFlags(command: Command): void {
  command
    .addOption(new Option("--start <KEY>", "From this key on").helpGroup("Which:"))
    .addOption(new Option("--end <KEY>", "Up to this key, which is not among them").helpGroup("Which:"));
}

/** Of the argument PREFIX and --filter. */
export function readNarrowing(command: Command): Pick<EntrySet, "prefix" | "filter"> {
  const [prefix] = command.args;
  const filter = textFlag(command, "filter");
  return { ...(prefix !== undefined && prefix !== "" && { prefix }), ...(filter !== null && { filter }) };
}

/** Of these, and of --start and --end. */
export function readEntrySet(command: Command): EntrySet {
  const [start, end] = [textFlag(command, "start"), textFlag(command, "end")];
  return { ...readNarrowing(command), ...(start !== null && { start }), ...(end !== null && { end }) };
}
