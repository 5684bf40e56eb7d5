// Looks through changes for channels of which the index alone cannot tell whether they concern them: those with patterns and
// bounds. A bad pattern costs a tenth of a millisecond for each change and channel, so this is done in a share of each turn
// of the event loop, a channel after the other; those who want nothing of it are not woken, and others do not wait for it.
import { LIMITS } from "../../core/limits.ts";
import type { Channel } from "./channels.ts";
import type { LoopShare } from "./loop-share.ts";
import type { ChangeTail } from "./tail.ts";

export class Sieve {
  readonly #share: LoopShare;
  readonly #onFound: (channel: Channel, position: number) => void;
  readonly #due = new Map<Channel, ChangeTail>();
  #isSifting = false;

  /** @param onFound - told of the first change that concerns a channel, or may: it is not looked at further then */
  constructor(share: LoopShare, onFound: (channel: Channel, position: number) => void) {
    this.#share = share;
    this.#onFound = onFound;
  }

  /** To be called when there are changes from a position on that may concern the channel. Returns before they are looked at. */
  add(channel: Channel, tail: ChangeTail, from: number): void {
    channel.unsiftedFrom ??= from;
    this.#due.set(channel, tail);
    if (!this.#isSifting) void this.#siftAll();
  }

  /** Those that come while it goes on come last. */
  async #siftAll(): Promise<void> {
    this.#isSifting = true;
    for (const [channel, tail] of this.#due) {
      this.#due.delete(channel);
      await this.#sift(channel, tail);
    }
    this.#isSifting = false;
  }

  async #sift(channel: Channel, tail: ChangeTail): Promise<void> {
    let position = channel.unsiftedFrom ?? tail.end;
    const to = position + LIMITS.watchPageChanges;
    for (; position < tail.end; position++) {
      if (position === to) return this.add(channel, tail, position);
      if (this.#share.isSpent()) await this.#share.later();
      if (channel.members.size === 0) return;
      // What has been forgotten may have concerned it.
      if (position < tail.oldest || channel.takes(tail.at(position))) return this.#found(channel, position);
      channel.unsiftedFrom = position + 1;
    }
    channel.unsiftedFrom = null;
  }

  #found(channel: Channel, position: number): void {
    channel.unsiftedFrom = null;
    this.#onFound(channel, position);
  }
}
