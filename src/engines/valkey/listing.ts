// Pages of a partitioned store in key order: the names of each partition are read in order and merged; then the entries of
// the page are read. No page is of one instant: each entry is as it was when it was read.
//
// A page takes only names up to the least of the last names of those partitions that have more, as a name beyond it may have
// one before it that was not read. So it may be shorter than asked, which the contract allows, and is never out of order.

import { type Entry, type EntryInfo, hasValue, withoutValue } from "../../core/entry.ts";
import type { Clock } from "../../core/expiry.ts";
import { isAlive } from "../../core/expiry.ts";
import { compareKeys, type Key, parseKey } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { type Bounds, boundsOfRange, isInSet, type Range } from "../../core/range.ts";
import type { Page } from "../../store/store.ts";
import { HEAD_AND_TYPE_BYTES, type Unpacked, unpackEntry, unpackHead } from "./entry-codec.ts";
import type { Layout, Partition } from "./layout.ts";
import { toBytes, toBytesOrNull, toList, toText } from "./reply-shapes.ts";
import type { Servers } from "./servers.ts";

export interface ListingParts {
  readonly servers: Pick<Servers, "read">;
  readonly layout: Layout;
  readonly now: Clock;
}

interface Names {
  readonly names: readonly Key[];
  readonly hasMore: boolean;
}

/** What a page is to hold of each entry. */
interface PageReading<T> {
  /** Of each entry, read first. */
  readonly headBytes: number;
  /** Null where it takes all of the entry. */
  readonly itemOf: (unpacked: Unpacked) => T | null;
  readonly fromWhole: (entry: Entry) => T;
}

/**
 * Entries asked for at once. All of a page would be a good part of what may wait for one server, so that a handful of listings
 * had everybody else refused; and most of it would be asked for in vain where the page ends at LIMITS.stepBytes.
 */
const READS_AT_ONCE = 250;
/** Read with the head, so that a small value needs no second question. */
const READ_AHEAD_BYTES = 1024;
/** Names asked of each of many partitions beyond its even share. */
const SHARE_MARGIN = 1.5;
const SHARE_LEAST = 3;
/**
 * How often those partitions are read on whose names have come to their end before the page is full. Names that lie together
 * (by a tag) are all in one of them: without this a page of them would be a share, and cost a command a partition.
 */
const REFILLS_MAX = 3;

/** As Store.list. */
export function listEntries(parts: ListingParts, range: Range): Promise<Page<EntryInfo>> {
  return readPage<EntryInfo>(parts, range, {
    headBytes: HEAD_AND_TYPE_BYTES,
    itemOf: (unpacked) => {
      if (unpacked.is === "unseen") return null;
      return unpacked.is === "whole" ? withoutValue(unpacked.entry) : unpacked.info;
    },
    fromWhole: withoutValue,
  });
}

/** As Store.scan. */
export function scanEntries(parts: ListingParts, range: Range): Promise<Page<Entry>> {
  return readPage<Entry>(parts, range, {
    headBytes: READ_AHEAD_BYTES,
    itemOf: (unpacked) => (unpacked.is === "whole" ? unpacked.entry : null),
    fromWhole: (entry) => entry,
  });
}

/** The live entry with its value; null where there is none. */
export function readEntry(
  { servers, layout }: Pick<ListingParts, "servers" | "layout">,
  key: Key,
  now: Clock,
): Promise<Entry | null> {
  const { slot, entryPrefix } = layout.partitionOf(key);
  return servers.read(slot, ["GET", `${entryPrefix}${key}`]).then((reply) => {
    const bytes = toBytesOrNull(reply);
    if (bytes === null) return null;
    const entry = unpackEntry(key, bytes);
    return isAlive(entry.expiresAt, now()) ? entry : null;
  });
}

/** A page ends where its values come to LIMITS.stepBytes, those included that are read only to see of what form they are. */
async function readPage<T extends EntryInfo>(
  parts: ListingParts,
  range: Range,
  reading: PageReading<T>,
): Promise<Page<T>> {
  const { names, next } = await readNames(parts, range);
  const items: (T | null)[] = [];
  let bytes = 0;
  for (let from = 0; from < names.length; from += READS_AT_ONCE) {
    const group = names.slice(from, from + READS_AT_ONCE);
    const heads = await Promise.all(group.map((name) => readHeadBytes(parts, name, reading.headBytes)));
    const taken: (T | Key)[] = [];
    let end = 0;
    for (; end < group.length && bytes < LIMITS.stepBytes; end++) {
      const [name, head = null] = [group[end], heads[end]];
      if (name === undefined || head === null) continue;
      const unpacked = unpackHead(name, head);
      const item = reading.itemOf(unpacked);
      if (item === null || hasValue(item)) bytes += sizeOf(unpacked);
      taken.push(item ?? name);
    }
    const read = taken.map((each) => (typeof each === "string" ? readWhole(parts, each, reading) : each));
    items.push(...(await Promise.all(read)));
    const at = from + end;
    if (bytes >= LIMITS.stepBytes && at < names.length) {
      return { items: alive(items, parts.now), next: names[at - 1] ?? null };
    }
  }
  return { items: alive(items, parts.now), next };
}

