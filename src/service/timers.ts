// Time as the services wait for it: given from outside, so that tests need not sleep.

export interface Timers {
  /** Calls `run` once after the delay, unless what is returned is called before. */
  after(delayMs: number, run: () => void): () => void;
}
