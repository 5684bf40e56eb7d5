// Who wants which changes. Watchers with the same interest share a channel, so that what they are sent is made once; an
// index finds the channels that a change concerns without asking each of them.
import type { Change } from "../../core/batch.ts";
import { compareKeys, type Key } from "../../core/key.ts";
import { boundsOf, isInSet, type KeySet } from "../../core/range.ts";
import type { Selection } from "../entries.ts";
import type { Member } from "./member.ts";

export interface Interest {
  readonly selection: Selection;
  /** Whether changes of expiry alone are wanted. */
  readonly hasTouches: boolean;
  readonly hasValues: boolean;
}

export interface Channel {
  readonly id: number;
  readonly interest: Interest;
  readonly members: Set<Member>;
  /** Position of the latest change that concerns it; -1 before the first. */
  lastMatch: number;
  /** Whether a change is of its keys and of a kind that it wants. */
  takes(change: Change): boolean;
}

export class Channels {
  readonly #byName = new Map<string, Channel>();
  readonly #byKey = new Map<string, Set<Channel>>();
  readonly #byPrefix = new Map<string, Set<Channel>>();
  /** How many prefixes of the index have this length. */
  readonly #prefixLengths = new Map<number, number>();
  #lastId = 0;

  /** The channel of this interest, made if there is none. */
  open(interest: Interest): Channel {
    const name = JSON.stringify(interest);
    const standing = this.#byName.get(name);
    if (standing !== undefined) return standing;
    const isOfItsKeys = makeKeyTest(interest.selection);
    const channel: Channel = {
      id: ++this.#lastId,
      interest,
      members: new Set(),
      lastMatch: -1,
      takes: ({ kind, key }) => (interest.hasTouches || kind !== "touch") && isOfItsKeys(key),
    };
    this.#byName.set(name, channel);
    this.#enter(channel);
    return channel;
  }

  /** Requires: no members left. */
  close(channel: Channel): void {
    this.#byName.delete(JSON.stringify(channel.interest));
    const { selection } = channel.interest;
    if ("keys" in selection) for (const key of selection.keys) removeFrom(this.#byKey, key, channel);
    else if (removeFrom(this.#byPrefix, commonPrefix(selection.set), channel)) {
      this.#countLength(commonPrefix(selection.set).length, -1);
    }
  }

  /** The channels that a change concerns. */
  *of(change: Change): Generator<Channel> {
    for (const channel of this.#byKey.get(change.key) ?? []) if (channel.takes(change)) yield channel;
    for (const length of this.#prefixLengths.keys()) {
      if (length > change.key.length) continue;
      for (const channel of this.#byPrefix.get(change.key.slice(0, length)) ?? []) {
        if (channel.takes(change)) yield channel;
      }
    }
  }

  #enter(channel: Channel): void {
    const { selection } = channel.interest;
    if ("keys" in selection) for (const key of selection.keys) addTo(this.#byKey, key, channel);
    else if (addTo(this.#byPrefix, commonPrefix(selection.set), channel)) {
      this.#countLength(commonPrefix(selection.set).length, 1);
    }
  }

  #countLength(length: number, by: 1 | -1): void {
    const count = (this.#prefixLengths.get(length) ?? 0) + by;
    if (count === 0) this.#prefixLengths.delete(length);
    else this.#prefixLengths.set(length, count);
  }
}

/** Whether a key is selected. */
export function makeKeyTest(selection: Selection): (key: Key) => boolean {
  if ("keys" in selection) {
    const keys = new Set(selection.keys);
    return (key) => keys.has(key);
  }
  const { set } = selection;
  const { low, high } = boundsOf(set);
  return (key) => compareKeys(key, low) >= 0 && (high === null || compareKeys(key, high) < 0) && isInSet(set, key);
}

/** What every key of the set begins with. */
function commonPrefix({ prefix, pattern }: KeySet): string {
  const other = pattern?.prefix ?? "";
  return other.length > prefix.length ? other : prefix;
}

/** Whether the name is new. */
function addTo(index: Map<string, Set<Channel>>, name: string, channel: Channel): boolean {
  const standing = index.get(name);
  if (standing === undefined) index.set(name, new Set([channel]));
  else standing.add(channel);
  return standing === undefined;
}

/** Whether the name has none left. */
function removeFrom(index: Map<string, Set<Channel>>, name: string, channel: Channel): boolean {
  const standing = index.get(name);
  standing?.delete(channel);
  return standing?.size === 0 && index.delete(name);
}
