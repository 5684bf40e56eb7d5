// Which options go together with which store, told at the start: a setting that the engine could not follow is refused
// and not passed over, as an operator would rely on it.

import type { WritePromise } from "../core/write-promise.ts";
import type { StoreLocation, ValkeyLocation } from "./store-location.ts";

/** The options that are looked at. */
export interface StoreSettings {
  readonly store: StoreLocation;
  readonly durability: "full" | "relaxed";
  readonly storeBytes: number;
  readonly maxValueBytes: number;
  readonly storeUser: string | null;
  readonly storePasswordFile: string | null;
  readonly storeCa: string | null;
  readonly sentinelUser: string | null;
  readonly sentinelPasswordFile: string | null;
  readonly partitions: number;
  readonly promise: WritePromise | "auto";
  readonly workers: number | "auto";
}

/** @param property - of Config, whose value is at fault. @param problem - the end of "Cannot use …: " */
export type Refuse = (property: keyof StoreSettings, problem: string) => void;

/** A value travels whole through one script, which blocks its server meanwhile. */
export const VALKEY_VALUE_BYTES_MAX = 16 * 1024 * 1024;

export function checkStoreSettings(settings: StoreSettings, refuse: Refuse): void {
  const { store } = settings;
  if (settings.workers !== 1 && store.engine === "valkey")
    refuse("workers", "expected 1, as a store on Valkey is served by as many servers as are started on it");
  if (settings.workers !== 1 && store.engine === "memory")
    refuse(
      "workers",
      "expected 1, as a store in memory is of one thread; one on disk is not: --store sqlite:DIRECTORY",
    );
  if (store.engine === "valkey") checkValkey(settings, store, refuse);
  else checkLocal(settings, store.engine, refuse);
}

function checkValkey(settings: StoreSettings, store: ValkeyLocation, refuse: Refuse): void {
  if (settings.maxValueBytes > VALKEY_VALUE_BYTES_MAX)
    refuse("maxValueBytes", "expected at most 16MiB, as a store on Valkey takes no larger values");
  if (settings.storeBytes !== 0)
    refuse(
      "storeBytes",
      "expected 0B: the room of a store on Valkey is what maxmemory says on its servers; set it there",
    );
  if (settings.durability !== "full")
    refuse(
      "durability",
      "expected full: what a write waits for on Valkey is said by --promise, such as --promise applied",
    );
  if (store.user !== null && settings.storeUser !== null)
    refuse("storeUser", "expected none, as --store names a user already");
  if (store.password !== null && settings.storePasswordFile !== null)
    refuse("storePasswordFile", "expected none, as --store holds a password already");
  const hasPassword = store.password !== null || settings.storePasswordFile !== null;
  if ((store.user !== null || settings.storeUser !== null) && !hasPassword)
    refuse(
      store.user === null ? "storeUser" : "store",
      "the user has no password: expected --store-password-file FILE beside it",
    );
  if (settings.storeCa !== null && !store.isTls)
    refuse("storeCa", "expected none, as --store has no TLS; valkeys:// has it");
  checkSentinel(settings, store.topology === "sentinel", refuse);
}

function checkSentinel(settings: StoreSettings, isSentinel: boolean, refuse: Refuse): void {
  for (const property of ["sentinelUser", "sentinelPasswordFile"] as const) {
    if (settings[property] !== null && !isSentinel)
      refuse(property, "expected none, as --store is no valkey+sentinel://");
  }
  if (isSentinel && settings.sentinelUser !== null && settings.sentinelPasswordFile === null)
    refuse("sentinelUser", "the user has no password: expected --sentinel-password-file FILE beside it");
}

function checkLocal(settings: StoreSettings, engine: string, refuse: Refuse): void {
  if (settings.promise !== "auto")
    refuse(
      "promise",
      `expected auto: what a write waits for in a store of the engine ${engine} is said by --durability`,
    );
  if (settings.partitions !== 0) refuse("partitions", `expected 0: a store of the engine ${engine} has no partitions`);
  for (const property of ["storeUser", "storePasswordFile", "storeCa"] as const) {
    if (settings[property] !== null)
      refuse(property, `expected none: a store of the engine ${engine} has no servers to be known to`);
  }
  checkSentinel(settings, false, refuse);
}
