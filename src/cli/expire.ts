// `keyhold expire KEY DURATION` and `keyhold persist KEY`: when an entry ends. Value, revision and tag stay.
import { Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey, toDurationText } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven, parseDuration, textFlag } from "./flags.ts";
import { tellMissing } from "./get.ts";
import { withServer } from "./server.ts";
import { parseInstant } from "./write-flags.ts";

export const EXPIRE: CommandBody = {
  notes: "",
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry").argument("[DURATION]", "From now on, such as 30s, 5m or 12h");
    command.addOption(new Option("--at <INSTANT>", "Instead, at this instant, such as 2036-01-01T00:00:00Z"));
    addOutputFlags(command);
    addServerFlags(command);
  },
  run(context) {
    const { command } = context;
    return withServer(context, async ({ client, signal }) => {
      const [key = "", duration] = command.args;
      const end = readEnd(duration, textFlag(command, "at"));
      if (!(await client.expire(key, end, { signal }))) return tellMissing(context, key);
      const text = typeof end === "number" ? `in ${toDurationText(end)}` : `at ${end.toISOString()}`;
      return tellEnd(context, key, `ends ${text}`);
    });
  },
};

export const PERSIST: CommandBody = {
  notes: "",
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    addOutputFlags(command);
    addServerFlags(command);
  },
  run(context) {
    return withServer(context, async ({ client, signal }) => {
      const [key = ""] = context.command.args;
      if (!(await client.persist(key, { signal }))) return tellMissing(context, key);
      return tellEnd(context, key, "stays for good");
    });
  },
};

/** Milliseconds from now, or an instant. @throws "invalid-parameter", "invalid-expiry" */
function readEnd(duration: string | undefined, at: string | null): number | Date {
  if ((duration === undefined) === (at === null)) {
    throw new KeyholdError("invalid-parameter", "Cannot say when it ends: give either DURATION or --at INSTANT");
  }
  return at === null ? parseDuration(duration ?? "", "DURATION") : parseInstant(at, "--at");
}

function tellEnd({ command, host }: CommandContext, key: string, sentence: string): number {
  if (isGiven(command, "json")) host.writeOut(`${JSON.stringify({ key, changed: true })}\n`);
  else if (!isGiven(command, "quiet")) host.writeError(`keyhold: ${quoteKey(key)} ${sentence}\n`);
  return EXIT.ok;
}
