// The option --promise: a promise by its name, or "auto", which stands for the most that servers of a shape can be expected
// to keep. Whether they can is looked at by the engine when it opens.
import { parseWritePromise, type WritePromise } from "../core/write-promise.ts";
import type { ValkeyLocation } from "./store-location.ts";

export const PROMISE_ALLOWED = "auto, applied, fsync, replicated:N or replicated:N+fsync, N from 1 to 9";

/** Null for text that is none. */
export function parsePromise(text: string): WritePromise | "auto" | null {
  return text === "auto" ? text : parseWritePromise(text);
}

export function resolvePromise(
  promise: WritePromise | "auto",
  { topology }: Pick<ValkeyLocation, "topology">,
): WritePromise {
  if (promise !== "auto") return promise;
  return topology === "standalone"
    ? { kind: "fsync", replicas: 0, fsync: true, text: "fsync" }
    : { kind: "replicated", replicas: 1, fsync: false, text: "replicated:1" };
}
