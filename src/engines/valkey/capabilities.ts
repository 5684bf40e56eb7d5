// What a store on Valkey or Redis promises, by its number of partitions and by what its writes wait for.
import type { Capabilities } from "../../store/store.ts";

export function valkeyCapabilities(partitions: number, promise: string): Capabilities {
  const reach = partitions === 1 ? "store" : "partition";
  return {
    atomicity: reach,
    order: reach,
    reads: "per-entry",
    durability: "delegated",
    deletions: "page-by-page",
    servers: "many",
    promise,
  };
}
