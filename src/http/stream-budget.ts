// Bounds the bytes of answers that wait for clients to take them, over all connections; an answer that is not streamed is one
// part here. A part for each is little, but thousands of clients that stop reading would fill the memory together. Where there
// is no room for a part, it waits for its turn, and those are cut off that have held theirs longest; one that takes its parts in
// time never is.

/** An answer, as the budget knows it. */
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
  readonly isMade: boolean;
  readonly sinceMs: number;
  readonly come: () => void;
}

/** Since when a part is held that is still being made: its client cannot be late. */
const NOT_YET = Number.POSITIVE_INFINITY;

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

  /** Answers cut off so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Bytes of parts that wait for their turn. */
  get waitingBytes(): number {
    return this.#turns.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** How long it has waited for its turn; 0 where it does not. */
  waitedMs(stream: WaitingStream): number {
    const turn = this.#turns.get(stream);
    return turn === undefined ? 0 : this.#options.steadyMs() - turn.sinceMs;
  }

  /**
   * As admit(), for a part that is not made before there is room for it, so that those who wait hold nothing. How large it will
   * be is a guess: filled() says what it has become. What the stream had before is to have been taken.
   */
  reserve(stream: WaitingStream, bytes: number): Promise<void> | undefined {
    return this.#wait(stream, bytes, false);
  }

  /** The part that room was reserved for is there, however large it is. */
  filled(stream: WaitingStream, bytes: number): void {
    this.#release(stream);
    this.#hold(stream, bytes, this.#options.steadyMs());
    this.#giveTurns();
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
      this.#hold(stream, bytes, this.#options.steadyMs());
      return this.#giveTurns();
    }
    return this.#wait(stream, bytes, true);
  }

  /** The client has taken it, or there is nobody to take it any more; nobody waits for it then. */
  taken(stream: WaitingStream): void {
    this.#release(stream);
    const turn = this.#turns.get(stream);
    this.#turns.delete(stream);
    turn?.come();
    this.#giveTurns();
  }

  #wait(stream: WaitingStream, bytes: number, isMade: boolean): Promise<void> | undefined {
    const sinceMs = this.#options.steadyMs();
    if (this.#turns.size === 0 && this.#hasRoom(bytes)) return this.#hold(stream, bytes, isMade ? sinceMs : NOT_YET);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.set(stream, { bytes, isMade, sinceMs, come: resolve });
    this.#giveTurns();
    if (this.#turns.size > 0) this.#lookLater();
    return promise;
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#options.limitBytes;
  }

  #hold(stream: WaitingStream, bytes: number, sinceMs: number): undefined {
    this.#held.set(stream, { bytes, sinceMs });
    this.#bytes += bytes;
  }

  #release(stream: WaitingStream): void {
    this.#bytes -= this.#held.get(stream)?.bytes ?? 0;
    this.#held.delete(stream);
  }

  #giveTurns(): undefined {
    for (const [stream, { bytes, isMade, come }] of this.#turns) {
      if (!this.#hasRoom(bytes)) return undefined;
      this.#turns.delete(stream);
      this.#hold(stream, bytes, isMade ? this.#options.steadyMs() : NOT_YET);
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
      if (this.#turns.size === 0) return;
      if (sinceMs > before) continue;
      this.taken(stream);
      this.#cuts++;
      stream.cut();
    }
  }
}
