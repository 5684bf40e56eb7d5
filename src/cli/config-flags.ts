// The options of the server as flags of a command: declared to the argument parser from config/options.ts, and read back
// by option name. Which values are allowed is not judged here but in config/load.ts, which also knows the other sources.
import type { Command } from "commander";
import { Option } from "commander";
import { OPTIONS } from "../config/options.ts";

/** Declares every option of the server, and --config. */
export function addConfigFlags(command: Command): void {
  declareConfigFlag(command);
  for (const { name } of OPTIONS) declareOption(command, name);
}

export function declareConfigFlag(command: Command): void {
  command.addOption(
    new Option("--config <FILE>", "File with options in TOML; also KEYHOLD_CONFIG").helpGroup("Options file:"),
  );
}

/** Declares what names a store and who Keyhold is to its servers. */
export function declareStoreFlags(command: Command): void {
  declareOption(command, "store");
  declareStoreAccessFlags(command);
}

/** The same for a command that has the store as an argument. */
export function declareStoreAccessFlags(command: Command): void {
  for (const name of STORE_ACCESS_FLAGS) declareOption(command, name);
}

const STORE_ACCESS_FLAGS = [
  "store-user",
  "store-password-file",
  "store-ca",
  "sentinel-user",
  "sentinel-password-file",
  "store-prefix",
];

/** Declares one option of the server. Requires: there is one of this name. */
export function declareOption(command: Command, name: string): void {
  const option = OPTIONS.find((candidate) => candidate.name === name);
  if (option === undefined) throw new RangeError(`There is no option ${name}`);
  const description = `${option.help} (default ${option.default})`;
  const flags = option.placeholder === null ? option.flag : `${option.flag} <${option.placeholder}>`;
  command.addOption(new Option(flags, description).helpGroup(`${option.group}:`));
  if (option.placeholder !== null) return;
  // After the positive one: declared alone, the parser would take it for a switch that is on by default.
  command.addOption(new Option(`--no-${option.name}`).hideHelp().helpGroup(`${option.group}:`));
}

/** The flags that were given, by option name, as text. */
export function readConfigFlags(command: Command): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const name of ["config", ...OPTIONS.map((option) => option.name)]) {
    const declared = command.options.find((option) => option.long === `--${name}`);
    const value: unknown = declared === undefined ? undefined : command.getOptionValue(declared.attributeName());
    if (typeof value === "string" || typeof value === "boolean") given[name] = String(value);
  }
  return given;
}
