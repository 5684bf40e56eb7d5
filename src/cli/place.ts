// What the commands on backups and stores have in common: where they work, by which flags, and how they end.
import type { Command } from "commander";
import { Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import type { Remote } from "./remote.ts";

export const DEFAULT_URL = "http://127.0.0.1:3000";

export const PLACE_NOTE = `
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
  const store = textFlag(command, "store");
  if (store !== null) return { directory: toDirectory(store) };
  const url = textFlag(command, "url") ?? DEFAULT_URL;
  if (!/^https?:\/\/[^\s/]/.test(url) || !URL.canParse(url)) {
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot use --url ${JSON.stringify(url)}: expected an http or https URL`,
    );
  }
  const file = textFlag(command, "tokenFile");
  const token = file === null ? (environment["KEYHOLD_TOKEN"] ?? "") : host.readFile(file).trim();
  return { remote: { url: url.replace(/\/+$/, ""), token: token === "" ? null : token } };
}

/** The flag's value, by its name in camelCase; null where it is not given. */
export function textFlag(command: Command, name: string): string | null {
  const value: unknown = command.getOptionValue(name);
  return typeof value === "string" ? value : null;
}

export function isGiven(command: Command, name: string): boolean {
  return command.getOptionValue(name) === true;
}

/** "sqlite:DIRECTORY" or a directory. @throws "invalid-parameter" on any other engine's */
export function toDirectory(store: string): string {
  const directory = store.replace(/^sqlite:/, "");
  if (directory !== "" && !/^[A-Za-z][A-Za-z0-9+.-]+:/.test(directory)) return directory;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use --store ${JSON.stringify(store)}: expected sqlite:DIRECTORY, or a directory`,
  );
}

/** Runs a command whose faults are sentences on standard error; SIGINT and SIGTERM end it in order. */
export async function runCommand(host: Host, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) host.onSignal(signal, () => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    const isFault = error instanceof KeyholdError;
    host.writeError(`keyhold: ${isFault ? error.detail : error instanceof Error ? error.message : String(error)}\n`);
    if (!isFault) return EXIT.failure;
    return error.code === "damaged-entry"
      ? EXIT.damaged
      : error.code === "invalid-parameter"
        ? EXIT.usage
        : EXIT.failure;
  }
}
