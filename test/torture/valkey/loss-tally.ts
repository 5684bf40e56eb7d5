// What the rounds of failover and partition came to, over all their lanes: acknowledged and lost writes of each promise, and every
// sentence on something that is broken.
import type { Verdict } from "../../support/fault-client.ts";
import type { FaultLoad } from "../../support/fault-load.ts";
import { FAULTS_MAX, type Findings } from "../method.ts";

interface Losses {
  acknowledged: number;
  lost: number;
}

export class LossTally {
  readonly #losses = new Map<string, Losses>();
  readonly #faults: string[] = [];
  #unknown = 0;
  #refused = 0;
  #longestGapMs = 0;
  #slowestMs = 0;

  add(promise: string, load: FaultLoad, { lost }: Verdict): void {
    const losses = this.#losses.get(promise) ?? { acknowledged: 0, lost: 0 };
    losses.acknowledged += load.count("made");
    losses.lost += lost;
    this.#losses.set(promise, losses);
    this.#unknown += load.count("unknown");
    this.#refused += load.count("refused");
    this.#slowestMs = Math.max(this.#slowestMs, load.slowestMs);
  }

  noteGap(ms: number): void {
    this.#longestGapMs = Math.max(this.#longestGapMs, ms);
  }

  broken(sentence: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(sentence);
  }

  get isBroken(): boolean {
    return this.#faults.length > 0;
  }

  get acknowledged(): number {
    return [...this.#losses.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** @param counts - what the method has counted or tells besides, as kills */
  findings(counts: Findings["figures"]): Findings {
    const seconds = (ms: number) => Math.round(ms / 100) / 10;
    const lost = [...this.#losses].map(([promise, losses]): [string, string] => [
      `lost with ${promise}`,
      `${losses.lost.toLocaleString("en")} of ${losses.acknowledged.toLocaleString("en")}`,
    ]);
    return {
      figures: {
        ...counts,
        "acknowledged writes": this.acknowledged,
        ...Object.fromEntries(lost),
        "unknown (504)": this.#unknown,
        "refused (503)": this.#refused,
        "longest without service, s": seconds(this.#longestGapMs),
        "slowest answer, s": seconds(this.#slowestMs),
      },
      faults: this.#faults,
    };
  }
}
