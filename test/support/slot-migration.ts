// Moves a slot of a cluster from one primary to another while it is used, by the way that every version knows: the target is
// told that it imports, the source that it migrates, keys go over in parts by MIGRATE, and all are told of the new owner.
import type { Cluster } from "./valkey-cluster.ts";
import type { ValkeyNode } from "./valkey-node.ts";

/** Keys in one MIGRATE, few so that it takes long. */
const KEYS_AT_ONCE = 10;
const MIGRATE_TIMEOUT_MS = 5000;

/** @returns how many keys have gone over */
export async function moveSlot(cluster: Cluster, slot: number, target: ValkeyNode): Promise<number> {
  const source = await cluster.primaryOf(slot);
  if (source === target) return 0;
  const [sourceId, targetId] = [
    String(await source.ask("CLUSTER", "MYID")),
    String(await target.ask("CLUSTER", "MYID")),
  ];
  await target.ask("CLUSTER", "SETSLOT", String(slot), "IMPORTING", sourceId);
  await source.ask("CLUSTER", "SETSLOT", String(slot), "MIGRATING", targetId);
  let moved = 0;
  for (;;) {
    const keys = await source.ask("CLUSTER", "GETKEYSINSLOT", String(slot), String(KEYS_AT_ONCE));
    if (!Array.isArray(keys)) throw new Error(`GETKEYSINSLOT answered ${keys}`);
    if (keys.length === 0) break;
    const { host, port } = target.address;
    await source.ask("MIGRATE", host, String(port), "", "0", String(MIGRATE_TIMEOUT_MS), "KEYS", ...keys.map(String));
    moved += keys.length;
  }
  // The target first, so that there is no moment in which nobody takes the slot for its own.
  await target.ask("CLUSTER", "SETSLOT", String(slot), "NODE", targetId);
  await source.ask("CLUSTER", "SETSLOT", String(slot), "NODE", targetId);
  const others = cluster.nodes.filter((node) => node !== target && node !== source);
  // Replicas refuse it, and hear of it from their primaries.
  await Promise.all(
    others.map((node) => node.ask("CLUSTER", "SETSLOT", String(slot), "NODE", targetId).catch(() => null)),
  );
  return moved;
}

/** The slots that hold keys, as the primaries count them. */
export async function usedSlots(cluster: Cluster, slots: readonly number[]): Promise<readonly number[]> {
  const counts = await Promise.all(
    slots.map(async (slot) => {
      const owner = await cluster.primaryOf(slot);
      return Number(await owner.ask("CLUSTER", "COUNTKEYSINSLOT", String(slot)));
    }),
  );
  return slots.filter((_, index) => (counts[index] ?? 0) > 0);
}
