// What the memory engine promises: the source of docs/guarantees.md as well.
import type { Capabilities } from "../../store/store.ts";

export const MEMORY_CAPABILITIES: Capabilities = {
  atomicity: "store",
  order: "store",
  reads: "snapshot",
  durability: "none",
  deletions: "one-commit",
  servers: "one",
  promise: "applied",
};
