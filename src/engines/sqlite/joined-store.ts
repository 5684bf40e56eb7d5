// The store on a further serving thread: a reading connection of its own, and a line to the writer thread that the first one has
// started. What is done once for a store, opening, checking, copying and closing it, is done there.
import { SqliteStore, type StoreBackup, type StoreShare } from "./store.ts";
import { type WriteQueue, WriterClient } from "./writer-client.ts";

export interface JoinOptions {
  /** As SqliteStoreOptions has them. */
  readonly queuedCommits: number;
  readonly queue: WriteQueue;
  /** Copies made by the first thread. */
  readonly backup: StoreBackup;
  /** Called once when the store can no longer be used and the process must end. */
  readonly onFatal: (reason: string) => void;
}

/** @param share - given once, by SqliteStore.share() on the thread that has opened the store */
export function joinSqliteStore({ port, ...facts }: StoreShare, options: JoinOptions): SqliteStore {
  const { queuedCommits, queue, backup, onFatal } = options;
  return new SqliteStore({
    ...facts,
    queue,
    backup,
    client: WriterClient.join(port, { queuedCommits, queue, onFatal, incarnation: facts.incarnation }),
    lock: { release() {} },
    wasClean: true,
    leftRestore: "none",
    droppedFrames: 0,
  });
}
