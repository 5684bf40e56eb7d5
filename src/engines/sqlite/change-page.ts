// One page of the change log as the contract has it, for whoever reads the database of a store.
import { formatCursor, parseCursor } from "../../store/cursor.ts";
import type { ChangePage, Cursor } from "../../store/store.ts";
import type { Reader } from "./reader.ts";

/** As Store.changes(). @param incarnation - of the store that is read */
export function readChangePage(
  reader: Reader,
  incarnation: string,
  { after, limit, upTo }: { readonly after: Cursor | null; readonly limit: number; readonly upTo: Cursor | null },
): ChangePage {
  const latest = reader.latestSequence();
  const sequence = after === null ? 0 : parseCursor(after, incarnation, latest);
  const bound = upTo === null ? latest : parseCursor(upTo, incarnation, latest);
  if (sequence === null || bound === null) {
    return { changes: [], cursor: formatCursor(incarnation, latest), hasMore: false, isIncomplete: true };
  }
  const { changes, reached, isDamaged, oldest } = reader.changes({ after: sequence, upTo: bound, limit });
  return {
    changes: changes.map(({ sequence: number, ...change }) => ({
      ...change,
      cursor: formatCursor(incarnation, number),
    })),
    cursor: formatCursor(incarnation, reached),
    hasMore: reached < bound,
    isIncomplete: isDamaged || sequence + 1 < oldest,
  };
}
