// `keyhold info`: what a running server says of itself.
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addJsonFlag, addServerFlags, isGiven } from "./flags.ts";
import { withServer } from "./server.ts";
import { toTable } from "./table.ts";

export const INFO: CommandBody = {
  notes: `
Needs a token with the scope admin, once the server asks for tokens. What each member means: docs/protocol.md, §14.`,
  declareFlags(command) {
    addJsonFlag(command);
    addServerFlags(command);
  },
  run,
};

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const answer = await client.request("GET", "/-/info", { signal });
    const document: unknown = JSON.parse(await answer.text());
    host.writeOut(isGiven(command, "json") ? `${JSON.stringify(document, null, 2)}\n` : toTable(rowsOf(document, "")));
    return EXIT.ok;
  });
}

/** A row for each member that holds no others: "store.engine", "sqlite". */
function rowsOf(value: unknown, name: string): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [[name, value === null ? "none" : String(value)]];
  return Object.entries(value).flatMap(([member, inner]) => rowsOf(inner, name === "" ? member : `${name}.${member}`));
}
