// `keyhold import [FILE]`: puts the entries of an export, chunk by chunk. A file is first read whole and compared with its
// checksum. How far it has come stands in FILE.progress, so that --resume goes on behind the last chunk that was answered.
import { createReadStream, statSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { CONFLICT_POLICIES, type ConflictPolicy, type Imported } from "../service/transfer.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { cutShort, ExportTally, isEndLine, isEntryLine, LineCutter } from "./export-lines.ts";
import { addOutputFlags, isGiven, textFlag, toldTo } from "./flags.ts";
import type { Host } from "./host.ts";
import { forgetPlaceOf, type ImportPlace, keepPlaceOf, readPlaceOf } from "./import-place.ts";
import { type Chunk, type Importer, openImporter } from "./importer.ts";
import { addPlaceFlags, PLACE_NOTE, readPlace } from "./place.ts";
import { makeProgress } from "./progress.ts";
import { runCommand, withHint } from "./run-command.ts";

/** Entries in one chunk, fewer than a commit takes: each is a short wait for others. */
const CHUNK_ENTRIES = 500;

const NOTHING: Imported = { imported: 0, skipped: 0, expired: 0 };
const NOWHERE = { offset: 0, counts: NOTHING };

export const IMPORT: CommandBody = { notes: PLACE_NOTE, declareFlags: declareImport, run: runImport };

function declareImport(command: Command): void {
  command.argument("[FILE]", "An export; - for standard input, which is the default");
  addPlaceFlags(command);
  addOutputFlags(command);
  command
    .addOption(
      new Option("--on-conflict <POLICY>", "An entry that is there is replaced, stays, or ends the import")
        .choices(CONFLICT_POLICIES)
        .default("replace"),
    )
    .addOption(new Option("--resume", "Go on where an earlier import of FILE was broken off"));
}

function runImport(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const file = command.args[0] ?? "-";
    const isResumed = isGiven(command, "resume");
    if (file === "-" && isResumed) {
      throw new KeyholdError("invalid-parameter", "Cannot resume an import from standard input: name its file");
    }
    const policy = readPolicy(command);
    const place = readPlace(context);
    const sha256 = file === "-" ? null : await checkFile(file, host);
    const kept = isResumed ? readPlaceOf(file, statSync(file).size) : null;
    const importer = await openImporter(place, { context, policy, signal });
    let counts: Imported;
    try {
      if (sha256 === null) counts = await importInput(host, importer);
      else {
        const begun = { ...NOWHERE, run: newRun(), sha256, target: await importer.incarnation(), policy };
        if (kept !== null) requireSame(kept, begun, file);
        counts = await importFile(file, kept ?? begun, { host, importer });
      }
    } finally {
      await importer.close();
    }
    const { imported, skipped, expired } = counts;
    if (isGiven(command, "json")) host.writeOut(`${JSON.stringify(counts)}\n`);
    else host.writeError(`keyhold: ${imported} entries imported, ${skipped} skipped, ${expired} expired before\n`);
    return EXIT.ok;
  });
}

function readPolicy(command: Command): ConflictPolicy {
  const text = textFlag(command, "onConflict");
  const policy = CONFLICT_POLICIES.find((each) => each === text);
  if (policy === undefined) throw new RangeError(`There is no policy ${text}, and the parser has let it through`);
  return policy;
}

function newRun(): string {
  return crypto.getRandomValues(new Uint8Array(12)).toHex();
}

/** Reads the whole file; its checksum. @throws "damaged-entry" where it is not what was exported */
async function checkFile(file: string, host: Host): Promise<string> {
  const total = statSync(file).size;
  const progress = makeProgress(host, "check");
  const check = new EndCheck(file);
  let bytes = 0;
  try {
    for await (const part of createReadStream(file, { highWaterMark: LIMITS.stepBytes })) {
      for (const line of check.cutter.cut(part)) check.add(line);
      bytes += part.length;
      progress.update({ done: bytes, total, bytes });
    }
    check.end();
  } finally {
    progress.end();
  }
  return check.tally.digest();
}

