// What an acknowledged write waits for, as it is written in options: "applied", "fsync", "replicated:N", "replicated:N+fsync".

export type PromiseKind = "applied" | "fsync" | "replicated";

export interface WritePromise {
  readonly kind: PromiseKind;
  /** Copies beside the primary's that must have the write; 0 unless the kind is "replicated". */
  readonly replicas: number;
  /** Whether the primary's log is on disk before the answer. */
  readonly fsync: boolean;
  /** As it is written in options. */
  readonly text: string;
}

const REPLICATED = /^replicated:([1-9])(\+fsync)?$/;

/** Null for a text that is no promise. */
export function parseWritePromise(text: string): WritePromise | null {
  if (text === "applied" || text === "fsync") return { kind: text, replicas: 0, fsync: text === "fsync", text };
  const [, replicas, fsync] = REPLICATED.exec(text) ?? [];
  if (replicas === undefined) return null;
  return { kind: "replicated", replicas: Number(replicas), fsync: fsync !== undefined, text };
}
