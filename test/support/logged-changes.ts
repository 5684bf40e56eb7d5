// The change log of a store as tests read it: whole, however many pages it comes in.
import type { Key } from "../../src/core/key.ts";
import type { Cursor, LoggedChange, Store } from "../../src/store/store.ts";

/** A log that does not end is a fault of the engine. */
const PAGES_MAX = 10_000;
const PAGE_CHANGES = 1000;

export interface ReadLog {
  readonly changes: readonly LoggedChange[];
  /** Of the last page. */
  readonly cursor: Cursor;
}

/** Page after page, until none says that there is more. @throws Error where a page is incomplete */
export async function changesAfter(
  store: Store,
  after: Cursor | null,
  { limit = PAGE_CHANGES, upTo = null }: { readonly limit?: number; readonly upTo?: Cursor | null } = {},
): Promise<ReadLog> {
  const changes: LoggedChange[] = [];
  let cursor = after;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await store.changes(cursor, limit, upTo);
    if (page.isIncomplete) throw new Error("Changes that were not read have left the log");
    if (page.changes.length > limit)
      throw new Error(`${page.changes.length} changes were read at once, asked ${limit}`);
    changes.push(...page.changes);
    cursor = page.cursor;
    if (!page.hasMore) return { changes, cursor };
  }
  throw new Error(`The change log does not end after ${PAGES_MAX} pages`);
}

/** Of every change: "put a". */
export async function loggedKinds(store: Store, after: Cursor | null = null): Promise<readonly string[]> {
  return inLogOrder(store, (await changesAfter(store, after)).changes).map(({ kind, key }) => `${kind} ${key}`);
}

/**
 * As they stand where the store has one order for all changes; else by partitions, each in its own order, so that two logs
 * can be compared as far as they are comparable.
 */
export function inLogOrder<T extends { readonly key: Key }>(store: Store, changes: readonly T[]): readonly T[] {
  if (store.capabilities.order === "store") return changes;
  const partitions = Map.groupBy(changes, ({ key }) => store.partitionOf(key));
  return [...partitions].toSorted(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, own]) => own);
}
