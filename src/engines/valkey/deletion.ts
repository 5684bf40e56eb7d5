// Deletes what lies between two bounds, all partitions beside each other and each page by page: the names are read, and the
// script is given the keys of those that are wanted. Entries that are written meanwhile may stay; each that is counted was
// there and is gone. Once a page has failed no further one is begun, and who asked is told when none is under way any more:
// what is written after that answer is not deleted.
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
  readonly onPage: (partition: Partition, page: DeletedPage) => void;
}

/** What one call of the script has left of a partition. */
export interface DeletedPage {
  readonly deleted: number;
  /** The latest of the partition. */
  readonly revision: number;
  readonly at: number;
  /** Entries left in the partition. */
  readonly entries: number;
}

/** Entries deleted by one call of the script: some 0.5 ms for the others that wait. */
const PAGE_ENTRIES = 100;
/** Names looked at for one call, where most are not wanted. */
const PAGE_NAMES = 500;

/** How many entries it has deleted. @throws as Store.deleteAll() */
export async function deleteEntries(partitions: readonly Partition[], terms: DeletionTerms): Promise<number> {
  const { low, high } = terms.bounds;
  if (high !== null && compareKeys(low, high) >= 0) return 0;
  const failure = new AbortController();
  const deletions = await Promise.allSettled(
    partitions.map((partition) =>
      deleteInPartition(partition, terms, failure.signal).catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    ),
  );
  failure.signal.throwIfAborted();
  return deletions.reduce((sum, deletion) => sum + (deletion.status === "fulfilled" ? deletion.value : 0), 0);
}

async function deleteInPartition(partition: Partition, terms: DeletionTerms, failure: AbortSignal): Promise<number> {
  const { low, high } = lexBounds(terms.bounds);
  let deleted = 0;
  for (let from = low; ; ) {
    const range = ["ZRANGEBYLEX", partition.names, from, high, "LIMIT", "0", String(PAGE_NAMES)];
    const found = toList(await terms.servers.read(partition.slot, range)).map(toText);
    const wanted = found.filter(terms.isWanted);
    for (let at = 0; at < wanted.length && !failure.aborted; at += PAGE_ENTRIES) {
      deleted += await deletePage(partition, terms, wanted.slice(at, at + PAGE_ENTRIES));
    }
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE_NAMES || failure.aborted) return deleted;
    from = `(${last}`;
  }
}

async function deletePage(
  partition: Partition,
  { servers, onPage }: DeletionTerms,
  wanted: readonly string[],
): Promise<number> {
  const { slot, meta, names, ends, log, entryPrefix, nameAt } = partition;
  const keys = [meta, names, ends, log, ...wanted.map((name) => `${entryPrefix}${name}`)];
  const { reply, shortfall } = await servers.write(slot, SCRIPTS.remove, keys, ["delete", String(nameAt)]);
  const reader = new ReplyReader(toBytes(reply));
  const [deleted, revision, at, entries] = [reader.uint32(), reader.uint64(), reader.uint64(), reader.uint32()];
  onPage(partition, { deleted, revision, at, entries });
  if (shortfall === null) return deleted;
  throw new KeyholdError(
    "outcome-unknown",
    `At least ${deleted} entries were deleted, but ${shortfall}; ask for the deletion again`,
  );
}
