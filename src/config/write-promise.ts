// What an acknowledged write waits for on an engine across the network, as the option --promise says it. Whether the
// servers can keep it is looked at by the engine when it opens.
import type { StoreLocation } from "./store-location.ts";

/** A promise that an operator has named. */
export interface WritePromiseSetting {
  readonly kind: "applied" | "fsync" | "replicated";
  /** Copies besides the primary's that must have the write; 0 where the promise asks for none. */
  readonly replicas: number;
  readonly fsync: boolean;
  /** As it is written: "replicated:1+fsync". */
  readonly text: string;
}

export const PROMISE_ALLOWED = "auto, applied, fsync, replicated:N or replicated:N+fsync, N from 1 to 9";

/** Null for text that is none. */
export function parsePromise(text: string): WritePromiseSetting | "auto" | null {
  if (text === "auto") return text;
  if (text === "applied") return Object.freeze({ kind: text, replicas: 0, fsync: false, text });
  if (text === "fsync") return Object.freeze({ kind: text, replicas: 0, fsync: true, text });
  const [, replicas, fsync] = /^replicated:([1-9])(\+fsync)?$/.exec(text) ?? [];
  if (replicas === undefined) return null;
  return Object.freeze({ kind: "replicated", replicas: Number(replicas), fsync: fsync !== undefined, text });
}

/** What "auto" stands for: the most that a set of servers of this shape can be expected to keep. */
export function resolvePromise(
  promise: WritePromiseSetting | "auto",
  { topology }: Pick<Extract<StoreLocation, { engine: "valkey" }>, "topology">,
): WritePromiseSetting {
  if (promise !== "auto") return promise;
  return topology === "standalone"
    ? { kind: "fsync", replicas: 0, fsync: true, text: "fsync" }
    : { kind: "replicated", replicas: 1, fsync: false, text: "replicated:1" };
}
