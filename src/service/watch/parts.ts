// What is sent at once: changes that concern a channel, as many as fit. A part is made at the first pull from a place and
// kept for the others that are in the same place. Making one may come to a page of changes that are looked at and values that
// are read, so it is done in a share of each turn of the event loop.
import type { EpochMs } from "../../core/expiry.ts";
import { LIMITS } from "../../core/limits.ts";
import type { LoggedChange } from "../../store/store.ts";
import { ChangeBatch, type ChangeEvent, lengthOf } from "./batch.ts";
import type { Channel, Interest } from "./channels.ts";
import type { LoopShare } from "./loop-share.ts";
import { SharedCache } from "./shared-cache.ts";
import type { ShownEntries } from "./shown-entries.ts";
import type { ChangeTail } from "./tail.ts";

export interface Part {
  readonly batch: ChangeBatch;
  /** The position behind what has been looked at. */
  readonly to: number;
}

export interface PartRequest {
  readonly tail: ChangeTail;
  readonly position: number;
  readonly channel: Channel;
}

export interface PartTools {
  readonly entries: ShownEntries;
  readonly share: LoopShare;
}

/** May be empty: a page of changes that do not concern the channel is progress too. It ends where the tail has moved away. */
export async function makePart({ tail, position, channel }: PartRequest, tools: PartTools): Promise<Part> {
  const events: ChangeEvent[] = [];
  let length = 0;
  let to = position;
  while (to < tail.end && to - position < LIMITS.watchPageChanges && length < LIMITS.watchPartLength) {
    if (tools.share.isSpent()) await tools.share.later();
    if (to < tail.oldest) break;
    const change = tail.at(to++);
    if (!channel.takes(change)) continue;
    const event = { change, entry: await readShown(change, channel.interest, tools.entries) };
    events.push(event);
    length += lengthOf(event);
  }
  return { batch: new ChangeBatch(events), to };
}

async function readShown(change: LoggedChange, { hasValues }: Interest, entries: ShownEntries) {
  if (change.kind === "touch") return entries.readInfo(change.key);
  return change.kind === "put" && hasValues ? entries.readAtOrAfter(change) : null;
}

export class SharedParts {
  /** By channel and position. */
  readonly #standing = new SharedCache<Promise<Part>>(LIMITS.watchSharedLength);

  /** The part of this name, made by the first to ask; anew where something that it shows has ended. */
  async take(name: string, { make, now }: { make: () => Promise<Part>; now: () => EpochMs }): Promise<Part> {
    for (let seen = this.#standing.get(name); seen !== undefined; ) {
      const part = await seen;
      if (part.batch.isCurrent(now())) return part;
      const standing = this.#standing.get(name);
      if (standing === seen) break;
      seen = standing;
    }
    // Made at once: all who are woken together ask before the first of them has an answer.
    const making = make();
    this.#standing.set(name, making, 0);
    try {
      const part = await making;
      // What it takes is known only now; it may have been forgotten meanwhile.
      if (this.#standing.get(name) === making) this.#standing.set(name, making, part.batch.length);
      return part;
    } catch (error) {
      if (this.#standing.get(name) === making) this.#standing.delete(name);
      throw error;
    }
  }

  clear(): void {
    this.#standing.clear();
  }
}
