// Notices that nothing has come for too long while something is awaited, by one timer however much is awaited. It counts ticks
// and not the time between them: a process that was busy with other things for a while has not heard what came meanwhile, and
// takes that for one tick.

/** Ticks in the time allowed. A stall is noticed a tick or two late. */
const TICKS = 8;

export class StallWatch {
  readonly #tickMs: number;
  readonly #isAwaiting: () => boolean;
  readonly #onStall: () => void;
  #timer: ReturnType<typeof setInterval> | null = null;
  #quietTicks = 0;

  /** @param onStall - called once nothing has come for `stallMs` at the least, and an eighth longer at the most, while
   * something was awaited; the watch has ended then */
  constructor(options: {
    readonly stallMs: number;
    readonly isAwaiting: () => boolean;
    readonly onStall: () => void;
  }) {
    this.#tickMs = options.stallMs / TICKS;
    this.#isAwaiting = options.isAwaiting;
    this.#onStall = options.onStall;
  }

  /** Something is awaited from now on that was not before. */
  begin(): void {
    this.#quietTicks = -1;
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs);
  }

  /** Something has come. */
  heard(): void {
    this.#quietTicks = -1;
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** A tick that began before the last that was heard does not count. */
  #tick(): void {
    if (!this.#isAwaiting()) {
      this.end();
      return;
    }
    this.#quietTicks++;
    if (this.#quietTicks < TICKS) return;
    this.end();
    this.#onStall();
  }
}
