// The records of commits that are made once, in the order in which they were asked: a Map keeps it.
import type { Once } from "../../core/batch.ts";
import type { EpochMs } from "../../core/expiry.ts";
import { isKept, refuseMoreRecords } from "../../store/receipt.ts";
import type { Done, Receipt } from "../../store/store.ts";

export class ReceiptBook {
  readonly #ageMs: number;
  readonly #limit: number;
  readonly #receipts = new Map<string, Receipt>();

  constructor(ageMs: number, limit: number) {
    this.#ageMs = ageMs;
    this.#limit = limit;
  }

  get size(): number {
    return this.#receipts.size;
  }

  /** The record under the id; null where there is none that still counts. */
  find(id: string, now: EpochMs): Receipt | null {
    const receipt = this.#receipts.get(id);
    if (receipt === undefined) return null;
    if (isKept(receipt.at, this.#ageMs, now)) return receipt;
    this.#receipts.delete(id);
    return null;
  }

  /** @throws "busy" when as many are kept as may be */
  requireRoom(): void {
    if (this.#receipts.size >= this.#limit) refuseMoreRecords(this.#limit);
  }

  /** Requires: requireRoom() has passed. */
  keep({ id, fingerprint, at }: Once, did: Done): void {
    this.#receipts.set(id, { fingerprint, at, did });
  }

  /** Drops records that no longer count. */
  sweep(now: EpochMs): void {
    for (const [id, { at }] of this.#receipts) {
      if (isKept(at, this.#ageMs, now)) break;
      this.#receipts.delete(id);
    }
  }
}
