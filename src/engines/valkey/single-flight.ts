// Something that many may ask for at once, such as a look at the servers, and that is done once for all of them, and not too
// often.
import { pause } from "./pause.ts";

export class SingleFlight {
  readonly #run: () => Promise<void>;
  readonly #intervalMs: number;
  #underWay: Promise<void> | null = null;
  #beganAt = Number.NEGATIVE_INFINITY;

  /** @param run - must not reject. @param intervalMs - between two beginnings, at the least */
  constructor(run: () => Promise<void>, intervalMs: number) {
    this.#run = run;
    this.#intervalMs = intervalMs;
  }

  /** Resolves when what is under way, or begins by this, is done. */
  request(): Promise<void> {
    this.#underWay ??= this.#begin();
    return this.#underWay;
  }

  async #begin(): Promise<void> {
    const restMs = this.#beganAt + this.#intervalMs - performance.now();
    if (restMs > 0) await pause(restMs);
    this.#beganAt = performance.now();
    try {
      await this.#run();
    } finally {
      this.#underWay = null;
    }
  }
}
