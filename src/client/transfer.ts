// The whole store at once: as lines that any store takes, and as the file that a restore takes. All need the scope `admin`.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { askToWrite, type Context, fullKey } from "./context.ts";
import { parseAnswer, unexpected } from "./entry-json.ts";
import { hasCode, KeyholdError } from "./errors.ts";
import { isJsonObject, numberAt } from "./json-shape.ts";
import { lineGroups } from "./lines.ts";
import type { CallOptions } from "./options.ts";
import { inParallel } from "./parallel.ts";
import { toQuery } from "./target.ts";

export interface ExportOptions extends CallOptions {
  /** Keys that begin so. */
  readonly prefix?: string;
  /** Goes on behind this key, which need not exist. */
  readonly after?: string;
}

export interface ImportOptions extends CallOptions {
  /** What an entry under the same key means: "replace" (the default), "skip", or "fail", which is "already-exists". */
  readonly onConflict?: "replace" | "skip" | "fail";
}

export interface Imported {
  readonly imported: number;
  /** Left as they stood, for `onConflict: "skip"`. */
  readonly skipped: number;
  /** Whose end had passed. */
  readonly expired: number;
}

/** A copy of the whole store at one instant. */
export interface Backup {
  /** The file, of type application/vnd.sqlite3. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Of the latest write in it. */
  readonly revision: number;
  readonly size: number;
  /** SHA-256 of the file, in Base64. */
  readonly sha256: string;
}

type Bytes = ReadableStream<Uint8Array>;

/** Entries of one request, and characters of its body, well below what the server takes. */
const LINES_MAX = 1000;
const LENGTH_MAX = 4 * 1024 * 1024;
/** Entries under way at once where each goes alone. */
const PARTS_MAX = 8;
/** A copy is made before the answer begins. */
const NO_LIMIT = { timeoutMs: 0 };
const decoder = new TextDecoder();

export async function exportLines(
  context: Context,
  options: ExportOptions,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const prefix = fullKey(context, options.prefix ?? "");
  const after = options.after === undefined ? null : fullKey(context, options.after);
  const target = `/-/export${toQuery({ prefix: prefix === "" ? null : prefix, after })}`;
  const { body } = await context.requester.open({ method: "GET", target, isRepeatable: true, options });
  if (body === null) throw unexpected("an export without a body");
  return body;
}

/**
 * In commits of up to 1,000 entries, each all or nothing; one that fails ends the import, and those before it stay.
 *
 * @throws KeyholdError "invalid-json" where the export was cut short, after what there is of it has been taken
 */
export async function importLines(context: Context, lines: Bytes, options: ImportOptions): Promise<Imported> {
  const { add, sum } = makeSum();
  const frame = makeFrame();
  let chunk: string[] = [];
  let length = 0;
  const send = async () => {
    if (chunk.length > 0) add(await putChunk(context, chunk, options));
    chunk = [];
    length = 0;
  };
  for await (const group of lineGroups(lines, "line", options.signal)) {
    for (const line of group) {
      frame.pass(line);
      if (chunk.length === LINES_MAX || length + line.length > LENGTH_MAX) await send();
      chunk.push(line);
      length += line.length;
    }
  }
  await send();
  frame.requireWhole();
  return sum();
}

export async function backUp({ requester }: Context, options: CallOptions): Promise<Backup> {
  const call = { method: "GET", target: "/-/backup", isRepeatable: true, options: { ...NO_LIMIT, ...options } };
  const { body, headers } = await requester.open(call);
  const sha256 = /sha-256=:([^:]+):/.exec(headers.get(FIELD.reprDigest) ?? "")?.[1];
  if (body === null || sha256 === undefined) throw unexpected("a backup without its digest");
  const [revision, size] = [Number(headers.get(FIELD.revision)), Number(headers.get(FIELD.backupLength))];
  return { body, revision, size, sha256 };
}

async function putChunk(context: Context, lines: readonly string[], options: ImportOptions): Promise<Imported> {
  try {
    return await putLines(context, lines, options);
  } catch (error) {
    if (!hasCode(error, "cross-partition")) throw error;
    const { add, sum } = makeSum();
    await inParallel(lines, { max: PARTS_MAX }, async (line) => add(await putLines(context, [line], options)));
    return sum();
  }
}

async function putLines(context: Context, lines: readonly string[], options: ImportOptions): Promise<Imported> {
  const { onConflict = "replace" } = options;
  const headers = { [FIELD.contentType]: MEDIA.ndjson };
  const call = {
    method: "POST",
    target: `/-/import?on_conflict=${onConflict}`,
    headers,
    body: lines.join("\n"),
    options,
    // To put the same once more changes nothing.
    isIdempotent: onConflict === "replace",
  };
  const answer = await askToWrite(context, call);
  const text = decoder.decode(answer.body);
  const counts = parseAnswer(text);
  if (!isJsonObject(counts)) throw unexpected(text);
  const [imported, skipped, expired] = ["imported", "skipped", "expired"].map((name) => numberAt(counts, name));
  return { imported: imported ?? 0, skipped: skipped ?? 0, expired: expired ?? 0 };
}

function makeSum() {
  let sum: Imported = { imported: 0, skipped: 0, expired: 0 };
  return {
    sum: () => sum,
    add(more: Imported) {
      sum = {
        imported: sum.imported + more.imported,
        skipped: sum.skipped + more.skipped,
        expired: sum.expired + more.expired,
      };
    },
  };
}

/** The first and the last line of an export, by which it is seen to be whole. */
function makeFrame() {
  let isExport = false;
  let entries = 0;
  let declared: number | null = null;
  return {
    pass(line: string) {
      if (line.startsWith('{"keyhold_export"')) isExport = true;
      else if (line.startsWith('{"entries"')) declared = entriesIn(line);
      else entries++;
    },
    requireWhole() {
      if (!isExport || declared === entries) return;
      const found = declared === null ? "its last line is missing" : `it has ${entries} entries and names ${declared}`;
      throw new KeyholdError(
        "invalid-json",
        `The export has been cut short: ${found}; what there is has been imported`,
      );
    },
  };
}

function entriesIn(line: string): number | null {
  const end = parseAnswer(line);
  return isJsonObject(end) ? numberAt(end, "entries") : null;
}
