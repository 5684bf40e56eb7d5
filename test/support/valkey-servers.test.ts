// That the servers which tests start are what they are asked to be.
import { expect, test } from "bun:test";
import { startCluster } from "./valkey-cluster.ts";
import { startSentinelSet } from "./valkey-sentinel.ts";
import type { ServerSettings } from "./valkey-settings.ts";
import { startReplicated, startStandalone } from "./valkey-standalone.ts";

/** Fail-overs take some seconds, and twenty more where Sentinels could not agree. */
const PATIENCE_MS = 60_000;
/** A node that is silent for so long is down. */
const DETECTION_MS = 1000;

const GUARDED: ServerSettings = { password: "secret", user: "keyhold", tls: true };

test("a server with a log of commands keeps what it has over a restart on the same port", async () => {
  const server = await startStandalone({ appendFsync: "always" });
  try {
    const { node } = server;
    await node.ask("SET", "key", "value");
    const { pid } = node;
    await node.restart();
    expect(node.pid).not.toBe(pid);
    expect(await node.ask("GET", "key")).toBe("value");
  } finally {
    await server.stop();
  }
});

test("a server without one begins empty after a kill", async () => {
  const server = await startStandalone();
  try {
    await server.node.ask("SET", "key", "value");
    await server.node.kill();
    expect(server.node.isRunning).toBe(false);
    await server.node.restart();
    expect(await server.node.ask("GET", "key")).toBeNull();
  } finally {
    await server.stop();
  }
});

for (const settings of [{}, GUARDED]) {
  const how = settings === GUARDED ? " by TLS and password" : "";

  test(
    `a primary with two replicas confirms a write by both${how}`,
    async () => {
      const { primary, replicas, stop } = await startReplicated({ replicas: 2, ...settings });
      try {
        expect(replicas).toHaveLength(2);
        const reply = await primary.ask("EVAL", "redis.call('SET', KEYS[1], 'v') return 1", "1", "key");
        expect(reply).toBe(1);
        expect(await primary.ask("WAIT", "2", "5000")).toBe(2);
      } finally {
        await stop();
      }
    },
    PATIENCE_MS,
  );

  test(
    `Sentinels choose another primary when theirs is killed${how}`,
    async () => {
      const set = await startSentinelSet({ downAfterMs: DETECTION_MS, ...settings });
      try {
        const old = await set.primary();
        expect(old.pid).toBe(set.nodes[0]?.pid ?? -1);
        await old.kill();
        await set.untilPrimaryIsNot(old);
        expect(await (await set.primary()).ask("ROLE")).toContain("master");
      } finally {
        await set.stop();
      }
    },
    PATIENCE_MS,
  );

  test(
    `a cluster covers all slots, and a replica takes over when its primary is killed${how}`,
    async () => {
      const cluster = await startCluster({ nodeTimeoutMs: DETECTION_MS, ...settings });
      try {
        expect(cluster.nodes).toHaveLength(6);
        const old = await cluster.primaryOf(0);
        const [replica] = await cluster.replicasOf(0);
        await old.kill();
        await cluster.untilPrimaryIsNot(0, old);
        expect((await cluster.primaryOf(0)).pid).toBe(replica?.pid ?? -1);
      } finally {
        await cluster.stop();
      }
    },
    PATIENCE_MS,
  );
}
