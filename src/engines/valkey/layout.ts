// The names of keys on the server, and which partition an entry belongs to. A stored format, layout version 1; its rules of
// compatibility are in docs/formats.md.
//
// A store is divided into partitions. Each has a tag, and all its keys carry it in braces, so that a cluster keeps them in
// one slot and one script can change them together. The tags lie evenly in the slots: whoever divides these among servers
// divides the partitions.
import { crc32 } from "node:zlib";
import { KeyholdError } from "../../core/errors.ts";
import type { Key } from "../../core/key.ts";
import { taggedPart } from "../../store/partitions.ts";
import { SLOTS, slotOf, slotOfTag } from "./slots.ts";

/** Written to the store when it is created; another one is refused. */
export const LAYOUT_VERSION = 1;

/** Why an entry left its state, in packed changes. */
export const CHANGE_KINDS = ["put", "delete", "expire", "touch"] as const;

/** Bounds of `--partitions`: each costs a range read a page, and a script's worth of upkeep. */
export const PARTITIONS_MAX = 1024;

/** The keys of one partition. */
export interface Partition {
  readonly index: number;
  readonly slot: number;
  /** Hash: the latest revision, figures, the last change dropped from the log. */
  readonly meta: string;
  /** Sorted set of every name, by its bytes. */
  readonly names: string;
  /** Sorted set of the names of entries that end, by their instants. */
  readonly ends: string;
  /** Stream of changes. */
  readonly log: string;
  /** Sorted set of the records of named writes, by the instant at which each was asked. */
  readonly records: string;
  /** What the key of an entry is, before its name; of a record, before its id. */
  readonly entryPrefix: string;
  readonly recordPrefix: string;
  /** Where in the key of an entry its name begins, in bytes from 1 as Lua counts. */
  readonly nameAt: number;
}

export class Layout {
  readonly partitions: readonly Partition[];
  /** Hash of access tokens, in the slot of the first partition. */
  readonly tokens: string;

  /** @param prefix - without braces, so that the tag is what the slot is made of */
  constructor(prefix: string, count: number) {
    this.partitions = makeTags(count).map((tag, index) => makePartition(`${prefix}:{${tag}}`, index));
    this.tokens = `${this.first.entryPrefix.slice(0, -2)}t`;
  }

  /** The partition that holds what is of the whole store. */
  get first(): Partition {
    return requirePartition(this.partitions[0]);
  }

  partitionOf(key: Key): Partition {
    const { partitions } = this;
    if (partitions.length === 1) return this.first;
    return requirePartition(partitions[crc32(taggedPart(key)) % partitions.length]);
  }
}

/** What says which store stands under a prefix. In a slot of its own. */
export function storeKey(prefix: string): string {
  return `${prefix}:store`;
}

/** The shortest tags, in a fixed order, that lie in the middle of equal shares of the slots. */
function makeTags(count: number): readonly string[] {
  const wanted = new Map<number, number>();
  for (let index = 0; index < count; index++) wanted.set(Math.floor(((index + 0.5) * SLOTS) / count), index);
  const tags: string[] = new Array(count).fill("");
  for (let number = 0; wanted.size > 0; number++) {
    const tag = number.toString(36);
    const slot = slotOfTag(tag);
    const index = wanted.get(slot);
    if (index === undefined) continue;
    tags[index] = tag;
    wanted.delete(slot);
  }
  return tags;
}

function makePartition(base: string, index: number): Partition {
  const entryPrefix = `${base}:d:`;
  return {
    index,
    slot: slotOf(base),
    meta: `${base}:m`,
    names: `${base}:i`,
    ends: `${base}:x`,
    log: `${base}:s`,
    records: `${base}:r`,
    entryPrefix,
    recordPrefix: `${base}:q:`,
    nameAt: Buffer.byteLength(entryPrefix) + 1,
  };
}

function requirePartition(partition: Partition | undefined): Partition {
  if (partition === undefined) throw new KeyholdError("internal", "A store has at least one partition");
  return partition;
}
