// What the commands on backups and stores have in common: where they work, and by which flags.
import type { Command } from "commander";
import { Option } from "commander";
import { store } from "../config/formats.ts";
import { hidePassword } from "../config/hidden-passwords.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";
import type { Host } from "./host.ts";
import type { Remote } from "./remote.ts";
import { parseServerUrl } from "./server-url.ts";

export const DEFAULT_URL = "http://127.0.0.1:3000";

const STORE = store();
/** What a field of a request can carry. */
const SECRET = /^[\x21-\x7e]+$/;

export const PLACE_NOTE = `
Without --url and --store the server at ${DEFAULT_URL} is asked.
KEYHOLD_TOKEN in the environment, or the file named by --token-file, holds the token for --url.`;

/** A store of this machine by its directory, or a running server by its URL. */
export type StorePlace = { readonly directory: string } | { readonly remote: Remote };

export function addPlaceFlags(command: Command): void {
  command
    .addOption(new Option("--url <URL>", `A running server (default ${DEFAULT_URL})`))
    .addOption(
      new Option("--store <STORE>", "A store of this machine: sqlite:DIRECTORY, or a directory").conflicts("url"),
    )
    .addOption(new Option("--token-file <FILE>", "File that holds the token for --url"));
}

/** @throws "invalid-parameter" on a URL or a store that is none */
export function readPlace({ command, environment, host }: CommandContext): StorePlace {
  const given = textFlag(command, "store");
  if (given !== null) return { directory: toDirectory(given) };
  const url = parseServerUrl(textFlag(command, "url") ?? DEFAULT_URL);
  return { remote: { url, token: readToken({ command, environment, host }) } };
}

/**
 * The secret to ask a server with: of --token-file, else of KEYHOLD_TOKEN; null for none.
 *
 * @param flag - by another name, where a command has two servers
 * @throws "unavailable" where the file cannot be read or holds none; never with what it holds
 */
export function readToken({ command, environment, host }: CommandContext, flag = "--token-file"): string | null {
  const file = textFlag(command, toPropertyName(flag));
  const variable = environment["KEYHOLD_TOKEN"]?.trim() ?? "";
  if (file === null && variable === "") return null;
  const secret = file === null ? variable : readText(file, flag, host).trim();
  if (SECRET.test(secret)) return secret;
  throw new KeyholdError(
    "unavailable",
    `Cannot use ${file === null ? "KEYHOLD_TOKEN" : `${flag} ${file}`}: ${secret === "" ? "it is empty" : "it holds what no token has"}`,
  );
}

/** "--token-file" as textFlag() takes it. */
export function toPropertyName(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function readText(file: string, flag: string, host: Host): string {
  try {
    return host.readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError("unavailable", `Cannot read ${flag} ${file}: ${reason}`, {}, { cause: error });
  }
}

/** The flag's value, by its name in camelCase; null where it is not given. */
export function textFlag(command: Command, name: string): string | null {
  const value: unknown = command.getOptionValue(name);
  return typeof value === "string" ? value : null;
}

export function isGiven(command: Command, name: string): boolean {
  return command.getOptionValue(name) === true;
}

/** "sqlite:DIRECTORY" or a directory, as serve takes it. @throws "invalid-parameter" on any other engine's */
export function toDirectory(text: string): string {
  const { success, data } = STORE.schema.safeParse(text);
  if (success && data.engine === "sqlite") return data.directory;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use --store ${JSON.stringify(hidePassword(text))}: expected sqlite:DIRECTORY, or a directory`,
  );
}
