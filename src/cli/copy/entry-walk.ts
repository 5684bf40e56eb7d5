// Pages of entries as one after another. What is at hand is taken without a promise: a store has millions.
import type { CopiedEntry } from "./side.ts";

export interface EntryWalk {
  /** The next entry of the page at hand; null at its end, which is not the end of all. */
  take(): CopiedEntry | null;
  /** The next entry, of this page or a later one; null at the end of all. */
  next(): Promise<CopiedEntry | null>;
  /** Lets go of the pages. Idempotent. */
  end(): Promise<void>;
}

export function walk(pages: AsyncIterable<readonly CopiedEntry[]>): EntryWalk {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly CopiedEntry[] = [];
  let index = 0;
  const take = () => page[index++] ?? null;
  return {
    take,
    async next() {
      for (;;) {
        const entry = take();
        if (entry !== null) return entry;
        const turned = await iterator.next();
        if (turned.done === true) return null;
        page = turned.value;
        index = 0;
      }
    },
    async end() {
      await iterator.return?.();
    },
  };
}
