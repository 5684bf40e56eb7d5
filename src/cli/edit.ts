// `keyhold edit KEY`: a value in an editor, written back on the condition that it is still what was read. What has been typed is
// never lost: where it cannot be written, it stays in its file, and the sentence says where that is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import type { Entry } from "../client/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { MEDIA } from "../wire/headers.ts";
import type { CommandBody, CommandContext, Environment } from "./command.ts";
import { quoteKey, toText } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven, textFlag } from "./flags.ts";
import { withHint } from "./run-command.ts";
import { type Asking, withCure, withServer } from "./server.ts";

export const EDIT: CommandBody = {
  notes: `
The editor is $VISUAL, $EDITOR, or else vi. Media type and end of the entry stay. An entry that is missing is created,
where something has been typed. Where somebody else has written meanwhile nothing is overwritten: exit code 4, and the
sentence names the file with what was typed.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    command.addOption(new Option("--content-type <TYPE>", "Media type of a new entry").helpGroup("Value:"));
    addOutputFlags(command);
    addServerFlags(command, null);
  },
  run,
};

const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ["application/json", ".json"],
  ["text/html", ".html"],
  ["text/markdown", ".md"],
  ["text/css", ".css"],
]);

function run(context: CommandContext): Promise<number> {
  const { command } = context;
  return withServer(context, async (asking) => {
    const [key = ""] = command.args;
    const entry = await asking.client.get(key, { signal: asking.signal });
    const contentType = entry?.contentType ?? textFlag(command, "contentType") ?? MEDIA.plain;
    const before = entry === null ? "" : toText(entry.value);
    if (before === null) {
      throw new KeyholdError(
        "not-json",
        `Cannot edit ${quoteKey(key)}: it holds ${contentType}, which is no text; keyhold get ${quoteKey(key)} --output FILE takes it`,
      );
    }
    const place = mkdtempSync(join(tmpdir(), "keyhold-edit-"));
    const file = join(place, `value${EXTENSIONS.get(contentType.split(";")[0] ?? "") ?? ".txt"}`);
    writeFileSync(file, before, { mode: 0o600 });
    try {
      await runEditor(file, context);
      const after = readFileSync(file);
      if (after.equals(Buffer.from(before))) {
        tell(context, `${quoteKey(key)} was left as it is`);
      } else {
        requireJson(after, contentType);
        await save({ key, entry, value: after, contentType }, context, asking);
      }
    } catch (error) {
      throw withHint(withCure(error, asking.url), `what was typed is in ${file}`);
    }
    rmSync(place, { recursive: true, force: true });
    return EXIT.ok;
  });
}

async function runEditor(file: string, { host, environment }: CommandContext): Promise<void> {
  const editor = editorOf(environment);
  const { exited } = host.start({ command: [...editor.split(/\s+/), file], environment, input: null });
  const code = await exited;
  if (code !== 0) throw new KeyholdError("unavailable", `${editor} ended with exit code ${code}: nothing was written`);
}

function editorOf({ VISUAL, EDITOR }: Environment): string {
  return [VISUAL, EDITOR].map((name) => name?.trim() ?? "").find((name) => name !== "") ?? "vi";
}

/** What is JSON stays JSON. @throws "not-json" */
function requireJson(value: Buffer, contentType: string): void {
  if (!/^application\/(?:[^;]*\+)?json\b/.test(contentType)) return;
  try {
    JSON.parse(value.toString());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KeyholdError("not-json", `Cannot write it: it is no JSON any more: ${why}`, {}, { cause: error });
  }
}

interface Edited {
  readonly key: string;
  /** Null where there was none. */
  readonly entry: Entry | null;
  readonly value: Uint8Array;
  readonly contentType: string;
}

async function save(
  { key, entry, value, contentType }: Edited,
  context: CommandContext,
  asking: Asking,
): Promise<void> {
  const condition = entry === null ? { ifAbsent: true } : { ifMatch: entry.etag };
  const end = entry?.expiresAt ?? null;
  const { revision, etag, isNew } = await asking.client.put(key, value, {
    contentType,
    ...condition,
    ...(end !== null && { expiresAt: end }),
    signal: asking.signal,
  });
  if (isGiven(context.command, "json")) {
    context.host.writeOut(`${JSON.stringify({ key, revision, etag, created: isNew })}\n`);
  } else tell(context, `${quoteKey(key)} is ${isNew ? "created" : "changed"}, revision ${revision}`);
}

function tell({ command, host }: CommandContext, sentence: string): void {
  if (!isGiven(command, "quiet")) host.writeError(`keyhold: ${sentence}\n`);
}
