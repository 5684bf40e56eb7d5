// The records of commits that are made once, in the order in which they were asked: a Map keeps it.
import type { Once } from "../../core/batch.ts";
import type { EpochMs } from "../../core/expiry.ts";
import { formatDone, isKept, refuseMoreRecords } from "../../store/receipt.ts";
import type { Done, Receipt } from "../../store/store.ts";

/** A receipt, and what it is taken to weigh: what it would on disk. */
interface WeighedReceipt extends Receipt {
  readonly bytes: number;
}

export class ReceiptBook {
  readonly #ageMs: number;
  readonly #bytesMax: number;
  readonly #receipts = new Map<string, WeighedReceipt>();
  #bytes = 0;

  constructor(ageMs: number, bytesMax: number) {
    this.#ageMs = ageMs;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#receipts.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The record under the id; null where there is none that still counts. */
  find(id: string, now: EpochMs): Receipt | null {
    const receipt = this.#receipts.get(id);
    if (receipt === undefined) return null;
    if (!isKept(receipt.at, this.#ageMs, now)) {
      this.#drop(id, receipt);
      return null;
    }
    const { fingerprint, at, did } = receipt;
    return { fingerprint, at, did };
  }

  /** @throws "busy" when those that are kept take as much as they may */
  requireRoom(): void {
    if (this.#bytes >= this.#bytesMax) refuseMoreRecords(this.#bytesMax);
  }

  /** Requires: requireRoom() has passed. */
  keep({ id, fingerprint, at }: Once, did: Done): void {
    const bytes = formatDone(did).length;
    this.#receipts.set(id, { fingerprint, at, did, bytes });
    this.#bytes += bytes;
  }

  /** Drops records that no longer count. */
  sweep(now: EpochMs): void {
    for (const [id, receipt] of this.#receipts) {
      if (isKept(receipt.at, this.#ageMs, now)) break;
      this.#drop(id, receipt);
    }
  }

  #drop(id: string, { bytes }: WeighedReceipt): void {
    this.#receipts.delete(id);
    this.#bytes -= bytes;
  }
}
