// Joins reads: the keys that are asked for in one turn of the event loop are read by one request. A call that has a signal or a
// limit of its own goes alone, as it could not end the others. A key that is refused spoils no read but its own.
import type { Context } from "./context.ts";
import type { Entry } from "./entry.ts";
import { hasCode } from "./errors.ts";
import { getEntry, getMany } from "./reads.ts";

export interface BatchedReads {
  get(context: Context, key: string): Promise<Entry | null>;
}

/** One waits for all of its keys, whoever asked for them. */
interface Batch {
  readonly keys: Set<string>;
  readonly read: Promise<ReadonlyMap<string, Entry>>;
}

/** What one key brings on all that are asked for with it. */
const REFUSALS_OF_A_KEY = ["invalid-key", "forbidden"];

export function makeBatchedReads(): BatchedReads {
  let open: Batch | null = null;

  function begin(context: Context): Batch {
    const keys = new Set<string>();
    // A microtask later: all that the code that runs now asks for has come by then.
    const read = Promise.resolve().then(() => {
      open = null;
      return getMany(context, keys, {});
    });
    return { keys, read };
  }

  return {
    async get(context, key) {
      open ??= begin(context);
      const batch = open;
      batch.keys.add(key);
      try {
        return (await batch.read).get(key) ?? null;
      } catch (error) {
        if (batch.keys.size === 1 || !hasCode(error, ...REFUSALS_OF_A_KEY)) throw error;
        return getEntry(context, key, {});
      }
    },
  };
}
