// `keyhold export [FILE]`: the entries of a server, a store or a backup as lines. Into a file it writes FILE.part, which
// becomes FILE when it is whole and synced; what was broken off is gone on with by --resume, behind its last whole line.
import { createReadStream, existsSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { toEpochMs } from "../core/expiry.ts";
import { LIMITS } from "../core/limits.ts";
import type { Place } from "../engines/archive.ts";
import { type ExportOrigin, endLine, parseExportLine, writeExport } from "../wire/export-format.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { cutShort, decodeLine, ExportTally, isEndLine, isEntryLine, LineCutter } from "./export-lines.ts";
import { addOutputFlags, isGiven, textFlag, toldTo } from "./flags.ts";
import type { Host } from "./host.ts";
import { addPlaceFlags, PLACE_NOTE, readPlace } from "./place.ts";
import { makeProgress, toBytesText } from "./progress.ts";
import { ask, askForJson, type Remote } from "./remote.ts";
import { runCommand, withHint } from "./run-command.ts";
import { requireFree, SyncedFile, type Target } from "./synced-file.ts";

type Source = { readonly remote: Remote } | Place;

interface Wanted {
  readonly source: Source;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** Where lines go, and what has gone there before. */
interface Sink {
  readonly tally: ExportTally;
  /** The key of the last entry that is there; null for none. */
  readonly after: string | null;
  /** Where its lines come from; null where there are none. */
  readonly origin: ExportOrigin | null;
  readonly write: (line: Uint8Array) => Promise<void>;
}

/** What has come is not to be gone on with from here. */
class NotResumable extends KeyholdError {
  constructor(why: string) {
    super("unavailable", `Cannot resume: ${why}`);
  }
}

export const EXPORT: CommandBody = { notes: PLACE_NOTE, declareFlags: declareExport, run: runExport };

function declareExport(command: Command): void {
  command.argument("[FILE]", "Where the lines go; - for standard output, which is the default");
  addPlaceFlags(command);
  addOutputFlags(command);
  command
    .addOption(
      new Option("--from <FILE>", "A backup's file, instead of a server or a store").conflicts(["url", "store"]),
    )
    .addOption(new Option("--prefix <PREFIX>", "Only keys that begin so"))
    .addOption(new Option("--resume", "Go on with FILE.part where an earlier export was broken off"))
    .addOption(new Option("--force", "Replace FILE if it is there, once the new one is whole"));
}

function runExport(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const target = command.args[0] ?? "-";
    const from = textFlag(command, "from");
    const source = from === null ? readPlace(context) : { file: from };
    const wanted = { source, prefix: textFlag(command, "prefix") ?? "", signal };
    const isResumed = isGiven(command, "resume");
    const file = { path: target, replaces: isGiven(command, "force") };
    if (target !== "-") requireFree(file);
    if (target === "-" && isResumed) {
      throw new KeyholdError("invalid-parameter", "Cannot resume an export to standard output: name its file");
    }
    const tally =
      target === "-"
        ? await writeTo({ ...beginning(), write: host.writeBytes }, wanted, host)
        : await writeFile(file, isResumed, wanted, host);
    if (isGiven(command, "json")) {
      // Where the lines themselves go to standard output, what is said of them does not.
      const report = { file: target, entries: tally.entries, bytes: tally.bytes, sha256: tally.digest() };
      const write = target === "-" ? context.host.writeError : host.writeOut;
      write(`${JSON.stringify(report)}\n`);
    } else host.writeError(`keyhold: ${target}: ${tally.entries} entries, ${toBytesText(tally.bytes)}\n`);
    return EXIT.ok;
  });
}

async function writeFile(target: Target, isResumed: boolean, wanted: Wanted, host: Host): Promise<ExportTally> {
  const draft = `${target.path}.part`;
  const before = isResumed ? await readBefore(draft, wanted.prefix) : beginning();
  const file = isResumed ? SyncedFile.goOn(draft, before.tally.bytes) : createDraft(draft);
  try {
    const tally = await writeTo({ ...before, write: async (line) => file.write(line) }, wanted, host);
    file.finish(target);
    return tally;
  } catch (error) {
    if (before.tally.bytes === 0) {
      file.discard();
      throw error;
    }
    if (error instanceof NotResumable) throw error;
    throw withHint(error, `what has come is in ${draft}, and --resume goes on with it`);
  } finally {
    file.close();
  }
}

/** @throws "unavailable" where it is there: another export may be writing it */
function createDraft(draft: string): SyncedFile {
  try {
    return SyncedFile.create(draft);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new KeyholdError(
      "unavailable",
      `Cannot begin: ${draft} is there, of an export that was broken off or still runs; go on with it by --resume, or remove it`,
      {},
      { cause: error },
    );
  }
}

/** What an export that was broken off has left. @throws "unavailable" where there is nothing, or of another prefix */
async function readBefore(draft: string, prefix: string): Promise<Omit<Sink, "write">> {
  if (!existsSync(draft)) throw new KeyholdError("unavailable", `Cannot resume: there is no ${draft}`);
  const cutter = new LineCutter();
  const tally = new ExportTally();
  let last: Uint8Array | null = null;
  let origin: ExportOrigin | null = null;
  for await (const part of createReadStream(draft)) {
    for (const line of cutter.cut(part)) {
      if (isEndLine(line)) break;
      if (tally.bytes === 0) origin = readOrigin(line, prefix);
      tally.add(line);
      if (isEntryLine(line)) last = Uint8Array.from(line);
    }
  }
  const parsed = last === null ? null : parseExportLine(decodeLine(last));
  return { tally, after: parsed?.is === "entry" ? parsed.entry.key : null, origin };
}

