// When the tokens of a store are read again that other servers write to as well: at intervals, and at once for whoever asks;
// one reading at a time, with a pause after each, so that no stream of unknown secrets becomes one of readings.
import type { Timers } from "../service/timers.ts";

export interface TokenReaderOptions {
  readonly timers: Timers;
  /** Reads, and takes over what there is. */
  readonly read: () => Promise<void>;
  /** Told of the first of several readings in a row that fail. */
  readonly onFailure: (error: unknown) => void;
}

/** With the time of a reading, what another server has changed counts here within a second. */
const INTERVAL_MS = 800;
const PAUSE_MS = 200;

export class TokenReader {
  readonly #options: TokenReaderOptions;
  /** Of those who asked since the last reading began: one that was under way may have come too early for them. */
  #asked: PromiseWithResolvers<void> | null = null;
  #state: "idle" | "reading" | "pausing" | "stopped" = "idle";
  #hasFailed = false;
  #cancelInterval: () => void = () => {};
  #cancelPause: () => void = () => {};

  constructor(options: TokenReaderOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Resolves when a reading that began after this call has ended, whether it failed or not. */
  readAgain(): Promise<void> {
    if (this.#state === "stopped") return Promise.resolve();
    this.#asked ??= Promise.withResolvers();
    const { promise } = this.#asked;
    if (this.#state === "idle") void this.#read();
    return promise;
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancelInterval();
    this.#cancelPause();
    this.#asked?.resolve();
  }

  #schedule(): void {
    this.#cancelInterval = this.#options.timers.after(INTERVAL_MS, () => {
      void this.readAgain();
      this.#schedule();
    });
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const asked = this.#asked;
    this.#asked = null;
    this.#state = "reading";
    try {
      await this.#options.read();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#isStopped) this.#options.onFailure(error);
      this.#hasFailed = true;
    }
    asked?.resolve();
    if (!this.#isStopped) this.#pause();
  }

  #pause(): void {
    this.#state = "pausing";
    this.#cancelPause = this.#options.timers.after(PAUSE_MS, () => {
      this.#state = "idle";
      if (this.#asked !== null) void this.#read();
    });
  }

  get #isStopped(): boolean {
    return this.#state === "stopped";
  }
}
