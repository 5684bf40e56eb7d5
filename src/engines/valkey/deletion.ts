// Deletes what lies between two bounds of one partition, page by page: the names are read, and the script is given the keys of
// those that are wanted. Entries that are written meanwhile may stay; each that is counted was there and is gone.
import { KeyholdError } from "../../core/errors.ts";
import { compareKeys } from "../../core/key.ts";
import type { Bounds } from "../../core/range.ts";
import type { Partition } from "./layout.ts";
import { lexBounds } from "./listing.ts";
import { ReplyReader } from "./reply-reader.ts";
import { toBytes, toList, toText } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Servers } from "./servers.ts";

export interface DeletionTerms {
  readonly servers: Pick<Servers, "read" | "write">;
  readonly bounds: Bounds;
  readonly isWanted: (name: string) => boolean;
}

export interface PartitionDeletion {
  readonly deleted: number;
  /** The latest of the partition, as far as it was told; 0 where it was not. */
  readonly revision: number;
  readonly at: number;
  /** Entries left in the partition; null where it was not told. */
  readonly entries: number | null;
}

/** Entries deleted by one call of the script: some 0.5 ms for the others that wait. */
const PAGE_ENTRIES = 100;
/** Names looked at for one call, where most are not wanted. */
const PAGE_NAMES = 500;

export async function deletePartition(partition: Partition, terms: DeletionTerms): Promise<PartitionDeletion> {
  const { servers, bounds, isWanted } = terms;
  const { slot, names } = partition;
  const { low, high } = lexBounds(bounds);
  let done: PartitionDeletion = { deleted: 0, revision: 0, at: 0, entries: null };
  if (bounds.high !== null && compareKeys(bounds.low, bounds.high) >= 0) return done;
  for (let from = low; ; ) {
    const range = ["ZRANGEBYLEX", names, from, high, "LIMIT", "0", String(PAGE_NAMES)];
    const found = toList(await servers.read(slot, range)).map(toText);
    const wanted = found.filter(isWanted);
    for (let at = 0; at < wanted.length; at += PAGE_ENTRIES) {
      done = await deleteNames(partition, { servers, names: wanted.slice(at, at + PAGE_ENTRIES), done });
    }
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE_NAMES) return done;
    from = `(${last}`;
  }
}

async function deleteNames(
  { slot, meta, names, ends, log, entryPrefix, nameAt }: Partition,
  {
    servers,
    ...page
  }: Pick<DeletionTerms, "servers"> & {
    readonly names: readonly string[];
    readonly done: PartitionDeletion;
  },
): Promise<PartitionDeletion> {
  const keys = [meta, names, ends, log, ...page.names.map((name) => `${entryPrefix}${name}`)];
  const { reply, shortfall } = await servers.write(slot, SCRIPTS.remove, keys, ["delete", String(nameAt)]);
  const reader = new ReplyReader(toBytes(reply));
  const deleted = page.done.deleted + reader.uint32();
  const done = { deleted, revision: reader.uint64(), at: reader.uint64(), entries: reader.uint32() };
  if (shortfall !== null) throw unconfirmed(done, shortfall);
  return done;
}

function unconfirmed({ deleted }: PartitionDeletion, shortfall: string): KeyholdError {
  return new KeyholdError(
    "outcome-unknown",
    `At least ${deleted} entries were deleted, but ${shortfall}; ask for the deletion again`,
  );
}