function beginning(): Omit<Sink, "write"> {
  return { tally: new ExportTally(), after: null, origin: null };
}

function readOrigin(line: Uint8Array, prefix: string): ExportOrigin {
  const first = parseExportLine(decodeLine(line));
  if (first.is === "origin" && first.origin.prefix === prefix) return first.origin;
  throw new NotResumable("the file was begun with another --prefix, or is no export");
}

/** One checksum over the lines of two stores would be right, and the file wrong. A backup stands still, a store does not. */
function requireSameOrigin(begun: ExportOrigin, line: Uint8Array, { source, prefix }: Wanted): void {
  const { incarnation, revision } = readOrigin(line, prefix);
  if (begun.incarnation !== incarnation) {
    throw new NotResumable(`the file was begun from the store ${begun.incarnation}, and this one is ${incarnation}`);
  }
  if ("file" in source && begun.revision !== revision) {
    throw new NotResumable(`the file was begun from revision ${begun.revision}, and this backup is of ${revision}`);
  }
}

/** Hands on all lines but the last, which is made anew over what the sink had before. */
async function writeTo(sink: Sink, wanted: Wanted, host: Host): Promise<ExportTally> {
  const total = await totalOf(wanted, host);
  const progress = makeProgress(host, "export");
  const { tally } = sink;
  const cutter = new LineCutter();
  const own = new ExportTally();
  let hasEnd = false;
  try {
    for await (const part of partsOf(wanted, sink.after)) {
      for (const line of cutter.cut(part)) {
        if (isEndLine(line)) {
          own.requireEnd(line);
          hasEnd = true;
          continue;
        }
        const isFirst = own.bytes === 0;
        own.add(line);
        if (isFirst && sink.origin !== null) {
          requireSameOrigin(sink.origin, line, wanted);
          continue;
        }
        tally.add(line);
        await sink.write(line);
      }
      progress.update({ done: tally.entries, total, bytes: tally.bytes });
      if (wanted.signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
    }
    if (!hasEnd || cutter.leftBytes > 0) throw cutShort("The export");
    await sink.write(Buffer.from(endLine(tally.entries, tally.digest())));
    return tally;
  } finally {
    progress.end();
  }
}

/** How many entries it will be, about; asked of a server where somebody watches. Null where that is not known. */
async function totalOf({ source, prefix, signal }: Wanted, host: Host): Promise<number | null> {
  if (!("remote" in source) || prefix !== "" || !host.isErrorTerminal) return null;
  const info = await askForJson<{ readonly store: { readonly entries: number } }>(source.remote, {
    method: "GET",
    target: "/-/info",
    signal,
  });
  return info.store.entries;
}

async function* partsOf({ source, prefix, signal }: Wanted, after: string | null): AsyncGenerator<Uint8Array> {
  if ("remote" in source) {
    const query = new URLSearchParams({ ...(after !== null && { after }), ...(prefix !== "" && { prefix }) });
    const { parts } = await ask(source.remote, {
      method: "GET",
      target: `/-/export?${query}`.replace(/\?$/, ""),
      signal,
    });
    yield* parts;
    return;
  }
  const { openSnapshot } = await import("../engines/archive.ts");
  const snapshot = openSnapshot(source);
  try {
    const { revision, incarnation, at } = snapshot;
    const pages = pagesOf(snapshot.entries(after ?? beforeAllOf(prefix)), prefix);
    const lines = writeExport({ revision, incarnation, at: toEpochMs(at), prefix }, pages);
    for await (const part of lines) yield Buffer.from(part);
  } finally {
    snapshot.close();
  }
}

/** Of bounded size, with a turn for others between two; ends at the first key behind those that begin with the prefix. */
async function* pagesOf(entries: Iterable<Entry>, prefix: string): AsyncGenerator<readonly Entry[]> {
  const first = Buffer.from(prefix);
  let page: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.key.startsWith(prefix)) {
      // In the order of the bytes, as keys have it, and not of UTF-16.
      if (first.compare(Buffer.from(entry.key)) < 0) break;
      continue;
    }
    page.push(entry);
    bytes += entry.size;
    if (page.length < LIMITS.batchMutations && bytes < LIMITS.stepBytes) continue;
    yield page;
    await new Promise(setImmediate);
    page = [];
    bytes = 0;
  }
  yield page;
}

/** A text before every key that begins so, with few keys between them; null for the beginning of the store. */
function beforeAllOf(prefix: string): string | null {
  const last = [...prefix].at(-1);
  const point = last?.codePointAt(0) ?? 0;
  if (last === undefined || point === 0) return null;
  const before = point === 0xe000 ? 0xd7ff : point - 1;
  return `${prefix.slice(0, -last.length)}${String.fromCodePoint(before, 0x10ffff)}`;
}
