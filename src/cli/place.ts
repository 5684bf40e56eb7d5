// What the commands on backups and stores have in common: where they work, and by which flags.
import type { Command } from "commander";
import { Option } from "commander";
import { store } from "../config/formats.ts";
import { hidePassword } from "../config/hidden-passwords.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";
import { addServerPlaceFlags, DEFAULT_URL, readServerUrl, readToken, textFlag } from "./flags.ts";
import type { Remote } from "./remote.ts";

const STORE = store();

export const PLACE_NOTE = `
Without --url and --store the server of KEYHOLD_URL is asked, else the one at ${DEFAULT_URL}.
KEYHOLD_TOKEN in the environment, or the file named by --token-file, holds the token for it.`;

/** A store of this machine by its directory, or a running server by its URL. */
export type StorePlace = { readonly directory: string } | { readonly remote: Remote };

export function addPlaceFlags(command: Command): void {
  addServerPlaceFlags(command);
  command.addOption(
    new Option("--store <STORE>", "Instead, a store of this machine: sqlite:DIRECTORY, or a directory")
      .conflicts("url")
      .helpGroup("Server:"),
  );
}

/** @throws "invalid-parameter" on a URL or a store that is none */
export function readPlace(context: CommandContext): StorePlace {
  const given = textFlag(context.command, "store");
  if (given !== null) return { directory: toDirectory(given) };
  return { remote: { url: readServerUrl(context), token: readToken(context) } };
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
