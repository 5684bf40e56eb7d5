// Joins reads: the keys that are asked for in one turn of the event loop are read by one request. A call that has a signal or a
// limit of its own goes alone, as it could not end the others.
import type { Context } from "./context.ts";
import type { Entry } from "./entry.ts";
import { getMany } from "./reads.ts";

export interface BatchedReads {
  get(context: Context, key: string): Promise<Entry | null>;
}

/** One waits for all of its keys, whoever asked for them. */
interface Batch {
  readonly keys: Set<string>;
  readonly read: Promise<ReadonlyMap<string, Entry>>;
}

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
      return (await batch.read).get(key) ?? null;
    },
  };
}
