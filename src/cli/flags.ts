// Flags that several commands take, in one spelling each: which server, with which token, how long, how told. Reading them
// needs no more than the text that was given, so that a command that only asks a server starts quickly.
import { type Command, Option } from "commander";
import { DURATION_UNITS_MS, parseQuantity } from "../config/quantity.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";
import type { Host } from "./host.ts";
import { parseServerUrl } from "./server-url.ts";

export const DEFAULT_URL = "http://127.0.0.1:3000";
export const URL_VARIABLE = "KEYHOLD_URL";
const TOKEN_VARIABLE = "KEYHOLD_TOKEN";
const TOKEN_FILE_VARIABLE = "KEYHOLD_TOKEN_FILE";

/** What a field of a request can carry. */
const SECRET = /^[\x21-\x7e]+$/;
const SERVER_GROUP = "Server:";
const OUTPUT_GROUP = "Output:";

/** Which server is asked, and with what. @param timeout - the time for all of it where none is given; null for no bound */
export function addServerFlags(command: Command, timeout: string | null = "30s"): void {
  addServerPlaceFlags(command);
  const option = new Option("--timeout <DURATION>", "Time for all of it").helpGroup(SERVER_GROUP);
  command.addOption(timeout === null ? option : option.default(timeout));
}

export function addServerPlaceFlags(command: Command): void {
  command
    .addOption(new Option("--url <URL>", `The server (KEYHOLD_URL, else ${DEFAULT_URL})`).helpGroup(SERVER_GROUP))
    .addOption(
      new Option(
        "--token-file <FILE>",
        "File that holds the token for it (KEYHOLD_TOKEN_FILE, else KEYHOLD_TOKEN)",
      ).helpGroup(SERVER_GROUP),
    );
}

/** How a command tells what it did. */
export function addOutputFlags(command: Command): void {
  addJsonFlag(command);
  addQuietFlag(command);
}

export function addJsonFlag(command: Command): void {
  command.addOption(new Option("--json", "Print JSON").helpGroup(OUTPUT_GROUP));
}

export function addQuietFlag(command: Command): void {
  command.addOption(
    new Option("-q, --quiet", "Say nothing on standard error but what went wrong").helpGroup(OUTPUT_GROUP),
  );
}

/** The host as a command tells of its progress there: with --quiet not at all. Faults are told to the host itself. */
export function toldTo({ command, host }: Pick<CommandContext, "command" | "host">): Host {
  return isGiven(command, "quiet") ? { ...host, isErrorTerminal: false, writeError: () => {} } : host;
}

/** The flag's value, by its name in camelCase; null where it is not given. */
export function textFlag(command: Command, name: string): string | null {
  const value: unknown = command.getOptionValue(name);
  return typeof value === "string" ? value : null;
}

export function isGiven(command: Command, name: string): boolean {
  return command.getOptionValue(name) === true;
}

/** All values of a flag that may be given again; declared with `collect`. */
export function listFlag(command: Command, name: string): readonly string[] {
  const given: unknown = command.getOptionValue(name);
  return Array.isArray(given) ? given.map(String) : [];
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** "--token-file" as textFlag() takes it. */
export function toPropertyName(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Milliseconds, 1 at least; null where the flag is not given. @throws "invalid-parameter" */
export function durationFlag(command: Command, flag: string, leastMs = 1): number | null {
  const text = textFlag(command, toPropertyName(flag));
  return text === null ? null : parseDuration(text, flag, leastMs);
}

/** @throws "invalid-parameter" */
export function parseDuration(text: string, name: string, leastMs = 1): number {
  const ms = parseQuantity(text, DURATION_UNITS_MS);
  if (ms !== null && ms >= leastMs && ms <= DURATION_MAX_MS) return ms;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use ${name} ${JSON.stringify(text)}: expected a duration, such as 500ms, 30s, 5m, 12h or 90d`,
  );
}

/** A hundred years: what lies beyond is a slip of the hand. */
const DURATION_MAX_MS = 36_500 * DURATION_UNITS_MS.d;

/** Null where the flag is not given. @throws "invalid-parameter" */
export function integerFlag(command: Command, flag: string): number | null {
  const text = textFlag(command, toPropertyName(flag));
  return text === null ? null : parseInteger(text, flag);
}

/** A number above 0; null where the flag is not given. @throws "invalid-parameter" */
export function countFlag(command: Command, flag: string): number | null {
  const count = integerFlag(command, flag);
  if (count === null || count > 0) return count;
  throw new KeyholdError("invalid-parameter", `Cannot use ${flag} ${count}: expected a whole number above 0`);
}

/** @throws "invalid-parameter" */
export function parseInteger(text: string, name: string): number {
  const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new KeyholdError("invalid-parameter", `Cannot use ${name} ${JSON.stringify(text)}: expected a whole number`);
}

/** The server to ask: of --url, else of KEYHOLD_URL, else the default. @throws "invalid-parameter" on a URL that is none */
export function readServerUrl({ command, environment }: Pick<CommandContext, "command" | "environment">): string {
  const flag = textFlag(command, "url");
  if (flag !== null) return parseServerUrl(flag);
  return readUrlVariable(environment) ?? DEFAULT_URL;
}

/** Null where it is not set. @throws "invalid-parameter" on a URL that is none */
export function readUrlVariable(environment: CommandContext["environment"]): string | null {
  const variable = environment[URL_VARIABLE]?.trim() ?? "";
  return variable === "" ? null : parseServerUrl(variable, URL_VARIABLE);
}

/**
 * The secret to ask a server with: of --token-file, else of KEYHOLD_TOKEN_FILE, else of KEYHOLD_TOKEN; null for none.
 *
 * @param flag - by another name, where a command has two servers
 * @throws "unavailable" where the file cannot be read or holds none; never with what it holds
 */
export function readToken(
  { command, environment, host }: Pick<CommandContext, "command" | "environment" | "host">,
  flag = "--token-file",
): string | null {
  return readTokenOf({ file: textFlag(command, toPropertyName(flag)), environment, host }, flag);
}

/** @param file - of the flag; null where it is not given */
export function readTokenOf(
  given: Pick<CommandContext, "environment" | "host"> & { readonly file: string | null },
  flag = "--token-file",
): string | null {
  const { file, environment, host } = given;
  const fileVariable = environment[TOKEN_FILE_VARIABLE] ?? "";
  if (file !== null) return checkSecret(readText(file, flag, host), `${flag} ${file}`);
  if (fileVariable !== "") {
    return checkSecret(readText(fileVariable, TOKEN_FILE_VARIABLE, host), `${TOKEN_FILE_VARIABLE} ${fileVariable}`);
  }
  const variable = environment[TOKEN_VARIABLE]?.trim() ?? "";
  return variable === "" ? null : checkSecret(variable, TOKEN_VARIABLE);
}

function checkSecret(text: string, name: string): string {
  const secret = text.trim();
  if (SECRET.test(secret)) return secret;
  throw new KeyholdError(
    "unavailable",
    `Cannot use ${name}: ${secret === "" ? "it is empty" : "it holds what no token has"}`,
  );
}

function readText(file: string, name: string, host: Host): string {
  try {
    return host.readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError("unavailable", `Cannot read ${name} ${file}: ${reason}`, {}, { cause: error });
  }
}
