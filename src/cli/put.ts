// `keyhold put KEY VALUE`: writes an entry.
import { Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven, textFlag } from "./flags.ts";
import { withServer } from "./server.ts";
import { addValueFlags, readValue, VALUE_NOTE } from "./value-source.ts";
import {
  addExpiryFlags,
  addIdempotencyKey,
  addIfAbsent,
  addIfMatch,
  readExpiry,
  readIdempotencyKey,
  readIfAbsent,
  readIfMatch,
} from "./write-flags.ts";

export const PUT: CommandBody = {
  notes: `${VALUE_NOTE}
An entry that is there is replaced, with its end and its media type. A text is text/plain, a file is what its name
says, standard input application/octet-stream, unless --content-type says otherwise.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry").argument("[VALUE]", "A text, - or @FILE");
    addValueFlags(command);
    command.addOption(new Option("--content-type <TYPE>", "Media type of the value").helpGroup("Value:"));
    addExpiryFlags(command);
    addIfAbsent(command);
    addIfMatch(command);
    addIdempotencyKey(command);
    addOutputFlags(command);
    addServerFlags(command);
  },
  run,
};

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = "", argument] = command.args;
    const { bytes, contentType } = await readValue(command, argument, host);
    const written = await client.put(key, bytes, {
      contentType: textFlag(command, "contentType") ?? contentType,
      ...readExpiry(command),
      ...readIfMatch(command),
      ...readIfAbsent(command),
      ...readIdempotencyKey(command),
      signal,
    });
    const { revision, etag, isNew } = written;
    if (isGiven(command, "json")) {
      host.writeOut(`${JSON.stringify({ key, revision, etag, created: isNew })}\n`);
    } else if (!isGiven(command, "quiet")) {
      host.writeError(`keyhold: ${quoteKey(key)} is ${isNew ? "created" : "replaced"}, revision ${revision}\n`);
    }
    return EXIT.ok;
  });
}
