// What is bounded for a server as a whole, counted: in the memory of its one serving thread, or in one that all of them share.
import { type Count, makeCount, makeCountMemory, openByteCount, openCount } from "./core/count.ts";

export interface ServerCounts {
  readonly connections: Count;
  readonly requestsInFlight: Count;
  /** Of request bodies in memory. */
  readonly bodyBytes: Count;
  readonly watchers: Count;
  /** Edits that wait for their turn or have it. */
  readonly edits: Count;
  /** Of commits that wait. */
  readonly queue: { readonly requests: Count; readonly bytes: Count; readonly stalled: Count };
  /** Changes of access tokens, as TokenBookOptions has them; null where there is one book. */
  readonly tokenChanges: Count | null;
}

/** Places in the memory. */
const PLACES = 9;

/** Of one serving thread. */
export function makeServerCounts(): ServerCounts {
  return { ...countsBy(makeCount, makeCount), tokenChanges: null };
}

export function makeServerCountMemory(): SharedArrayBuffer {
  return makeCountMemory(PLACES);
}

/** @param memory - of makeServerCountMemory() */
export function openServerCounts(memory: SharedArrayBuffer): ServerCounts {
  return countsBy(
    (place) => openCount(memory, place),
    (place) => openByteCount(memory, place),
  );
}

function countsBy(count: (place: number) => Count, byteCount: (place: number) => Count): ServerCounts {
  return {
    connections: count(0),
    requestsInFlight: count(1),
    bodyBytes: byteCount(2),
    watchers: count(3),
    edits: count(4),
    queue: { requests: count(5), bytes: byteCount(6), stalled: count(7) },
    tokenChanges: count(8),
  };
}
