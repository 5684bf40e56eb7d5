// Bounds the bytes of streamed answers that wait for clients to take them, over all connections: a part for each is little,
// but thousands of clients that stop reading would fill the memory together. While too much waits, those that have waited
// longest are cut off; one that takes its parts in time never is.

/** A streamed answer, as the budget knows it. */
export interface WaitingStream {
  cut(): void;
}

export interface StreamBudgetOptions {
  readonly limitBytes: number;
  /** How long a part may wait, however much does. */
  readonly graceMs: number;
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. */
  readonly after: (delayMs: number, run: () => void) => void;
}

export class StreamBudget {
  readonly #options: StreamBudgetOptions;
  /** The part that each waits to have taken; who waits longest comes first. */
  readonly #waiting = new Map<WaitingStream, { readonly bytes: number; readonly sinceMs: number }>();
  #bytes = 0;
  #isLooking = false;
  #cuts = 0;

  constructor(options: StreamBudgetOptions) {
    this.#options = options;
  }

  /** What waits to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Streams cut off so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** A part has been handed to the connection. */
  sent(stream: WaitingStream, bytes: number): void {
    this.taken(stream);
    this.#waiting.set(stream, { bytes, sinceMs: this.#options.steadyMs() });
    this.#bytes += bytes;
    if (this.#bytes > this.#options.limitBytes) this.#lookLater();
  }

  /** The client has taken it, or there is nobody to take it any more. */
  taken(stream: WaitingStream): void {
    this.#bytes -= this.#waiting.get(stream)?.bytes ?? 0;
    this.#waiting.delete(stream);
  }

  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#options.after(this.#options.graceMs, () => {
      this.#isLooking = false;
      this.#cutOldest();
      if (this.#bytes > this.#options.limitBytes) this.#lookLater();
    });
  }

  #cutOldest(): void {
    const before = this.#options.steadyMs() - this.#options.graceMs;
    for (const [stream, { sinceMs }] of this.#waiting) {
      if (this.#bytes <= this.#options.limitBytes || sinceMs > before) return;
      this.taken(stream);
      this.#cuts++;
      stream.cut();
    }
  }
}
