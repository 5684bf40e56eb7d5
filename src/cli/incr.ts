// `keyhold incr KEY [BY]` and `keyhold decr KEY [BY]`: a counter's step, and where it stands then.
import { type Command, Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, durationFlag, integerFlag, isGiven, parseInteger } from "./flags.ts";
import { withServer } from "./server.ts";

export const INCR: CommandBody = {
  notes: `
A missing counter starts from --initial, else from 0. Where the sum would lie outside --min and --max nothing is
changed, and the exit code is 4.`,
  declareFlags: (command) => declare(command, "How much to add (default 1)"),
  run: (context) => run(context, 1),
};

export const DECR: CommandBody = {
  notes: INCR.notes,
  declareFlags: (command) => declare(command, "How much to subtract (default 1)"),
  run: (context) => run(context, -1),
};

function declare(command: Command, about: string): void {
  command.argument("<KEY>", "Of the counter").argument("[BY]", about);
  const add = (flags: string, text: string) => command.addOption(new Option(flags, text).helpGroup("Counter:"));
  add("--initial <NUMBER>", "What a missing one starts from");
  add("--min <NUMBER>", "The sum may not be below");
  add("--max <NUMBER>", "The sum may not be above");
  add("--ttl <DURATION>", "It ends so long from now");
  add("--ttl-if-new <DURATION>", "It ends so long from now, if this creates it");
  addOutputFlags(command);
  addServerFlags(command);
}

function run(context: CommandContext, sign: 1 | -1): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = "", by] = command.args;
    const [initial, min, max] = ["--initial", "--min", "--max"].map((flag) => integerFlag(command, flag));
    const ttlMs = durationFlag(command, "--ttl");
    const ttlIfNewMs = durationFlag(command, "--ttl-if-new");
    const sum = await client.increment(key, sign * (by === undefined ? 1 : parseInteger(by, "BY")), {
      ...(initial != null && { initial }),
      ...(min != null && { min }),
      ...(max != null && { max }),
      ...(ttlMs !== null && { ttlMs }),
      ...(ttlIfNewMs !== null && { ttlIfNewMs }),
      signal,
    });
    const { value, revision, isNew } = sum;
    const ttl = sum.ttlMs === null ? null : Math.ceil(sum.ttlMs / 1000);
    host.writeOut(
      isGiven(command, "json") ? `${JSON.stringify({ key, value, revision, created: isNew, ttl })}\n` : `${value}\n`,
    );
    return EXIT.ok;
  });
}
