// Whole listings, page by page.
import type { EntryInfo } from "../../src/core/entry.ts";
import type { Range } from "../../src/core/range.ts";
import type { Page, Store } from "../../src/store/store.ts";

/** A listing that does not end is a fault of the engine. */
const PAGES_MAX = 10_000;

export async function allPages(
  store: Store,
  method: "list" | "scan",
  range: Range,
): Promise<readonly Page<EntryInfo>[]> {
  const pages: Page<EntryInfo>[] = [];
  for (let after = range.after; pages.length < PAGES_MAX; ) {
    const page: Page<EntryInfo> = await store[method]({ ...range, after });
    pages.push(page);
    if (page.next === null) return pages;
    after = page.next;
  }
  throw new Error(`The listing does not end after ${PAGES_MAX} pages`);
}

export async function listedKeys(store: Store, method: "list" | "scan", range: Range): Promise<readonly string[]> {
  return (await allPages(store, method, range)).flatMap(({ items }) => items.map(({ key }) => key));
}
