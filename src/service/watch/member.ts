// One who watches or waits, as the hub knows it: a place in the tail, and a way to be woken. Who is not waiting is not told:
// before it waits again it compares its position with its channel's last match, so that nothing is missed in between.
import type { Channel } from "./channels.ts";

/** Why a member gets no more: the client went away, its time is up, the server stops, or the store failed. */
export type End = { readonly is: "gone" | "time" | "stopping" } | { readonly is: "failed"; readonly error: unknown };

export class Member {
  readonly channel: Channel;
  /** Everything before it has been handed over, or does not concern the channel. */
  position = 0;
  /** The hub's count of beats when it was last sent something. */
  sentAtBeat: number;
  #end: End | null = null;
  #wake: (() => void) | null = null;

  constructor(channel: Channel, beat: number) {
    this.channel = channel;
    this.sentAtBeat = beat;
  }

  get end(): End | null {
    return this.#end;
  }

  get isWaiting(): boolean {
    return this.#wake !== null;
  }

  /** Whether there is something between its position and the end of the tail. */
  get hasMore(): boolean {
    return this.channel.lastMatch >= this.position;
  }

  /** Resolves at the next wake(); at once where there is more already, or never will be. */
  wait(): Promise<void> {
    if (this.#end !== null || this.hasMore) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** The first end counts. */
  finish(end: End): void {
    this.#end ??= end;
    this.wake();
  }
}
