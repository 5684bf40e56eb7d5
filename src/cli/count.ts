// `keyhold count [PREFIX]`: how many entries there are.
import type { CommandBody, CommandContext } from "./command.ts";
import { addFilterFlag, addPrefixArgument, readNarrowing } from "./entry-set.ts";
import { EXIT } from "./exit-codes.ts";
import { addJsonFlag, addServerFlags, isGiven } from "./flags.ts";
import { withServer } from "./server.ts";

export const COUNT: CommandBody = {
  notes: "",
  declareFlags(command) {
    addPrefixArgument(command);
    addFilterFlag(command);
    addJsonFlag(command);
    addServerFlags(command);
  },
  run,
};

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const count = await client.count({ ...readNarrowing(command), signal });
    host.writeOut(isGiven(command, "json") ? `${JSON.stringify({ count })}\n` : `${count}\n`);
    return EXIT.ok;
  });
}
