// `keyhold append KEY TEXT` and `keyhold patch KEY JSON`: changes that leave the rest of a value as it is.
import { type Command, Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey, toText } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven } from "./flags.ts";
import { withServer } from "./server.ts";
import { addValueFlags, readValue, VALUE_NOTE } from "./value-source.ts";
import { addIdempotencyKey, addIfMatch, readIdempotencyKey, readIfMatch } from "./write-flags.ts";

export const APPEND: CommandBody = {
  notes: `${VALUE_NOTE}
A missing entry is created, as text/plain. The end of one that is there stays.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry").argument("[VALUE]", "A text, - or @FILE");
    addValueFlags(command);
    command
      .addOption(new Option("--prepend", "Before the value that stands, not behind it").helpGroup("Value:"))
      .addOption(new Option("--newline", "With a line break behind it").helpGroup("Value:"));
    declareChange(command);
  },
  run: (context) =>
    change(context, (text) => {
      const name = isGiven(context.command, "prepend") ? "prepend" : "append";
      const added = isGiven(context.command, "newline") ? `${text}\n` : text;
      return { contentType: MEDIA.form, body: new URLSearchParams({ [name]: added }).toString() };
    }),
};

export const PATCH: CommandBody = {
  notes: `${VALUE_NOTE}
An object is merged into the value (RFC 7396), and creates a missing one; an array is a list of operations (RFC 6902),
of which all are carried out or none.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry").argument("[VALUE]", "JSON: an object or an array; - or @FILE");
    addValueFlags(command);
    declareChange(command);
  },
  // As it was written, and not parsed and printed again: numbers keep their digits.
  run: (context) =>
    change(context, (text) => ({
      contentType: Array.isArray(parseJson(text)) ? MEDIA.jsonPatch : MEDIA.mergePatch,
      body: text,
    })),
};

function declareChange(command: Command): void {
  addIfMatch(command);
  addIdempotencyKey(command);
  addOutputFlags(command);
  addServerFlags(command);
}

interface Change {
  readonly contentType: string;
  readonly body: string;
}

function change(context: CommandContext, makeChange: (text: string) => Change): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = "", argument] = command.args;
    const text = toText((await readValue(command, argument, host)).bytes);
    if (text === null) throw new KeyholdError("invalid-parameter", "Cannot use VALUE: it is no text");
    const { contentType, body } = makeChange(text);
    const { ifMatch } = readIfMatch(command);
    // Under a name it can be sent again where the answer was lost.
    const { idempotencyKey = crypto.randomUUID() } = readIdempotencyKey(command);
    const answer = await client.request("PATCH", `/keys/${encodeURIComponent(key)}`, {
      headers: {
        [FIELD.contentType]: contentType,
        ...(ifMatch !== undefined && { [FIELD.ifMatch]: ifMatch }),
        [FIELD.idempotencyKey]: idempotencyKey,
      },
      body,
      signal,
    });
    await answer.arrayBuffer();
    const revision = Number(answer.headers.get(FIELD.revision));
    const isNew = answer.status === 201;
    if (isGiven(command, "json")) {
      const etag = answer.headers.get(FIELD.etag);
      host.writeOut(`${JSON.stringify({ key, revision, etag, created: isNew })}\n`);
    } else if (!isGiven(command, "quiet")) {
      host.writeError(`keyhold: ${quoteKey(key)} is ${isNew ? "created" : "changed"}, revision ${revision}\n`);
    }
    return EXIT.ok;
  });
}

/** @throws "invalid-parameter" */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KeyholdError("invalid-parameter", `Cannot use VALUE: it is no JSON: ${why}`, {}, { cause: error });
  }
}
