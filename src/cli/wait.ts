// `keyhold wait KEY`: until there is an entry, until it is another, or until it is gone.
import { type Command, Option } from "commander";
import type { EntryInfo } from "../client/entry.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey, toEntryJson, writeValue } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerPlaceFlags, durationFlag, isGiven, textFlag } from "./flags.ts";
import { tellMissing } from "./get.ts";
import { isFault, TimeUp } from "./run-command.ts";
import { type Asking, withServer } from "./server.ts";

export const WAIT: CommandBody = {
  notes: `
Prints the value, byte for byte, but with --gone. Exit code 124 where the time is up first; 3 where --changed waits for
an entry that is deleted. A change of when it ends is no change.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    const add = (flags: string, text: string) => new Option(flags, text).helpGroup("Waiting:");
    command
      .addOption(add("--for <DURATION>", "So long at most (default: for good)"))
      .addOption(add("--changed", "Until it is another than it is now"))
      .addOption(
        add("--changed-from <TAG>", "Until it is another than the one of this tag, as head shows it").conflicts(
          "changed",
        ),
      )
      .addOption(add("--gone", "Until there is none").conflicts(["changed", "changedFrom"]));
    addOutputFlags(command);
    addServerPlaceFlags(command);
  },
  run,
};

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async (asking) => {
    const [key = ""] = command.args;
    const limitMs = durationFlag(command, "--for", 0);
    const untilMs = limitMs === null ? null : host.nowMs() + limitMs;
    const left = () => (untilMs === null ? {} : { timeoutMs: Math.max(0, untilMs - host.nowMs()) });
    try {
      if (isGiven(command, "gone")) {
        await waitForEnd(key, asking, left);
        return EXIT.ok;
      }
      const etag = await readEtag(command, key, asking);
      const { client, signal } = asking;
      const entry = await client.waitFor(key, { ...(etag !== null && { etag }), ...left(), signal });
      if (entry === null) return tellMissing(context, key);
      if (isGiven(command, "json")) await host.writeBytes(Buffer.from(toEntryJson(entry)));
      else await writeValue(host, entry);
      return EXIT.ok;
    } catch (error) {
      if (!isFault(error) || error.code !== "timeout") throw error;
      throw new TimeUp(`${quoteKey(key)}: nothing in ${textFlag(command, "for")}`);
    }
  });
}

/** The state that another is waited for; null where any is welcome. */
async function readEtag(command: Command, key: string, { client, signal }: Asking): Promise<string | null> {
  const given = textFlag(command, "changedFrom");
  if (given !== null) return given.startsWith('"') ? given : `"${given}"`;
  return isGiven(command, "changed") ? ((await client.head(key, { signal }))?.etag ?? null) : null;
}

async function waitForEnd(key: string, { client, signal }: Asking, left: () => { timeoutMs?: number }): Promise<void> {
  let standing: EntryInfo | null = await client.head(key, { signal });
  while (standing !== null) standing = await client.waitFor(key, { etag: standing.etag, ...left(), signal });
}
