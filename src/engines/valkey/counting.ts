// How many live entries lie between two bounds: counted by each partition at one instant of its own, and summed.
import { compareKeys, type Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { type Bounds, EVERY_KEY } from "../../core/range.ts";
import type { Partition } from "./layout.ts";
import { type ListingParts, lexBounds, listEntries } from "./listing.ts";
import { toInteger, toList, toText } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Servers } from "./servers.ts";

export interface Counted {
  readonly bounds: Bounds;
  /** Whether that is every key there is. */
  readonly isEvery: boolean;
}

/** Names of ended entries that one partition is asked for; with more, entries are counted by listing them. */
const ENDED_MOST = 10_000;

export async function countEntries(
  parts: ListingParts & { readonly servers: Pick<Servers, "read" | "readScript"> },
  counted: Counted,
): Promise<number> {
  if (counted.bounds.high !== null && compareKeys(counted.bounds.low, counted.bounds.high) >= 0) return 0;
  const { partitions } = parts.layout;
  const counts = await Promise.all(partitions.map((partition) => countPartition(parts.servers, partition, counted)));
  const known = counts.filter((count) => count !== null);
  if (known.length < counts.length) return countByListing(parts, counted.bounds);
  return known.reduce((sum, count) => sum + count, 0);
}

/** Null where too many entries have ended and await the sweeper. */
async function countPartition(
  servers: Pick<Servers, "readScript">,
  { slot, meta, names, ends }: Partition,
  { bounds, isEvery }: Counted,
): Promise<number | null> {
  const { low, high } = lexBounds(bounds);
  const args = [low, high, isEvery ? "1" : "0", String(ENDED_MOST)];
  const [count, ended] = toList(await servers.readScript(slot, SCRIPTS.count, [meta, names, ends], args));
  const gone = toList(ended ?? null).map(toText);
  if (gone.length >= ENDED_MOST) return null;
  return toInteger(count ?? null) - gone.filter((name) => isWithin(bounds, name)).length;
}

async function countByListing(parts: ListingParts, { low, high }: Bounds): Promise<number> {
  let total = 0;
  let after: Key | null = null;
  do {
    const range = { ...EVERY_KEY, start: low, end: high, after, reverse: false, limit: LIMITS.pageScannedKeys };
    const page: Awaited<ReturnType<typeof listEntries>> = await listEntries(parts, range);
    total += page.items.length;
    after = page.next;
  } while (after !== null);
  return total;
}

function isWithin({ low, high }: Bounds, name: string): boolean {
  return compareKeys(name, low) >= 0 && (high === null || compareKeys(name, high) < 0);
}
