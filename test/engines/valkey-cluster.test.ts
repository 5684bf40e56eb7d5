// The router over the nodes of a cluster.
import { expect, test } from "bun:test";
import { CountingLoad } from "../support/counting-load.ts";
import { slotOf } from "../support/key-slot.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { expectWithin } from "../support/time-bar.ts";
import { type Cluster, sharedCluster, startCluster } from "../support/valkey-cluster.ts";
import { textOf } from "../support/valkey-connection.ts";
import type { ValkeyNode } from "../support/valkey-node.ts";
import {
  COUNT,
  ListLog,
  makeScript,
  PATIENCE_MS,
  SET,
  serversOptions,
  withServers,
} from "../support/valkey-servers.ts";

/** Needs both of its keys, and writes the second. */
const SET_SECOND = makeScript("redis.call('GET', KEYS[1]) redis.call('SET', KEYS[2], ARGV[1]) return 'written'");

const DEADLINE_MS = 2000;
const NODE_TIMEOUT_MS = 1000;
const RECOVERY_MS = 6000;
const KEYS = Array.from({ length: 24 }, (_, number) => {
  const key = `{count:${number}}`;
  return { key, slot: slotOf(key) };
});

function optionsOf(cluster: Cluster, changed: Parameters<typeof serversOptions>[1] = {}) {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("The cluster has no nodes");
  return serversOptions([node.address], { topology: "cluster", deadlineMs: DEADLINE_MS, ...changed });
}

async function withCluster(
  body: (cluster: Cluster) => Promise<void>,
  settings: Parameters<typeof startCluster>[0] = {},
): Promise<void> {
  const cluster = await startCluster({ appendFsync: "everysec", ...settings });
  try {
    await body(cluster);
  } finally {
    await cluster.stop();
  }
}

test(
  "each key goes to the primary of its slot",
  async () => {
    const cluster = await sharedCluster();
    await withServers(optionsOf(cluster), async (servers) => {
      for (const { key, slot } of KEYS) {
        await servers.write(slot, SET, [key], ["value"]);
        expect(textOf(await servers.read(slot, ["GET", key]))).toBe("value");
        expect(await (await cluster.primaryOf(slot)).ask("GET", key)).toBe("value");
      }
    });
  },
  PATIENCE_MS,
);

for (const how of ["killed", "stopped"] as const) {
  test(
    `a primary that is ${how} under load: its replica is written to, nothing acknowledged is lost, nothing counted twice`,
    async () => {
      await withCluster(
        async (cluster) => {
          const log = new ListLog();
          await withServers(optionsOf(cluster, { log, promise: "replicated:1" }), async (servers) => {
            const load = new CountingLoad(servers, KEYS);
            await load.untilMore(20);
            const old = await cluster.primaryOf(0);
            if (how === "killed") await old.kill();
            else old.pause();
            await cluster.untilPrimaryIsNot(0, old);
            await load.untilMore(20);
            if (how === "stopped") old.resume();
            await load.stop();
            expect(await load.wrongKeys()).toEqual([]);
            expectWithin("the longest that was not served", load.longestGapMs, RECOVERY_MS);
            expectWithin("the slowest answer", load.slowestMs, DEADLINE_MS + 200);
            const codes = [...load.refusals.keys()].filter((code) => !/unavailable|outcome-unknown/.test(code));
            expect(codes).toEqual([]);
            console.log(
              `${how}: longest gap ${Math.round(load.longestGapMs)} ms, slowest ${Math.round(load.slowestMs)} ms`,
            );
          });
        },
        { replicasPer: 2, nodeTimeoutMs: NODE_TIMEOUT_MS },
      );
    },
    PATIENCE_MS,
  );
}