/** @throws "unavailable" where other entries were begun with, or they went elsewhere, or in another way */
function requireSame(kept: ImportPlace, begun: ImportPlace, file: string): void {
  const refuse = (what: string) => new KeyholdError("unavailable", `Cannot resume: ${what}`);
  if (kept.sha256 !== begun.sha256) throw refuse(`${file} is another file than the one that was begun`);
  if (kept.target !== begun.target) {
    throw refuse(
      `it was begun into the store ${kept.target}, and this one is ${begun.target}; name that one, or begin anew without --resume`,
    );
  }
  if (kept.policy !== begun.policy) throw refuse(`it was begun with --on-conflict ${kept.policy}`);
}

/** That an export has its last line, and that it fits. */
class EndCheck {
  readonly tally = new ExportTally();
  readonly cutter = new LineCutter();
  readonly #name: string;
  #hasEnd = false;

  constructor(name: string) {
    this.#name = name;
  }

  add(line: Uint8Array): void {
    if (this.#hasEnd) throw new KeyholdError("damaged-entry", `${this.#name} goes on behind its last line`);
    if (isEndLine(line)) {
      this.tally.requireEnd(line);
      this.#hasEnd = true;
    } else this.tally.add(line);
  }

  end(): void {
    if (!this.#hasEnd || this.cutter.leftBytes > 0) throw cutShort(this.#name);
  }
}

async function importFile(
  file: string,
  begun: ImportPlace,
  { host, importer }: { readonly host: Host; readonly importer: Importer },
): Promise<Imported> {
  const total = statSync(file).size;
  const progress = makeProgress(host, "import");
  let place = begun;
  // Before the first chunk: where that fails, there is something to go on with.
  keepPlaceOf(file, place);
  try {
    const stream = createReadStream(file, { start: begun.offset, highWaterMark: LIMITS.stepBytes });
    for await (const chunk of chunksOf(stream, new LineCutter(), () => {})) {
      const offset = place.offset + chunk.fileBytes;
      place = { ...place, offset, counts: await importer.put(chunk, `${place.run}-${place.offset}`, place.counts) };
      keepPlaceOf(file, place);
      progress.update({ done: offset, total, bytes: offset });
    }
  } catch (error) {
    throw withHint(error, `${place.counts.imported} entries are imported, and --resume goes on`);
  } finally {
    progress.end();
  }
  forgetPlaceOf(file);
  return place.counts;
}

/** What comes by a pipe is put as it comes: whether it was whole is known at its end alone. */
async function importInput(host: Host, importer: Importer): Promise<Imported> {
  const progress = makeProgress(host, "import");
  const check = new EndCheck("Standard input");
  const run = newRun();
  let counts = NOTHING;
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(host.input(), check.cutter, (line) => check.add(line))) {
      counts = await importer.put(chunk, `${run}-${bytes}`, counts);
      bytes += chunk.fileBytes;
      progress.update({ done: bytes, total: null, bytes });
    }
    check.end();
    return counts;
  } catch (error) {
    throw withHint(error, `${counts.imported} entries are imported all the same`);
  } finally {
    progress.end();
  }
}

/** Entries for one commit at a time: CHUNK_ENTRIES, or as many bytes of lines as it takes of values. */
async function* chunksOf(
  parts: AsyncIterable<Uint8Array>,
  cutter: LineCutter,
  see: (line: Uint8Array) => void,
): AsyncGenerator<Chunk> {
  let lines: Uint8Array[] = [];
  let bytes = 0;
  let fileBytes = 0;
  for await (const part of parts) {
    for (const cut of cutter.cut(part)) {
      const line = Uint8Array.from(cut);
      see(line);
      const isFull = lines.length === CHUNK_ENTRIES || (bytes > 0 && bytes + line.length > LIMITS.batchBytes);
      if (isFull) {
        yield { lines, fileBytes };
        lines = [];
        bytes = fileBytes = 0;
      }
      fileBytes += line.length;
      if (!isEntryLine(line)) continue;
      lines.push(line);
      bytes += line.length;
    }
  }
  if (fileBytes > 0) yield { lines, fileBytes };
}
