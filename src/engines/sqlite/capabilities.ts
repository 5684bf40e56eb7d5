// What the embedded engine promises: the source of docs/guarantees.md as well.
import type { Capabilities } from "../../store/store.ts";
import type { WriterOptions } from "./messages.ts";

/** What the engine promises, by the option that it is opened with. */
export function sqliteCapabilities(durability: WriterOptions["durability"]): Capabilities {
  return {
    atomicity: "store",
    order: "store",
    reads: "snapshot",
    durability: durability === "full" ? "power-loss" : "process-crash",
    deletions: "one-commit",
    servers: "one",
    promise: durability === "full" ? "fsync" : "applied",
  };
}
