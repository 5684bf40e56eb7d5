// What is known of a store that others write to as well: of each partition, as the last answer of its server said; and what
// this server itself has done.
import { countOf, Histogram } from "../../core/histogram.ts";
import type { WritingStats } from "../../store/store.ts";
import type { PartitionFigures } from "./commit-reply.ts";
import type { Partition } from "./layout.ts";

/** In seconds: from a server beside this one to one that does not answer. */
const COMMIT_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const NONE: PartitionFigures = { entries: 0, records: 0, recordBytes: 0 };

export class Figures {
  readonly #partitions: PartitionFigures[];
  readonly #revisions: Float64Array;
  readonly #commitSeconds = new Histogram(COMMIT_BOUNDS);
  readonly #commitRequests = new Histogram([1]);
  readonly #waitSeconds = new Histogram(COMMIT_BOUNDS);
  readonly #checkpointSeconds = new Histogram(COMMIT_BOUNDS);
  #revision = 0;
  #expired = 0;

  constructor(partitions: number) {
    this.#partitions = new Array(partitions).fill(NONE);
    this.#revisions = new Float64Array(partitions);
  }

  /**
   * What an answer has told of a partition. Answers of two connections come in any order: one that is of before another
   * changes nothing.
   *
   * @param revision - the partition's latest when it was answered
   */
  note({ index }: Partition, revision: number, figures: Partial<PartitionFigures>): void {
    if (revision < (this.#revisions[index] ?? 0)) return;
    this.#revisions[index] = revision;
    this.#revision = Math.max(this.#revision, revision);
    this.#partitions[index] = { ...(this.#partitions[index] ?? NONE), ...figures };
  }

  /** The latest that is known of a partition; 0 before its first. */
  revisionOf({ index }: Partition): number {
    return this.#revisions[index] ?? 0;
  }

  noteExpired(count: number): void {
    this.#expired += count;
  }

  /** Every request is a commit of its own here, and waits for nothing but the server. */
  noteCommit(durationMs: number): void {
    this.#commitSeconds.observe(durationMs / 1000);
    this.#commitRequests.observe(1);
    this.#waitSeconds.observe(0);
  }

  /** The highest of any partition that is known. */
  get revision(): number {
    return this.#revision;
  }

  get expired(): number {
    return this.#expired;
  }

  get commits(): number {
    return countOf(this.#commitSeconds.read());
  }

  sum(): PartitionFigures {
    return this.#partitions.reduce((sum, { entries, records, recordBytes }) => ({
      entries: sum.entries + entries,
      records: sum.records + records,
      recordBytes: sum.recordBytes + recordBytes,
    }));
  }

  writing(): WritingStats {
    return {
      commitSeconds: this.#commitSeconds.read(),
      commitRequests: this.#commitRequests.read(),
      waitSeconds: this.#waitSeconds.read(),
      checkpointSeconds: this.#checkpointSeconds.read(),
    };
  }
}
