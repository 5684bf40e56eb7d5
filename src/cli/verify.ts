// `keyhold verify FILE|STORE`: whether a backup, or a store that a server may be using, holds what was written.
import { statSync } from "node:fs";
import type { Command } from "commander";
import { hidePassword } from "../config/hidden-passwords.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CheckedDatabase, Place } from "../engines/archive.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, isGiven, toldTo } from "./flags.ts";
import type { Host } from "./host.ts";
import { toDirectory } from "./place.ts";
import { makeProgress, toBytesText } from "./progress.ts";
import { runCommand } from "./run-command.ts";

export const VERIFY: CommandBody = { notes: "", declareFlags: declareVerify, run: runVerify };

function declareVerify(command: Command): void {
  command.argument("<PLACE>", "A backup's file, or a store: sqlite:DIRECTORY, or its directory");
  addOutputFlags(command);
}

function runVerify(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const [name = ""] = command.args;
    const checked = await checkPlace(toPlace(name), host, signal);
    host.writeOut(
      isGiven(command, "json") ? `${JSON.stringify({ place: name, ...checked })}\n` : describe(name, checked),
    );
    return checked.problems.length === 0 ? EXIT.ok : EXIT.damaged;
  });
}

/** Reads all of it, and says how far it is. */
export async function checkPlace(place: Place, host: Host, signal: AbortSignal): Promise<CheckedDatabase> {
  const { check } = await import("../engines/archive.ts");
  const progress = makeProgress(host, "verify");
  try {
    return await check(place, {
      signal,
      onProgress: ({ entries, entriesTotal, bytes }) => progress.update({ done: entries, total: entriesTotal, bytes }),
    });
  } finally {
    progress.end();
  }
}

function toPlace(name: string): Place {
  if (name.startsWith("sqlite:")) return { directory: toDirectory(name) };
  const found = statSync(name, { throwIfNoEntry: false });
  if (found === undefined)
    throw new KeyholdError("unavailable", `Cannot read ${hidePassword(name)}: there is no such file or directory`);
  return found.isDirectory() ? { directory: name } : { file: name };
}

function describe(name: string, checked: CheckedDatabase): string {
  const { kind, format, incarnation, revision, entries, valueBytes, bytes, sha256, problems } = checked;
  const verdict = problems.length === 0 ? "sound" : "damaged";
  const facts =
    kind === null
      ? []
      : [
          `${kind} of format ${format}, life ${incarnation}, revision ${revision}`,
          `${entries} entries with ${toBytesText(valueBytes)} of values; ${toBytesText(bytes)} on disk`,
          ...(sha256 === null ? [] : [`sha256 ${sha256}`]),
        ];
  return [`${name}: ${verdict}`, ...facts, ...problems.map((problem) => `damage: ${problem}`)]
    .join("\n  ")
    .concat("\n");
}
