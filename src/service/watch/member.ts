// One who watches or waits, as the hub knows it: a place in the tail, and a way to be woken. Who is not waiting is not told:
// before it waits again it compares its position with its channel's last match, so that nothing is missed in between.
import { KeyholdError } from "../../core/errors.ts";
import type { Channel } from "./channels.ts";

/** Why a member gets no more: the client went away, its time is up, its token counts no more, the server stops, or the store failed. */
export type End =
  | { readonly is: "gone" | "time" | "token-ended" | "stopping" }
  | { readonly is: "failed"; readonly error: unknown };

/** What a member is let in by: calls `run` once when that counts no more. Returns what calls it off. */
export type Lease = (run: () => void) => () => void;

/** Of what nobody can take away. */
export const LASTING: Lease = () => () => {};

export class Member {
  readonly channel: Channel;
  #position = 0;
  /** The hub's count of beats when it was last sent something; null where no sign of life is due. */
  #sentAtBeat: number | null;
  #end: End | null = null;
  #wake: (() => void) | null = null;
  #release: () => void = () => {};

  constructor(channel: Channel, sentAtBeat: number | null) {
    this.channel = channel;
    this.#sentAtBeat = sentAtBeat;
  }

  /** Everything before it has been handed over, or does not concern the channel. */
  get position(): number {
    return this.#position;
  }

  get end(): End | null {
    return this.#end;
  }

  get isWaiting(): boolean {
    return this.#wake !== null;
  }

  /** Whether there is something between its position and the end of the tail, or may be. */
  get hasMore(): boolean {
    return this.channel.lastMatch >= this.#position;
  }

  moveTo(position: number): void {
    this.#position = position;
  }

  /** @param release - called when the member ends */
  hold(release: () => void): void {
    this.#release = release;
  }

  noteSent(beat: number): void {
    if (this.#sentAtBeat !== null) this.#sentAtBeat = beat;
  }

  /** Beats for which it has been sent nothing; 0 where it is to be sent nothing. */
  beatsSilent(beat: number): number {
    return beat - (this.#sentAtBeat ?? beat);
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
    this.#release();
    this.wake();
  }
}

/** What a wait fails with whose lease has ended. */
export function tokenEnded(): KeyholdError {
  return new KeyholdError("unauthenticated", "The token that this request was let in by does not count any more");
}
