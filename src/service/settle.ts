// Reads, works out, commits: for who makes mutations of what it has read, and may have to do so again. The first try waits for
// nobody; once another write has come between, tries take turns with all others that edit the same keys (turns.ts).
import type { Mutation } from "../core/batch.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import type { Entries } from "./entries.ts";

/** What a try has come to. */
export interface Plan<T> {
  /** Each on the condition of what it stands on; none where nothing is to be committed. */
  readonly mutations: readonly Mutation[];
  readonly result: T;
}

/**
 * The result of the first plan whose mutations could be committed, all or none.
 *
 * @param keys - those that a plan may read and write
 * @param plan - reads and works out, anew at each try; what it throws is thrown, and nothing is changed
 * @throws "busy" where other writes kept coming between; what Store.commit throws
 */
export async function settle<T>(entries: Entries, keys: readonly Key[], plan: () => Promise<Plan<T>>): Promise<T> {
  const first = await attempt(entries, plan);
  if (first.isDone) return first.result;
  return entries.inTurn(keys, async (tries) => {
    for (let tried = 0; tried < tries; tried++) {
      const next = await attempt(entries, plan);
      if (next.isDone) return next.result;
    }
    throw new KeyholdError(
      "busy",
      `Cannot commit: other writes came between ${tries} times; nothing was written; try again soon`,
    );
  });
}

async function attempt<T>(
  entries: Entries,
  plan: () => Promise<Plan<T>>,
): Promise<{ readonly isDone: true; readonly result: T } | { readonly isDone: false }> {
  const { mutations, result } = await plan();
  if (mutations.length === 0) return { isDone: true, result };
  const { committed } = await entries.transact(mutations, []);
  return committed ? { isDone: true, result } : { isDone: false };
}
