// What is written to the source after the copy has begun, applied to the target by the change log: each key that a page of
// the log names is read as it is now, and put or deleted. So what is applied twice is applied right, and an entry that has
// changed again since is simply ahead of its place in the log.
import { KeyholdError } from "../../core/errors.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Cursor } from "../../store/store.ts";
import { putAll, removeAll } from "./copier.ts";
import type { ChangeLog, CopiedEntry, ReadSide, WriteSide } from "./side.ts";

export interface CatchUpTerms {
  /** Everything up to there has been applied. */
  readonly from: Cursor;
  readonly onPlace: (cursor: Cursor) => void;
  /** @throws to end it */
  readonly pause: () => void;
}

/** Keys read at once: their values are held together. */
const READ_KEYS = 50;

/**
 * Applies what has been logged until now. Returns how many changes that were, and from where to go on.
 *
 * @throws "unavailable" where the log no longer holds all that was written
 */
export async function catchUp(
  source: ReadSide,
  target: WriteSide,
  terms: CatchUpTerms,
): Promise<{ readonly changes: number; readonly cursor: Cursor }> {
  const log = requireLog(source);
  const upTo = await log.latestCursor();
  let cursor = terms.from;
  let changes = 0;
  for (;;) {
    const page = await log.changes(cursor, LIMITS.watchPageChanges, upTo);
    if (page.isIncomplete) throw forgotten(source);
    await apply([...new Set(page.changes.map(({ key }) => key))], source, target, terms.pause);
    changes += page.changes.length;
    if (page.cursor !== cursor) terms.onPlace(page.cursor);
    cursor = page.cursor;
    terms.pause();
    if (!page.hasMore) return { changes, cursor };
  }
}

export function requireLog(source: ReadSide): ChangeLog {
  if (source.log !== null) return source.log;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot follow ${source.name}: what is written there is read from a store alone; name its store instead of the server`,
  );
}

async function apply(
  keys: readonly Key[],
  source: ReadSide,
  target: WriteSide,
  pause: CatchUpTerms["pause"],
): Promise<void> {
  for (let first = 0; first < keys.length; first += READ_KEYS) {
    const asked = keys.slice(first, first + READ_KEYS);
    const found = await source.read(asked);
    const live = found.filter((entry): entry is CopiedEntry => entry !== null);
    await putAll(live, target, { policy: "replace", pause });
    await removeAll(
      asked.filter((_, index) => found[index] === null),
      target,
      pause,
    );
  }
}

function forgotten({ name }: ReadSide): KeyholdError {
  return new KeyholdError(
    "unavailable",
    `Cannot follow ${name}: its change log no longer holds all that was written since the copy began; serve it with a larger --history-changes or --history-age, and begin anew`,
  );
}
