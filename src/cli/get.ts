// `keyhold get KEY` and `keyhold head KEY`: an entry's value, or what it is like.
import { Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey, toDurationText, toEntryJson, toInfoJson, writeValue } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven, textFlag } from "./flags.ts";
import type { Host } from "./host.ts";
import { toBytesText } from "./progress.ts";
import { withServer } from "./server.ts";
import { requireFree, SyncedFile } from "./synced-file.ts";
import { toTable } from "./table.ts";

export const GET: CommandBody = {
  notes: `
Standard output gets the bytes and nothing else; on a terminal a line break is added, and what is no text is not shown.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    command
      .addOption(new Option("-o, --output <FILE>", "Write the value there, once it is whole").helpGroup("Output:"))
      .addOption(new Option("--force", "Replace FILE if it is there").helpGroup("Output:"));
    addOutputFlags(command);
    addServerFlags(command);
  },
  run: runGet,
};

export const HEAD: CommandBody = {
  notes: "",
  declareFlags(command) {
    command.argument("<KEY>", "Of the entry");
    command.addOption(
      new Option("--tag", "Print its tag alone, for --if-match").conflicts("json").helpGroup("Output:"),
    );
    addOutputFlags(command);
    addServerFlags(command);
  },
  run: runHead,
};

function runGet(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = ""] = command.args;
    const path = textFlag(command, "output");
    const target = path === null ? null : { path, replaces: isGiven(command, "force") };
    if (target !== null) requireFree(target);
    const entry = await client.get(key, { signal });
    if (entry === null) return tellMissing(context, key);
    if (isGiven(command, "json")) {
      await host.writeBytes(Buffer.from(toEntryJson(entry)));
      return EXIT.ok;
    }
    if (target === null) return (await writeValue(host, entry)) ? EXIT.ok : EXIT.failure;
    SyncedFile.writeWhole(target, entry.value);
    return EXIT.ok;
  });
}

function runHead(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = ""] = command.args;
    const info = await client.head(key, { signal });
    if (info === null) return tellMissing(context, key);
    if (isGiven(command, "json")) {
      host.writeOut(toInfoJson(info));
      return EXIT.ok;
    }
    if (isGiven(command, "tag")) {
      host.writeOut(`${info.etag}\n`);
      return EXIT.ok;
    }
    const { contentType, size, revision, etag, modifiedAt, expiresAt, ttlMs } = info;
    const end = expiresAt === null ? "never" : `${expiresAt.toISOString()}, in ${toDurationText(ttlMs ?? 0)}`;
    host.writeOut(
      toTable([
        ["key", quoteKey(info.key)],
        ["size", toBytesText(size)],
        ["type", contentType],
        ["revision", String(revision)],
        ["tag", etag],
        ["modified", modifiedAt.toISOString()],
        ["ends", end],
      ]),
    );
    return EXIT.ok;
  });
}

/** Resolves with the exit code of what is not there. */
export function tellMissing(
  { command, host }: { readonly command: CommandContext["command"]; readonly host: Host },
  key: string,
): number {
  if (!isGiven(command, "quiet")) host.writeError(`keyhold: There is no entry under ${quoteKey(key)}\n`);
  return EXIT.notFound;
}
