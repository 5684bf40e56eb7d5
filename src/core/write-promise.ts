// What an acknowledged write waits for on an engine across the network, as it is written in options and told by servers:
// "applied", "fsync", "replicated:N", "replicated:N+fsync".

export interface WritePromise {
  readonly kind: "applied" | "fsync" | "replicated";
  /** Copies besides the primary's that must have the write; 0 unless the kind is "replicated". */
  readonly replicas: number;
  /** Whether it is on disk, too, wherever it has to be. */
  readonly fsync: boolean;
  /** As it is written. */
  readonly text: string;
}

const REPLICATED = /^replicated:([1-9])(\+fsync)?$/;

/** Null for a text that is no promise. */
export function parseWritePromise(text: string): WritePromise | null {
  if (text === "applied" || text === "fsync") {
    return Object.freeze({ kind: text, replicas: 0, fsync: text === "fsync", text });
  }
  const [, replicas, fsync] = REPLICATED.exec(text) ?? [];
  if (replicas === undefined) return null;
  return Object.freeze({ kind: "replicated", replicas: Number(replicas), fsync: fsync !== undefined, text });
}
