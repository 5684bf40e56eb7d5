// The table of commands. Help, completions, the man page and docs/cli.md are made of it, so a command that stands here is in
// all of them; what a command takes and does is in the file that its row loads.
import type { CommandRow, Example } from "./command.ts";
import { ENTRY_COMMANDS } from "./entry-commands.ts";
import { SERVER_COMMANDS } from "./server-commands.ts";
import { SET_COMMANDS } from "./set-commands.ts";
import { STORE_COMMANDS } from "./store-commands.ts";

export const COMMANDS: readonly CommandRow[] = [
  ...ENTRY_COMMANDS,
  ...SET_COMMANDS,
  ...SERVER_COMMANDS,
  ...STORE_COMMANDS,
];

/** Commands of several that go together, by the word that they share. */
export const GROUP_COMMANDS: Readonly<Record<string, Pick<CommandRow, "summary" | "group">>> = {
  token: { summary: "Make, list and revoke access tokens", group: "Server" },
};

/** What the help of the whole command begins with. */
export const FIRST_EXAMPLES: readonly Example[] = [
  ["keyhold serve", "a server on port 3000, its store in ./keyhold-data"],
  ["keyhold put greeting 'hello world'", "write an entry"],
  ["keyhold get greeting", "read it"],
  ["keyhold list", "what there is"],
  ["keyhold watch", "what changes, as it does"],
  ["keyhold lock deploy -- ./deploy.sh", "one at a time, on however many machines"],
  ["keyhold backup keyhold.db", "a copy, while the server serves"],
  ["keyhold doctor", "whether all is well, and what to do where it is not"],
];
