// `keyhold import [FILE]`: puts the entries of an export, chunk by chunk. A file is first read whole and compared with its
// checksum. How far it has come stands in FILE.progress, so that --resume goes on behind the last chunk that was answered.
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { cutShort, ExportTally, isEndLine, isEntryLine, LineCutter } from "./export-lines.ts";
import type { Host } from "./host.ts";
import { type Chunk, type Counts, type Importer, openImporter } from "./importer.ts";
import { addPlaceFlags, isGiven, readPlace, textFlag } from "./place.ts";
import { makeProgress } from "./progress.ts";
import { runCommand } from "./run-command.ts";

/** Entries in one chunk, fewer than a commit takes: each is a short wait for others. */
const CHUNK_ENTRIES = 500;
const POLICIES = ["replace", "skip", "fail"];

/** How far an import of a file has come; kept beside it. */
interface Place {
  /** SHA-256 of the export's lines. */
  readonly sha256: string;
  /** Names the chunks of this import, so that one that is sent twice is put once. */
  readonly run: string;
  /** Bytes of the file that are done. */
  readonly offset: number;
  readonly counts: Counts;
}

const NOTHING: Counts = { imported: 0, skipped: 0, expired: 0 };

export function declareImport(command: Command): void {
  command.argument("[FILE]", "An export; - for standard input, which is the default");
  addPlaceFlags(command);
  command
    .addOption(
      new Option("--on-conflict <POLICY>", "An entry that is there is replaced, stays, or ends the import")
        .choices(POLICIES)
        .default("replace"),
    )
    .addOption(new Option("--resume", "Go on where an earlier import of FILE was broken off"));
}

export function runImport(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return runCommand(host, async (signal) => {
    const file = command.args[0] ?? "-";
    const isResumed = isGiven(command, "resume");
    if (file === "-" && isResumed) {
      throw new KeyholdError("invalid-parameter", "Cannot resume an import from standard input: name its file");
    }
    const place = file === "-" ? null : await findPlace(file, isResumed, host);
    const policy = textFlag(command, "onConflict") ?? "replace";
    const importer = await openImporter(readPlace(context), policy, signal);
    let counts: Counts;
    try {
      counts = place === null ? await importInput(host, importer) : await importFile(file, place, { host, importer });
    } finally {
      await importer.close();
    }
    const { imported, skipped, expired } = counts;
    host.writeError(`keyhold: ${imported} entries imported, ${skipped} skipped, ${expired} expired before\n`);
    return EXIT.ok;
  });
}

/** Reads the whole file. @throws "damaged-entry" where it is not what was exported */
async function findPlace(file: string, isResumed: boolean, host: Host): Promise<Place> {
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
  const sha256 = check.tally.digest();
  const kept = isResumed ? readKept(file) : null;
  if (kept !== null && kept.sha256 !== sha256) {
    throw new KeyholdError("unavailable", `Cannot resume: ${file} is another file than the one that was begun`);
  }
  const run = crypto.getRandomValues(new Uint8Array(12)).toHex();
  return kept ?? { sha256, run, offset: 0, counts: NOTHING };
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
  begun: Place,
  { host, importer }: { readonly host: Host; readonly importer: Importer },
): Promise<Counts> {
  const total = statSync(file).size;
  const progress = makeProgress(host, "import");
  let place = begun;
  try {
    const stream = createReadStream(file, { start: begun.offset, highWaterMark: LIMITS.stepBytes });
    for await (const chunk of chunksOf(stream, new LineCutter(), () => {})) {
      const offset = place.offset + chunk.fileBytes;
      place = { ...place, offset, counts: await importer.put(chunk, `${place.run}-${place.offset}`, place.counts) };
      keep(file, place);
      progress.update({ done: offset, total, bytes: offset });
    }
  } catch (error) {
    const detail = error instanceof KeyholdError ? error.detail : String(error);
    const code = error instanceof KeyholdError ? error.code : "unavailable";
    throw new KeyholdError(code, `${detail}; ${place.counts.imported} entries are imported, and --resume goes on`);
  } finally {
    progress.end();
  }
  rmSync(progressFile(file), { force: true });
  return place.counts;
}

/** What comes by a pipe is put as it comes: whether it was whole is known at its end alone. */
async function importInput(host: Host, importer: Importer): Promise<Counts> {
  const progress = makeProgress(host, "import");
  const check = new EndCheck("Standard input");
  const run = crypto.getRandomValues(new Uint8Array(12)).toHex();
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
    if (!(error instanceof KeyholdError)) throw error;
    throw new KeyholdError(error.code, `${error.detail}; ${counts.imported} entries are imported all the same`);
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

function progressFile(file: string): string {
  return `${file}.progress`;
}

function readKept(file: string): Place {
  const path = progressFile(file);
  if (!existsSync(path)) throw new KeyholdError("unavailable", `Cannot resume: there is no ${path}`);
  const kept: Place = JSON.parse(readFileSync(path, "utf8"));
  return kept;
}

/** By renaming, so that a kill leaves this place or the one before. */
function keep(file: string, place: Place): void {
  const draft = `${progressFile(file)}.part`;
  writeFileSync(draft, `${JSON.stringify(place)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, progressFile(file));
}
