// A write that names itself (Idempotency-Key), on its way: what is known of an earlier one of the same name, and the instants
// of it, so that whatever is made of them by the clock comes out the same.
import type { Once } from "../core/batch.ts";
import type { EpochMs } from "../core/expiry.ts";
import { requireSameRequest } from "../store/receipt.ts";
import type { Receipt, Store } from "../store/store.ts";

export class Attempt {
  readonly #id: string;
  readonly #fingerprint: () => string;
  readonly #askedAt: EpochMs;
  #receipt: Receipt | null;
  #doneAt: EpochMs | null = null;
  #isReplayed = false;

  private constructor(id: string, fingerprint: () => string, known: { receipt: Receipt | null; now: EpochMs }) {
    this.#id = id;
    this.#fingerprint = fingerprint;
    this.#receipt = known.receipt;
    this.#askedAt = known.receipt?.at ?? known.now;
  }

  /**
   * @param id - 64 hexadecimal digits
   * @param fingerprint - 64 hexadecimal digits that name what is asked; called when the request has been read
   */
  static async begin(store: Store, id: string, fingerprint: () => string): Promise<Attempt> {
    return new Attempt(id, fingerprint, { receipt: await store.recall(id), now: store.now() });
  }

  /** What the earlier one did; null where none is known yet. */
  get receipt(): Receipt | null {
    return this.#receipt;
  }

  /** Knows from here on what one of the same name has done since begin(). */
  async lookAgain(store: Store): Promise<void> {
    this.#receipt ??= await store.recall(this.#id);
  }

  /** When the write was asked for the first time; once it is done, when that was. */
  get now(): EpochMs {
    return this.#doneAt ?? this.#askedAt;
  }

  /** Whether the answer is that of an earlier one. */
  get isReplayed(): boolean {
    return this.#isReplayed;
  }

  /** @param at - null for what has no expiry */
  noteDone(at: EpochMs | null, isReplay: boolean): void {
    this.#doneAt = at;
    this.#isReplayed = isReplay;
  }

  /**
   * What the write is committed under. The engine looks for its record as well, in the commit; a store in partitions looks
   * only where the write goes, and another request of the same name may have gone elsewhere.
   *
   * @throws "idempotency-key-reused" where what is known is another request
   */
  once(): Once {
    const once: Once = { id: this.#id, fingerprint: this.#fingerprint(), at: this.#askedAt };
    if (this.#receipt !== null) requireSameRequest(this.#receipt, once);
    return once;
  }
}
