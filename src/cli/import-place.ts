// How far an import of a file has come: FILE.progress, a stored format (docs/formats.md). It says which entries went where and
// by which policy, and an import goes on with nothing else, or entries would be left out that nobody has put.
import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { KeyholdError } from "../core/errors.ts";
import { CONFLICT_POLICIES, type ConflictPolicy, type Imported } from "../service/transfer.ts";

export interface ImportPlace {
  /** SHA-256 of the export's lines. */
  readonly sha256: string;
  /** Names the chunks of this import, so that one that is sent twice is put once. */
  readonly run: string;
  /** The incarnation of the store that they are put into. */
  readonly target: string;
  readonly policy: ConflictPolicy;
  /** Bytes of the file that are done. */
  readonly offset: number;
  readonly counts: Imported;
}

const LINE_BREAK = 0x0a;

/** The place that was kept beside a file of this size. @throws "unavailable" where there is none, or no sense in it */
export function readPlaceOf(file: string, fileBytes: number): ImportPlace {
  const path = progressFile(file);
  if (!existsSync(path)) throw new KeyholdError("unavailable", `Cannot resume: there is no ${path}`);
  const place = parsePlace(readFileSync(path, "utf8"));
  if (place !== null && place.offset <= fileBytes && isLineStart(file, place.offset)) return place;
  throw new KeyholdError("unavailable", `Cannot resume: ${path} is no progress of an import; remove it to begin anew`);
}

/** By renaming, so that a kill leaves this place or the one before. */
export function keepPlaceOf(file: string, { policy, ...place }: ImportPlace): void {
  const draft = `${progressFile(file)}.part`;
  writeFileSync(draft, `${JSON.stringify({ ...place, on_conflict: policy })}\n`, { mode: 0o600, flush: true });
  renameSync(draft, progressFile(file));
}

export function forgetPlaceOf(file: string): void {
  rmSync(progressFile(file), { force: true });
}

function progressFile(file: string): string {
  return `${file}.progress`;
}

/** Null for what is none. */
function parsePlace(text: string): ImportPlace | null {
  const { sha256, run, target, on_conflict, offset, counts } = membersOf(text);
  const policy = CONFLICT_POLICIES.find((each) => each === on_conflict);
  if (typeof sha256 !== "string" || typeof target !== "string" || policy === undefined) return null;
  // It goes into a field of requests.
  if (typeof run !== "string" || !/^[0-9a-f]{24}$/.test(run)) return null;
  if (!isCount(offset) || typeof counts !== "object" || counts === null) return null;
  const { imported, skipped, expired }: { imported?: unknown; skipped?: unknown; expired?: unknown } = counts;
  if (!isCount(imported) || !isCount(skipped) || !isCount(expired)) return null;
  return { sha256, run, target, policy, offset, counts: { imported, skipped, expired } };
}

function membersOf(text: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? { ...document } : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isLineStart(file: string, offset: number): boolean {
  if (offset === 0) return true;
  const descriptor = openSync(file, "r");
  try {
    const byte = new Uint8Array(1);
    return readSync(descriptor, byte, 0, 1, offset - 1) === 1 && byte[0] === LINE_BREAK;
  } finally {
    closeSync(descriptor);
  }
}
