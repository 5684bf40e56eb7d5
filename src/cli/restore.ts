// `keyhold restore FILE --store sqlite:DIR`: makes a store of a backup, after it has been checked whole.
import type { Command } from "commander";
import { Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, isGiven, textFlag, toldTo } from "./flags.ts";
import { toDirectory } from "./place.ts";
import { runCommand } from "./run-command.ts";
import { checkPlace } from "./verify.ts";

export const RESTORE: CommandBody = { notes: "", declareFlags: declareRestore, run: runRestore };

function declareRestore(command: Command): void {
  command.argument("<FILE>", "A backup, made by keyhold backup");
  command
    .addOption(
      new Option(
        "--store <STORE>",
        "Where the store is to stand: sqlite:DIRECTORY, or a directory",
      ).makeOptionMandatory(),
    )
    .addOption(new Option("--replace", "Move a store that stands there aside, to DIRECTORY.before-TIME"));
  addOutputFlags(command);
}

function runRestore(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const [file = ""] = command.args;
    const directory = toDirectory(textFlag(command, "store") ?? "");
    const checked = await checkPlace({ file }, host, signal);
    if (checked.problems.length > 0 || checked.kind !== "backup") {
      const why = checked.problems[0] ?? "it is a store, no backup: make one of it by keyhold backup";
      context.host.writeError(`keyhold: Cannot restore ${file}: ${why}; nothing was changed\n`);
      return EXIT.damaged;
    }
    const { restore } = await import("../engines/archive.ts");
    const { revision, movedTo, tokens, isRevokedAsBefore } = restore(file, directory, isGiven(command, "replace"));
    if (movedTo !== null) host.writeError(`keyhold: The store that stood there is in ${movedTo}\n`);
    if (tokens > 0 && !isRevokedAsBefore) {
      host.writeError(
        `keyhold: ${tokens} access tokens of the backup count, also those revoked since it was made: keyhold token list --store ${directory}\n`,
      );
    }
    if (isGiven(command, "json")) {
      const { entries } = checked;
      const report = {
        store: directory,
        entries,
        revision,
        backup_revision: checked.revision,
        moved_to: movedTo,
        tokens,
      };
      host.writeOut(`${JSON.stringify(report)}\n`);
      return EXIT.ok;
    }
    host.writeOut(
      `${directory}: ${checked.entries} entries of revision ${checked.revision}; a new life begins at revision ${revision}\n`,
    );
    return EXIT.ok;
  });
}
