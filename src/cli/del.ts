// `keyhold del KEY…`: deletes entries by their keys, or all of a set.
import { type Command, Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { agrees } from "./ask-person.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { quoteKey } from "./entry-output.ts";
import { addFilterFlag } from "./entry-set.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, addServerFlags, isGiven, textFlag } from "./flags.ts";
import { tellMissing } from "./get.ts";
import { showWork } from "./progress.ts";
import { type Asking, withServer } from "./server.ts";
import { addIfMatch, readIfMatch } from "./write-flags.ts";

export const DEL: CommandBody = {
  notes: `
Of several keys, those that are there are deleted, and exit code 3 says that none was. A set is deleted at one instant,
where the store can do that (keyhold info: deletions).`,
  declareFlags(command) {
    command.argument("[KEY...]", "Of entries");
    command.addOption(new Option("--prefix <PREFIX>", "All entries whose keys begin so").helpGroup("Which:"));
    addFilterFlag(command);
    command
      .addOption(new Option("--all", "Every entry of the store").helpGroup("Which:"))
      .addOption(new Option("--dry-run", "Say how many it would be, and delete none"))
      .addOption(new Option("--yes", "Do not ask before a set is deleted"));
    addIfMatch(command);
    addOutputFlags(command);
    addServerFlags(command, null);
  },
  run,
};

/** What is to go. */
type Doomed =
  | { readonly is: "one"; readonly key: string }
  | { readonly is: "several"; readonly keys: readonly string[] }
  | { readonly is: "set"; readonly prefix: string | null; readonly filter: string | null };

function run(context: CommandContext): Promise<number> {
  const { command } = context;
  return withServer(context, async (asking) => {
    const doomed = readDoomed(command);
    if (isGiven(command, "dryRun")) return tellCount(doomed, context, asking);
    switch (doomed.is) {
      case "one":
        return deleteOne(doomed.key, context, asking);
      case "several":
        return tellDeleted(await asking.client.deleteMany({ keys: doomed.keys, signal: asking.signal }), context, true);
      case "set":
        return deleteSet(doomed, context, asking);
      default:
        return doomed satisfies never;
    }
  });
}

/** @throws "invalid-parameter" where nothing is named, or two things */
function readDoomed(command: Command): Doomed {
  const keys = command.args;
  const prefix = textFlag(command, "prefix");
  const filter = textFlag(command, "filter");
  const isAll = isGiven(command, "all");
  const isSet = isAll || prefix !== null || filter !== null;
  const refuse = (why: string) => new KeyholdError("invalid-parameter", `Cannot delete: ${why}`);
  if (keys.length > 0 && isSet) throw refuse("name keys, or a set by --prefix and --filter, or --all");
  if (isAll && (prefix !== null || filter !== null))
    throw refuse("--all is every entry; --prefix and --filter say fewer");
  if (prefix === "" || filter === "") throw refuse("an empty --prefix or --filter would be every entry: that is --all");
  if (textFlag(command, "ifMatch") !== null && keys.length !== 1) throw refuse("--if-match goes with one key");
  const [key] = keys;
  if (isSet) return { is: "set", prefix, filter };
  if (key === undefined) throw refuse("name keys, a set by --prefix or --filter, or --all");
  return keys.length === 1 ? { is: "one", key } : { is: "several", keys };
}

async function deleteOne(key: string, context: CommandContext, { client, signal }: Asking): Promise<number> {
  const isThere = await client.delete(key, { ...readIfMatch(context.command), signal });
  if (!isThere) return tellMissing(context, key);
  return tellDeleted(1, context, false, key);
}

async function deleteSet(
  { prefix, filter }: Doomed & { readonly is: "set" },
  context: CommandContext,
  { client, signal, url }: Asking,
): Promise<number> {
  const { command, host } = context;
  const set = { ...(prefix !== null && { prefix }), ...(filter !== null && { filter }) };
  if (!isGiven(command, "yes")) {
    const many = await client.count({ ...set, signal });
    if (!(await agrees(host, `Delete ${many} entries of ${url}`))) return EXIT.failure;
  }
  const all = Object.keys(set).length === 0;
  // One request for however many there are: it takes as long as it takes.
  const terms = { signal, timeoutMs: 0 };
  const work = client.deleteMany(all ? { all: true, ...terms } : { ...set, ...terms });
  return tellDeleted(await showWork(host, "delete", work), context, false);
}

async function tellCount(
  doomed: Doomed,
  { command, host }: CommandContext,
  { client, signal }: Asking,
): Promise<number> {
  const count = async () => {
    if (doomed.is === "one") return (await client.has(doomed.key, { signal })) ? 1 : 0;
    if (doomed.is === "several") return (await client.getMany(doomed.keys, { signal })).size;
    const { prefix, filter } = doomed;
    return client.count({ ...(prefix !== null && { prefix }), ...(filter !== null && { filter }), signal });
  };
  const matching = await count();
  host.writeOut(isGiven(command, "json") ? `${JSON.stringify({ matching })}\n` : `${matching}\n`);
  return EXIT.ok;
}

function tellDeleted(deleted: number, { command, host }: CommandContext, isByKeys: boolean, key?: string): number {
  if (isGiven(command, "json")) host.writeOut(`${JSON.stringify({ deleted })}\n`);
  else if (!isGiven(command, "quiet")) {
    host.writeError(
      key === undefined ? `keyhold: ${deleted} entries deleted\n` : `keyhold: ${quoteKey(key)} is deleted\n`,
    );
  }
  return isByKeys && deleted === 0 ? EXIT.notFound : EXIT.ok;
}
