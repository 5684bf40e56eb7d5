// Bounds the bytes of streamed answers that wait for clients to take them, over all connections: a part for each is little,
// but thousands of clients that stop reading would fill the memory together. Where there is no room for a part, it waits for
// its turn, and those are cut off that have held theirs longest; one that takes its parts in time never is.

/** A streamed answer, as the budget knows it. */
export interface WaitingStream {
  cut(): void;
}

export interface StreamBudgetOptions {
  readonly limitBytes: number;
  /** How long a part may be held, however many wait for its room. */
  readonly graceMs: number;
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. */
  readonly after: (delayMs: number, run: () => void) => void;
}

interface Turn {
  readonly bytes: number;
  readonly come: () => void;
}

export class StreamBudget {
  readonly #options: StreamBudgetOptions;
  /** The part that each waits to have taken; who waits longest comes first. */
  readonly #held = new Map<WaitingStream, { readonly bytes: number; readonly sinceMs: number }>();
  /** Who waits for room, in the order in which they came. */
  readonly #turns = new Map<WaitingStream, Turn>();
  #bytes = 0;
  #isLooking = false;
  #cuts = 0;

  constructor(options: StreamBudgetOptions) {
    this.#options = options;
  }

  /** Bytes that wait for clients to take them. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Streams cut off so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Bytes of parts that wait for their turn. */
  get waitingBytes(): number {
    return this.#turns.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Resolves when a part may be handed to the connection: at once where there is room, or in place of a part of the same
   * stream that was no smaller; for one that is larger than all there is once nobody else holds any. The part that the stream
   * had before counts as taken.
   */
  admit(stream: WaitingStream, bytes: number): Promise<void> | undefined {
    const before = this.#held.get(stream)?.bytes ?? 0;
    this.#release(stream);
    if (before >= bytes) {
      this.#hold(stream, bytes);
      return this.#giveTurns();
    }
    if (this.#turns.size === 0 && this.#hasRoom(bytes)) return this.#hold(stream, bytes);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.set(stream, { bytes, come: resolve });
    this.#giveTurns();
    if (this.#turns.size > 0) this.#lookLater();
    return promise;
  }

  /** The client has taken it, or there is nobody to take it any more; nobody waits for it then. */
  taken(stream: WaitingStream): void {
    this.#release(stream);
    const turn = this.#turns.get(stream);
    this.#turns.delete(stream);
    turn?.come();
    this.#giveTurns();
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#options.limitBytes;
  }

  #hold(stream: WaitingStream, bytes: number): undefined {
    this.#held.set(stream, { bytes, sinceMs: this.#options.steadyMs() });
    this.#bytes += bytes;
  }

  #release(stream: WaitingStream): void {
    this.#bytes -= this.#held.get(stream)?.bytes ?? 0;
    this.#held.delete(stream);
  }

  #giveTurns(): undefined {
    for (const [stream, { bytes, come }] of this.#turns) {
      if (!this.#hasRoom(bytes)) return undefined;
      this.#turns.delete(stream);
      this.#hold(stream, bytes);
      come();
    }
    return undefined;
  }

  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#options.after(this.#options.graceMs, () => {
      this.#isLooking = false;
      this.#cutOldest();
      if (this.#turns.size > 0) this.#lookLater();
    });
  }

  #cutOldest(): void {
    const before = this.#options.steadyMs() - this.#options.graceMs;
    for (const [stream, { sinceMs }] of this.#held) {
      if (this.#turns.size === 0 || sinceMs > before) return;
      this.taken(stream);
      this.#cuts++;
      stream.cut();
    }
  }
}
