// What the writer thread counts, in memory that it shares with the serving threads: no message carries these numbers, and who
// asks for them reads what stands there at that moment.
import { countOf, Histogram, histogramCells } from "../../core/histogram.ts";
import type { WritingStats } from "../../store/store.ts";
import type { WriterFigures } from "./messages.ts";

/** In seconds: from a log that is not synced to a disk that hangs. */
export const COMMIT_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Requests; the last is GROUP_BOUNDS.operations. */
const REQUEST_BOUNDS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

const EXPIRED_CELL = 0;
const COMMIT_START = 1;
const REQUESTS_START = COMMIT_START + histogramCells(COMMIT_BOUNDS);
const CHECKPOINT_START = REQUESTS_START + histogramCells(REQUEST_BOUNDS);
const FIGURES_START = CHECKPOINT_START + histogramCells(COMMIT_BOUNDS);
const CELLS = FIGURES_START + 5;

export function makeTallyMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Float64Array.BYTES_PER_ELEMENT);
}

export class WriterTally {
  readonly #expired: Float64Array;
  readonly #commitSeconds: Histogram;
  readonly #commitRequests: Histogram;
  readonly #checkpointSeconds: Histogram;
  readonly #figures: Float64Array;

  /** @param memory - of makeTallyMemory(), shared by one thread that notes and any that read */
  constructor(memory: SharedArrayBuffer) {
    const cells = new Float64Array(memory);
    this.#expired = cells.subarray(EXPIRED_CELL, COMMIT_START);
    this.#commitSeconds = new Histogram(COMMIT_BOUNDS, cells.subarray(COMMIT_START, REQUESTS_START));
    this.#commitRequests = new Histogram(REQUEST_BOUNDS, cells.subarray(REQUESTS_START, CHECKPOINT_START));
    this.#checkpointSeconds = new Histogram(COMMIT_BOUNDS, cells.subarray(CHECKPOINT_START, FIGURES_START));
    this.#figures = cells.subarray(FIGURES_START);
  }

  /** @param expired - entries removed because they had ended, up to and with this commit */
  noteCommit(durationMs: number, expired: number): void {
    this.#commitSeconds.observe(durationMs / 1000);
    this.#expired[0] = expired;
  }

  /** How many requests shared a commit. */
  noteGroup(requests: number): void {
    this.#commitRequests.observe(requests);
  }

  noteCheckpoint(durationMs: number): void {
    this.#checkpointSeconds.observe(durationMs / 1000);
  }

  /** What stands in the store, to be noted before anybody is told of what was committed. */
  noteFigures({ entries, revision, sequence, records, recordBytes }: WriterFigures): void {
    this.#figures.set([entries, revision, sequence, records, recordBytes]);
  }

  get figures(): WriterFigures {
    const [entries = 0, revision = 0, sequence = 0, records = 0, recordBytes = 0] = this.#figures;
    return { entries, revision, sequence, records, recordBytes };
  }

  get commits(): number {
    return countOf(this.#commitSeconds.read());
  }

  get expired(): number {
    return this.#expired[0] ?? 0;
  }

  read(): Omit<WritingStats, "waitSeconds"> {
    return {
      commitSeconds: this.#commitSeconds.read(),
      commitRequests: this.#commitRequests.read(),
      checkpointSeconds: this.#checkpointSeconds.read(),
    };
  }
}
