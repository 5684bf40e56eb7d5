// What every server of a store does for all of it in the background: removes entries that have ended, trims the change log
// and the records of named writes, reads the figures. All of it may be done by several at once, or twice: the scripts look
// again. So there is no leader, and none to be replaced; the price is a few commands a partition, server and round.
//
// Each round also looks whether the store is still the one that was opened: a server that was emptied, or that another store
// was loaded into, must not be written to under the old name.
import { KeyholdError } from "../../core/errors.ts";
import { EMPTIED, type PartitionFigures } from "./commit-reply.ts";
import { type Partition, storeKey } from "./layout.ts";
import { ReplyReader } from "./reply-reader.ts";
import { toBytes, toBytesOrNull, toCount, toInteger, toList, toText } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Servers } from "./servers.ts";
import { slotOf } from "./slots.ts";

export interface UpkeepOptions {
  readonly servers: Pick<Servers, "read" | "readScript" | "write">;
  readonly partitions: readonly Partition[];
  readonly prefix: string;
  readonly sweepIntervalMs: number;
  readonly historyAgeMs: number;
  /** Changes kept in each partition. */
  readonly historyChanges: number;
  readonly idempotencyAgeMs: number;
  /** What the store key is to hold. */
  readonly description: string;
  readonly onFigures: (partition: Partition, figures: PartitionFigures & { readonly revision: number }) => void;
  /** Whether a partition is known to have had a revision. */
  readonly hasRevision: (partition: Partition) => boolean;
  /** Told how many entries were removed here. */
  readonly onSwept: (expired: number) => void;
  /** Told what is wrong, and null when nothing is any more. */
  readonly onTrouble: (reason: string | null) => void;
}

/** Entries removed by one call of the script, which holds up the others for its time. */
const SWEEP_ENTRIES = 100;
/** Such calls for one partition in one round. */
const SWEEPS_A_ROUND = 100;
/** Changes, and records, dropped by one call. */
const TRIM_MOST = 1000;
const TRIMS_A_ROUND = 50;

export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #round: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Reads the figures once; the first round comes an interval later. @throws as Servers.read() */
  async begin(): Promise<void> {
    await Promise.all(this.#options.partitions.map((partition) => this.#look(partition)));
    this.#plan();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  async #runRound(): Promise<void> {
    try {
      await this.#requireSameStore();
      await Promise.all(this.#options.partitions.map((partition) => this.#keepUp(partition)));
      this.#options.onTrouble(null);
    } catch (error) {
      // What cannot be reached is said by whoever asks for it; the next round tries again.
      if (!(error instanceof KeyholdError)) throw error;
      if (error.code === "internal") this.#options.onTrouble(error.detail);
    }
    this.#plan();
  }

  #plan(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#runRound();
    }, this.#options.sweepIntervalMs);
  }

  async #requireSameStore(): Promise<void> {
    const { servers, partitions, prefix, description } = this.#options;
    const key = storeKey(prefix);
    const found = toBytesOrNull(await servers.read(slotOf(key), ["GET", key]));
    if (found !== null && Buffer.from(found).toString() === description) return;
    const what = found === null ? "is empty now" : "holds another store now";
    throw new KeyholdError(
      "internal",
      `The server under the prefix ${JSON.stringify(prefix)} ${what}, ${partitions.length} partitions were opened; restart to begin anew`,
    );
  }

  async #keepUp(partition: Partition): Promise<void> {
    const { due, trims } = await this.#look(partition);
    if (due.length > 0) await this.#sweep(partition, due);
    if (trims) await this.#trim(partition);
    if (due.length > 0 || trims) await this.#look(partition);
  }

  /** What there is to do for a partition; its figures are passed on. */
  async #look(partition: Partition): Promise<{ readonly due: readonly string[]; readonly trims: boolean }> {
    const { servers, historyChanges, historyAgeMs, idempotencyAgeMs, onFigures } = this.#options;
    // Asked before, as a first commit may be answered between the look and its own answer.
    const hadRevision = this.#options.hasRevision(partition);
    const { slot, meta, names, ends, log, records } = partition;
    const args = [SWEEP_ENTRIES, historyChanges, historyAgeMs, idempotencyAgeMs].map(String);
    const reply = await servers.readScript(slot, SCRIPTS.look, [meta, names, ends, log, records], args);
    const [entries = null, revision = null, kept = null, bytes = null, trims = null, due = null] = toList(reply);
    if (toCount(revision) === 0 && hadRevision) throw new KeyholdError("internal", EMPTIED);
    onFigures(partition, {
      entries: toInteger(entries),
      revision: toCount(revision),
      records: toCount(kept),
      recordBytes: toCount(bytes),
    });
    return { due: toList(due).map(toText), trims: trims === 1 };
  }

  async #sweep(partition: Partition, due: readonly string[]): Promise<void> {
    const { servers, onSwept } = this.#options;
    const { slot, meta, names, ends, log, entryPrefix, nameAt } = partition;
    let found = due;
    for (let round = 0; round < SWEEPS_A_ROUND && !this.#isStopped; round++) {
      const keys = [meta, names, ends, log, ...found.map((name) => `${entryPrefix}${name}`)];
      const { reply } = await servers.write(slot, SCRIPTS.remove, keys, ["expire", String(nameAt)]);
      const removed = new ReplyReader(toBytes(reply)).uint32();
      onSwept(removed);
      // Another server may have been here first.
      if (removed === 0 || found.length < SWEEP_ENTRIES) return;
      found = (await this.#look(partition)).due;
      if (found.length === 0) return;
    }
  }

  async #trim({ slot, meta, log, records }: Partition): Promise<void> {
    const { servers, historyChanges, historyAgeMs, idempotencyAgeMs } = this.#options;
    const args = [historyChanges, historyAgeMs, TRIM_MOST, idempotencyAgeMs].map(String);
    for (let round = 0; round < TRIMS_A_ROUND && !this.#isStopped; round++) {
      const { reply } = await servers.write(slot, SCRIPTS.trim, [meta, log, records], args);
      const [dropped, forgotten] = toList(reply).map(toInteger);
      if ((dropped ?? 0) < TRIM_MOST && (forgotten ?? 0) < TRIM_MOST) return;
    }
  }
}
