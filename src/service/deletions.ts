// Deletions of named keys, which need not be of one instant: where the keys lie in several partitions each of these has a
// commit of its own, while every other write of several keys is one commit or none.
import { requireMutationCount } from "../core/batch.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { groupByPartition, requireOnePartition } from "../store/partitions.ts";
import type { Store } from "../store/store.ts";

export interface DeletionParts {
  readonly store: Pick<Store, "partitionOf">;
  /** Whether a record is to be kept of what is done, which can only be part of one commit. */
  readonly hasName: boolean;
  /** Deletes keys of one partition, in one commit; how many there were. */
  readonly deleteKeys: (keys: readonly Key[]) => Promise<number>;
}

/**
 * How many were deleted. A failure in one partition leaves the others done; what it throws says so.
 *
 * @throws "body-too-large" over LIMITS.batchMutations; "cross-partition" where it has a name and takes several commits
 */
export async function deleteByPartition(
  keys: readonly Key[],
  { store, hasName, deleteKeys }: DeletionParts,
): Promise<number> {
  requireMutationCount(keys.length);
  const partitionOf = (key: Key) => store.partitionOf(key);
  if (hasName) requireOnePartition(keys, partitionOf);
  const groups = groupByPartition(keys, partitionOf);
  const [only = [], ...others] = groups;
  if (others.length === 0) return deleteKeys(only);
  let deleted = 0;
  const failures: unknown[] = [];
  const deleteGroup = async (group: readonly Key[]) => {
    try {
      const count = await deleteKeys(group);
      deleted += count;
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(groups.map(deleteGroup));
  if (failures.length > 0) throw withDeleted(failures[0], deleted);
  return deleted;
}

function withDeleted(error: unknown, deleted: number): unknown {
  if (!(error instanceof KeyholdError)) return error;
  const detail = `${error.detail}; of the other keys of this request, ${deleted} were deleted all the same`;
  return new KeyholdError(error.code, detail, { ...error.data, deleted }, { cause: error });
}
