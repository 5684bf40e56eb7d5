// `keyhold take KEY`: deletes an entry and prints what it was, in one step, so that of several takers one gets it.
import type { CommandBody, CommandContext } from "./command.ts";
import { toEntryJson, writeValue } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven } from "./flags.ts";
import { tellMissing } from "./get.ts";
import { withServer } from "./server.ts";

export const TAKE: CommandBody = {
  notes: `
Made under a name of its own, so that an answer that is lost on the way is asked for again, and nothing is taken twice.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    addOutputFlags(command);
    addServerFlags(command);
  },
  run,
};

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = ""] = command.args;
    const entry = await client.take(key, { signal });
    if (entry === null) return tellMissing(context, key);
    if (isGiven(command, "json")) {
      await host.writeBytes(Buffer.from(toEntryJson(entry)));
      return EXIT.ok;
    }
    // It is gone from the server: what is no text is shown all the same, rather than lost.
    if (!(await writeValue(host, entry))) await host.writeBytes(Buffer.from(toEntryJson(entry)));
    return EXIT.ok;
  });
}
