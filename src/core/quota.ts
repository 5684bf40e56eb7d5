// How much room the entries of a store may take, where the operator has set a bound.
import { KeyholdError } from "./errors.ts";

/** 0 for no bound. */
export interface Quota {
  readonly limitBytes: number;
  /** Asked only where there is a bound. */
  readonly usedBytes: () => number;
}

/** @throws "no-room" where a write that adds this many bytes would take the store beyond its bound */
export function requireQuota({ limitBytes, usedBytes }: Quota, addedBytes: number): void {
  if (limitBytes === 0) return;
  const used = usedBytes();
  if (used + addedBytes <= limitBytes) return;
  throw new KeyholdError(
    "no-room",
    `Cannot write ${addedBytes} bytes: the store takes ${used} bytes, and --store-size allows ${limitBytes}; delete entries or raise it`,
    { limit: limitBytes, option: "--store-size" },
  );
}
