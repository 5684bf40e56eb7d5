// Who wants which changes. Watchers with the same interest share a channel, so that what they are sent is made once; an
// index by key and by prefix finds the channels that changes may concern, without asking each of them about each change.
import type { Change } from "../../core/batch.ts";
import { compareKeys, type Key } from "../../core/key.ts";
import { boundsOf, isInSet, type KeySet } from "../../core/range.ts";
import type { Selection } from "../entries.ts";
import { KeyIndex } from "./key-index.ts";
import type { Member } from "./member.ts";

export interface Interest {
  readonly selection: Selection;
  /** Whether changes of expiry alone are wanted. */
  readonly hasTouches: boolean;
  readonly hasValues: boolean;
}

export interface Channel {
  readonly id: number;
  readonly name: string;
  readonly interest: Interest;
  /** Whether the index alone tells which changes concern it. */
  readonly isIndexed: boolean;
  /** Whether it may take long to tell whether a change concerns it. */
  readonly hasPattern: boolean;
  readonly members: Set<Member>;
  /** Position of the latest change that concerns it, or may; -1 before the first. */
  lastMatch: number;
  /** From this position on it is not known yet whether changes concern it (sieve.ts); null where it is. */
  unsiftedFrom: number | null;
  /** Whether a change is of its keys and of a kind that it wants. */
  takes(change: Change): boolean;
}

export class Channels {
  readonly #byName = new Map<string, Channel>();
  /** Those that want touches, and those that do not. */
  readonly #touched = new KeyIndex<Channel>();
  readonly #untouched = new KeyIndex<Channel>();
  #lastId = 0;

  /** The channel of this interest, made if there is none. */
  open(interest: Interest): Channel {
    const name = JSON.stringify(interest);
    const standing = this.#byName.get(name);
    if (standing !== undefined) return standing;
    const channel = makeChannel(++this.#lastId, name, interest);
    this.#byName.set(name, channel);
    const index = this.#indexOf(interest);
    const { selection } = interest;
    if ("set" in selection) index.addPrefix(commonPrefix(selection.set), channel);
    else for (const key of selection.keys) index.addKey(key, channel);
    return channel;
  }

  /** Requires: no members left. */
  close(channel: Channel): void {
    this.#byName.delete(channel.name);
    const index = this.#indexOf(channel.interest);
    const { selection } = channel.interest;
    if ("set" in selection) index.removePrefix(commonPrefix(selection.set), channel);
    else for (const key of selection.keys) index.removeKey(key, channel);
  }

  /**
   * The channels that changes, the first of them at a position, concern as far as the index tells, in groups; each group with
   * the position of the last such change. A channel of several keys may be in several groups.
   */
  concernedBy(changes: readonly Change[], from: number): Map<ReadonlySet<Channel>, number> {
    const concerned = new Map<ReadonlySet<Channel>, number>();
    for (const [index, { kind, key }] of changes.entries()) {
      for (const group of this.#touched.groupsOf(key)) concerned.set(group, from + index);
      if (kind === "touch") continue;
      for (const group of this.#untouched.groupsOf(key)) concerned.set(group, from + index);
    }
    return concerned;
  }

  #indexOf({ hasTouches }: Interest): KeyIndex<Channel> {
    return hasTouches ? this.#touched : this.#untouched;
  }
}

function makeChannel(id: number, name: string, interest: Interest): Channel {
  const { selection, hasTouches } = interest;
  const isOfItsKeys = makeKeyTest(selection);
  return {
    id,
    name,
    interest,
    isIndexed: "keys" in selection || isPrefixAlone(selection.set),
    hasPattern: "set" in selection && selection.set.pattern !== null,
    members: new Set(),
    lastMatch: -1,
    unsiftedFrom: null,
    takes: ({ kind, key }) => (hasTouches || kind !== "touch") && isOfItsKeys(key),
  };
}

function isPrefixAlone({ pattern, start, end }: KeySet): boolean {
  return pattern === null && start === null && end === null;
}

/** Whether a key is selected. */
function makeKeyTest(selection: Selection): (key: Key) => boolean {
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
