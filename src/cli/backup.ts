// `keyhold backup FILE`: a copy of one instant of a store, from a running server or from the store's directory, which a
// server may be using. The file has its name once it is whole, synced and, from a server, equal to the digest it sent.
import type { Command } from "commander";
import { Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { FIELD } from "../wire/headers.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addOutputFlags, isGiven, toldTo } from "./flags.ts";
import type { Host } from "./host.ts";
import { addPlaceFlags, PLACE_NOTE, readPlace } from "./place.ts";
import { makeProgress, type Progress, toBytesText } from "./progress.ts";
import { type Answer, ask, type Remote } from "./remote.ts";
import { runCommand } from "./run-command.ts";
import { requireFree, SyncedFile, type Target } from "./synced-file.ts";

interface Made {
  readonly revision: number;
  readonly bytes: number;
  readonly sha256: string;
}

export const BACKUP: CommandBody = { notes: PLACE_NOTE, declareFlags: declareBackup, run: runBackup };

function declareBackup(command: Command): void {
  command.argument("<FILE>", "Where the copy goes; - for standard output, with --url");
  addPlaceFlags(command);
  command.addOption(new Option("--force", "Replace FILE if it is there, once the new one is whole"));
  addOutputFlags(command);
}

function runBackup(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const [path = ""] = command.args;
    const target = { path, replaces: isGiven(command, "force") };
    const place = readPlace(context);
    if (path !== "-") requireFree(target);
    const progress = makeProgress(host, "backup");
    let made: Made;
    try {
      made = await make({ place, target, host, progress, signal });
    } finally {
      progress.end();
    }
    report(made, path, isGiven(command, "json"), host);
    return EXIT.ok;
  });
}

async function make(parts: {
  readonly place: ReturnType<typeof readPlace>;
  readonly target: Target;
  readonly host: Host;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}): Promise<Made> {
  const { place, target, host, progress, signal } = parts;
  if ("remote" in place) {
    if (target.path !== "-") return download(place.remote, { target, progress, signal });
    return receive(await ask(place.remote, { method: "GET", target: "/-/backup", signal }), progress, host.writeBytes);
  }
  if (target.path === "-")
    throw new KeyholdError("invalid-parameter", "Cannot write a copy of a directory to -: name a file");
  const { backUpDirectory } = await import("../engines/archive.ts");
  return backUpDirectory(place.directory, target.path, {
    signal,
    onProgress: ({ entries, entriesTotal, bytes }) => progress.update({ done: entries, total: entriesTotal, bytes }),
  });
}

async function download(
  remote: Remote,
  { target, progress, signal }: { readonly target: Target; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Made> {
  const answer = await ask(remote, { method: "GET", target: "/-/backup", signal });
  // At random, so that another backup to the same name has a draft of its own.
  const file = SyncedFile.create(`${target.path}.${crypto.getRandomValues(new Uint8Array(8)).toHex()}.part`);
  try {
    try {
      const made = await receive(answer, progress, async (part) => file.write(part));
      file.finish(target);
      return made;
    } finally {
      file.close();
    }
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** Hands the body on part by part. @throws "damaged-entry" where it is not what the server sent */
async function receive(
  { headers, parts }: Answer,
  progress: Progress,
  take: (part: Uint8Array) => Promise<void>,
): Promise<Made> {
  const total = Number(headers.get(FIELD.backupLength) ?? "0");
  const digest = /^sha-256=:([A-Za-z0-9+/=]+):$/.exec(headers.get(FIELD.reprDigest) ?? "")?.[1];
  const revision = Number(headers.get(FIELD.revision) ?? "0");
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  for await (const part of parts) {
    hash.update(part);
    bytes += part.length;
    await take(part);
    progress.update({ done: bytes, total, bytes });
  }
  const sha256 = hash.digest("hex");
  if (digest === undefined || Uint8Array.fromBase64(digest).toHex() !== sha256 || bytes !== total) {
    throw new KeyholdError(
      "damaged-entry",
      `The copy came with ${bytes} of ${total} bytes, or changed on the way; try again`,
    );
  }
  return { revision, bytes, sha256 };
}

function report({ revision, bytes, sha256 }: Made, target: string, isJson: boolean, host: Host): void {
  const text = isJson
    ? JSON.stringify({ file: target, revision, bytes, sha256 })
    : `${target}: revision ${revision}, ${toBytesText(bytes)}, sha256 ${sha256}`;
  if (target === "-") host.writeError(`${text}\n`);
  else host.writeOut(`${text}\n`);
}
