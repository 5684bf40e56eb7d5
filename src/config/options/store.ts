// Where entries are kept, and what a write has outlived when it is answered.
import { choice, size, store, yesOrNo } from "../formats.ts";
import { MiB, option } from "../option.ts";

export const STORE = {
  store: option(store(), {
    name: "store",
    default: "sqlite:./keyhold-data",
    group: "Store",
    help: "Where entries are kept: sqlite:DIRECTORY, a directory, or memory: for a store that ends with the process",
  }),
  durability: option(choice(["full", "relaxed"]), {
    name: "durability",
    default: "full",
    group: "Store",
    help: "full: a write is on stable storage before it is answered. relaxed: a power cut may take the last writes",
  }),
  diskReserveBytes: option(size({ least: 0, most: 1024 * 1024 * MiB }), {
    name: "disk-reserve",
    default: "32MiB",
    group: "Store",
    help: "Free space kept so that deletes and checkpoints always work; below it, writes that add are answered 507",
  }),
  allowNetworkFilesystem: option(yesOrNo(), {
    name: "allow-network-filesystem",
    default: "false",
    group: "Store",
    help: "Open a store on a network file system, whose locks and syncs may not hold what they promise",
  }),
};
