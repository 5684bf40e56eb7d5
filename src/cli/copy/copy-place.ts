// How far a copy has come: the file of --resume, a stored format (docs/formats.md). It says from which store to which, and a
// copy goes on between no others.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { KeyholdError } from "../../core/errors.ts";
import { type Key, parseKey } from "../../core/key.ts";
import { CONFLICT_POLICIES, type ConflictPolicy } from "../../service/transfer.ts";
import { toCursor } from "../../store/cursor.ts";
import type { Cursor } from "../../store/store.ts";
import type { CopyCounts } from "./copier.ts";

export const COPY_PLACE_VERSION = 1;

export interface CopyPlace {
  /** Incarnations. */
  readonly source: string;
  readonly target: string;
  readonly policy: ConflictPolicy;
  /** Entries up to this key have been put; null for none. */
  readonly after: Key | null;
  /** Whether all have, so that only what was written meanwhile is missing. */
  readonly isWhole: boolean;
  /** Where the change log of the source has been applied up to, or is to be applied from; null for a copy that does not follow. */
  readonly cursor: Cursor | null;
  readonly counts: CopyCounts;
}

/** Null where there is no file: a copy begins. @throws "unavailable" on a file that is no place of a copy */
export function readCopyPlace(file: string): CopyPlace | null {
  if (!existsSync(file)) return null;
  const place = parsePlace(readFileSync(file, "utf8"));
  if (place !== null) return place;
  throw new KeyholdError("unavailable", `Cannot resume: ${file} is no place of a copy; remove it to begin anew`);
}

/** By renaming, so that a kill leaves this place or the one before. */
export function keepCopyPlace(file: string, { policy, isWhole, ...place }: CopyPlace): void {
  const line = { keyhold_copy: COPY_PLACE_VERSION, ...place, is_whole: isWhole, on_conflict: policy };
  writeFileSync(`${file}.part`, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
}

export function forgetCopyPlace(file: string): void {
  rmSync(file, { force: true });
}

/** @throws "unavailable" where the copy that was begun is another */
export function requireSameCopy(kept: CopyPlace, begun: CopyPlace): void {
  const refuse = (what: string) => new KeyholdError("unavailable", `Cannot resume: it was begun ${what}`);
  if (kept.source !== begun.source) throw refuse(`from the store ${kept.source}, and this one is ${begun.source}`);
  if (kept.target !== begun.target) throw refuse(`into the store ${kept.target}, and this one is ${begun.target}`);
  if (kept.policy !== begun.policy) throw refuse(`with --on-conflict ${kept.policy}`);
  if (kept.cursor === null && begun.cursor !== null) throw refuse("without --follow");
}

/** Null for what is none. */
function parsePlace(text: string): CopyPlace | null {
  const { keyhold_copy, source, target, after, is_whole, cursor, counts, on_conflict } = membersOf(text);
  const policy = CONFLICT_POLICIES.find((each) => each === on_conflict);
  if (keyhold_copy !== COPY_PLACE_VERSION || typeof source !== "string" || typeof target !== "string") return null;
  if (policy === undefined || typeof is_whole !== "boolean" || !isTextOrNull(after) || !isTextOrNull(cursor))
    return null;
  if (typeof counts !== "object" || counts === null) return null;
  const { imported, skipped, expired, bytes }: Readonly<Record<string, unknown>> = { ...counts };
  if (!isCount(imported) || !isCount(skipped) || !isCount(expired) || !isCount(bytes)) return null;
  return {
    source,
    target,
    policy,
    isWhole: is_whole,
    after: after === null ? null : parseKey(after),
    cursor: cursor === null ? null : toCursor(cursor),
    counts: { imported, skipped, expired, bytes },
  };
}

function membersOf(text: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? { ...document } : {};
  } catch {
    return {};
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