test(
  "slots that are moved under load by the old way are served all the time, and no error is seen",
  async () => {
    await withCluster(async (cluster) => {
      const [source, target] = cluster.nodes;
      if (source === undefined || target === undefined) throw new Error("The cluster has no nodes");
      const moved = KEYS.filter(({ slot }) => slot < 5461);
      expect(moved.length).toBeGreaterThan(3);
      await withServers(optionsOf(cluster), async (servers) => {
        // Two keys a script, one of which has not been moved when the other has: TRYAGAIN.
        const pairs = moved.map(({ key, slot }) => ({ keys: [key, `${key}:second`], slot }));
        const load = new CountingLoad(servers, KEYS);
        const writing = { isOver: false, written: 0 };
        const writers = pairs.map(async ({ keys, slot }) => {
          while (!writing.isOver) {
            await servers.write(slot, SET_SECOND, keys, ["value"]);
            writing.written++;
          }
        });
        await load.untilMore(20);
        for (const { slot } of moved) await moveSlot({ slot, source, target });
        await load.untilMore(20);
        writing.isOver = true;
        await Promise.all(writers);
        await load.stop();
        expect(await load.wrongKeys()).toEqual([]);
        expect(load.refusals.size).toBe(0);
        for (const { key, slot } of moved) {
          expect(textOf(await servers.read(slot, ["GET", `${key}:second`]))).toBe("value");
          expect((await cluster.primaryOf(slot)).pid).toBe(target.pid);
        }
      });
    });
  },
  PATIENCE_MS,
);

test(
  "an entry that has been moved before its slot is read and written where it is",
  async () => {
    await withCluster(async (cluster) => {
      const [source, target] = cluster.nodes;
      const moved = KEYS.find(({ slot }) => slot < 5461);
      if (source === undefined || target === undefined || moved === undefined)
        throw new Error("There is nothing to move");
      const { key, slot } = moved;
      await withServers(optionsOf(cluster, { promise: "replicated:1" }), async (servers) => {
        await servers.write(slot, COUNT, [key], []);
        await beginMove({ slot, source, target });
        await moveKeys({ slot, source, target });
        expect(await servers.write(slot, COUNT, [key], [])).toEqual({ reply: 2, shortfall: null });
        expect(textOf(await servers.read(slot, ["GET", key]))).toBe("2");
        expect(await source.ask("CLUSTER", "COUNTKEYSINSLOT", String(slot))).toBe(0);
        await endMove({ slot, source, target });
        expect((await servers.write(slot, COUNT, [key], [])).reply).toBe(3);
      });
    });
  },
  PATIENCE_MS,
);

test("a node of a cluster is found to have a slot by redirection, when the map is old", async () => {
  const cluster = await sharedCluster();
  await withServers(optionsOf(cluster), async (servers) => {
    // A command for another slot than the one it is said to be for goes to the wrong node, which redirects it.
    const key = KEYS.find(({ slot }) => slot > 11_000)?.key;
    expect((await servers.write(0, COUNT, [`${key}:redirected`], [])).reply).toBe(1);
    const many = await rejectionOf(() => servers.write(0, SET, ["{a}", "{b}"], ["x"]));
    expect(many?.code).toBe("internal");
  });
});

interface Move {
  readonly slot: number;
  readonly source: ValkeyNode;
  readonly target: ValkeyNode;
}

/** As redis-cli --cluster reshard does it: a key at a time. */
async function moveSlot(move: Move): Promise<void> {
  await beginMove(move);
  await moveKeys(move);
  await endMove(move);
}

async function beginMove({ slot, source, target }: Move): Promise<void> {
  const [sourceId, targetId] = await Promise.all([source.ask("CLUSTER", "MYID"), target.ask("CLUSTER", "MYID")]);
  await target.ask("CLUSTER", "SETSLOT", String(slot), "IMPORTING", String(sourceId));
  await source.ask("CLUSTER", "SETSLOT", String(slot), "MIGRATING", String(targetId));
}

async function moveKeys({ slot, source, target }: Move): Promise<void> {
  const { host, port } = target.address;
  for (;;) {
    const keys = await source.ask("CLUSTER", "GETKEYSINSLOT", String(slot), "1");
    if (!Array.isArray(keys) || keys.length === 0) return;
    await source.ask("MIGRATE", host, String(port), "", "0", "5000", "KEYS", ...keys.map(String));
    await Bun.sleep(30);
  }
}

async function endMove({ slot, source, target }: Move): Promise<void> {
  const targetId = await target.ask("CLUSTER", "MYID");
  for (const node of [target, source]) await node.ask("CLUSTER", "SETSLOT", String(slot), "NODE", String(targetId));
}