async function readWhole<T>(parts: ListingParts, key: Key, { fromWhole }: PageReading<T>): Promise<T | null> {
  const entry = await readEntry(parts, key, parts.now);
  return entry === null ? null : fromWhole(entry);
}

function sizeOf(unpacked: Unpacked): number {
  return unpacked.is === "whole" ? unpacked.entry.size : unpacked.info.size;
}

async function readHeadBytes({ servers, layout }: ListingParts, key: Key, count: number): Promise<Uint8Array | null> {
  const { slot, entryPrefix } = layout.partitionOf(key);
  const range = ["GETRANGE", `${entryPrefix}${key}`, "0", String(count - 1)];
  const bytes = toBytes(await servers.read(slot, range));
  return bytes.length === 0 ? null : bytes;
}

/** The names of one page, and where the next begins. */
async function readNames(parts: ListingParts, range: Range): Promise<{ names: readonly Key[]; next: Key | null }> {
  const { partitions } = parts.layout;
  const looked = range.pattern === null ? LIMITS.pageScannedKeys : LIMITS.pageMatchedKeys;
  const wanted = range.pattern === null ? Math.min(range.limit, looked) : looked;
  const share =
    partitions.length === 1 ? wanted + 1 : Math.ceil((wanted / partitions.length) * SHARE_MARGIN) + SHARE_LEAST;
  if (isEmpty(boundsOfRange(range))) return { names: [], next: null };
  let shares = await Promise.all(partitions.map((partition) => readShare(parts, partition, { range, share })));
  let safe = mergeSafely(shares, range.reverse);
  for (let refills = 0; refills < REFILLS_MAX && safe.bound !== null && safe.names.length < wanted; refills++) {
    const { names, bound } = safe;
    shares = await Promise.all(
      shares.map((held, index) => {
        const partition = partitions[index];
        if (partition === undefined || !held.hasMore || held.names.at(-1) !== bound) return held;
        return readOn(parts, partition, { held, range, share: wanted - names.length + 1 });
      }),
    );
    safe = mergeSafely(shares, range.reverse);
  }
  const looks = safe.names.slice(0, wanted);
  const names = looks.filter((name) => isInSet(range, name));
  const kept = names.slice(0, range.limit);
  const last = kept.length < names.length ? kept.at(-1) : looks.at(-1);
  const hasMore = safe.bound !== null || looks.length < safe.names.length || kept.length < names.length;
  return { names: kept, next: hasMore ? (last ?? null) : null };
}

async function readShare(
  { servers }: ListingParts,
  { slot, names }: Partition,
  { range, share }: { readonly range: Range; readonly share: number },
): Promise<Names> {
  const { low, high } = lexBounds(boundsOfRange(range));
  const command = range.reverse ? ["ZREVRANGEBYLEX", names, high, low] : ["ZRANGEBYLEX", names, low, high];
  const read = toList(await servers.read(slot, [...command, "LIMIT", "0", String(share)]));
  return { names: read.map((name) => parseKey(toText(name))), hasMore: read.length === share };
}

async function readOn(
  parts: ListingParts,
  partition: Partition,
  { held, range, share }: { readonly held: Names; readonly range: Range; readonly share: number },
): Promise<Names> {
  const after = held.names.at(-1) ?? range.after;
  const { names, hasMore } = await readShare(parts, partition, { range: { ...range, after }, share });
  return { names: [...held.names, ...names], hasMore };
}

/** The names that no unread one can come before, in order; and the last of them where there are more, else null. */
function mergeSafely(shares: readonly Names[], reverse: boolean): { names: readonly Key[]; bound: Key | null } {
  const order = reverse ? (a: Key, b: Key) => compareKeys(b, a) : compareKeys;
  let bound: Key | null = null;
  for (const { names, hasMore } of shares) {
    const last = names.at(-1);
    if (!hasMore || last === undefined) continue;
    if (bound === null || order(last, bound) < 0) bound = last;
  }
  const all = shares.flatMap(({ names }) => names);
  if (shares.length > 1) all.sort(order);
  if (bound === null) return { names: all, bound };
  const least = bound;
  return { names: all.filter((name) => order(name, least) <= 0), bound };
}

/** Bounds as ZRANGEBYLEX takes them. */
export function lexBounds({ low, high }: Bounds): { readonly low: string; readonly high: string } {
  return { low: low === "" ? "-" : `[${low}`, high: high === null ? "+" : `(${high}` };
}

function isEmpty({ low, high }: Bounds): boolean {
  return high !== null && compareKeys(low, high) >= 0;
}

/** Those that are there, and have not ended. */
function alive<T extends EntryInfo>(read: readonly (T | null)[], now: Clock): readonly T[] {
  const instant = now();
  return read.filter((entry) => entry !== null).filter(({ expiresAt }) => isAlive(expiresAt, instant));
}
