// Where entries are kept, and what a write has outlived when it is answered.
import {
  choice,
  duration,
  fileOrNone,
  keyPrefix,
  promise,
  size,
  store,
  userOrNone,
  wholeNumber,
  yesOrNo,
} from "../formats.ts";
import { MiB, option } from "../option.ts";

export const STORE = {
  store: option(store(), {
    name: "store",
    default: "sqlite:./keyhold-data",
    group: "Store",
    help: "Where entries are kept: sqlite:DIRECTORY, a directory, memory: for a store that ends with the process, or the URL of Valkey or Redis servers: valkey://HOST:PORT/DB, valkey+sentinel://HOST,HOST/NAME, valkey+cluster://HOST,HOST; valkeys… for TLS, redis… and rediss… likewise",
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
  storeUser: option(userOrNone(), {
    name: "store-user",
    default: "none",
    group: "Store",
    help: "User that the servers of a store on Valkey know Keyhold by, where the URL names none",
  }),
  storePasswordFile: option(fileOrNone(), {
    name: "store-password-file",
    default: "none",
    group: "Store",
    help: "File that holds the password for the servers of a store on Valkey; a password in the URL stands in the list of processes",
  }),
  storeCa: option(fileOrNone(), {
    name: "store-ca",
    default: "none",
    group: "Store",
    help: "Certificates (PEM) of who has signed those of the servers, for valkeys://; none for those that the system trusts",
  }),
  sentinelUser: option(userOrNone(), {
    name: "sentinel-user",
    default: "none",
    group: "Store",
    help: "User that the Sentinels know Keyhold by",
  }),
  sentinelPasswordFile: option(fileOrNone(), {
    name: "sentinel-password-file",
    default: "none",
    group: "Store",
    help: "File that holds the password for the Sentinels",
  }),
  storePrefix: option(keyPrefix(), {
    name: "store-prefix",
    default: "keyhold",
    group: "Store",
    help: "What the names of all keys on Valkey begin with, so that several stores and other programs can share servers",
  }),
  partitions: option(wholeNumber({ least: 0, most: 1024 }), {
    name: "partitions",
    default: "0",
    group: "Store",
    help: "Parts that a store on Valkey is made of, each on one server, fixed when the store is created; a batch is atomic within one. 0 for as the store was created, else 1, and 64 on a Cluster",
  }),
  promise: option(promise(), {
    name: "promise",
    default: "auto",
    group: "Store",
    help: "What a write on Valkey has outlived when it is answered: applied: in the memory of the primary; fsync: on its disk; replicated:N: in N replicas too. auto: fsync on one server, replicated:1 with Sentinel and on a Cluster",
  }),
  engineDeadlineMs: option(duration({ least: "100ms", most: "60s" }), {
    name: "engine-deadline",
    default: "2s",
    group: "Store",
    help: "How long a request is tried while the servers of a store on Valkey are away, before it is answered 503",
  }),
};
