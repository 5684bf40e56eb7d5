// All servers of a store gone at once, and back; and a store that vanishes from under a server that runs. Keyhold says so to
// everybody within its deadline, goes on by itself when they are back, and begins nothing anew where something has been.
import { expect, test } from "bun:test";
import { EventReader } from "../support/event-reader.ts";
import type { Http, HttpAnswer } from "../support/http-client.ts";
import {
  clusterStore,
  DEADLINE_MS,
  SLACK_MS,
  sentinelStore,
  standaloneStore,
  withKeyhold,
} from "../support/keyhold-fleet.ts";
import { pollUntil } from "../support/poll-until.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { expectWithin } from "../support/time-bar.ts";
import { startCluster } from "../support/valkey-cluster.ts";
import type { ServerGroup } from "../support/valkey-group.ts";
import type { ValkeyNode } from "../support/valkey-node.ts";
import { startSentinelSet } from "../support/valkey-sentinel.ts";
import { startStandalone } from "../support/valkey-standalone.ts";

const PATIENCE_MS = 20_000;
/** Within which a server notices that its store is gone. */
const NOTICED_MS = 3000;
const KEYS = 30;
const TEST_MS = 90_000;

/** Servers that can all be killed and started again. */
interface Going extends ServerGroup {
  readonly nodes: readonly ValkeyNode[];
  readonly store: readonly string[];
}

const KINDS: readonly (readonly [string, () => Promise<Going>])[] = [
  ["one server", startOne],
  ["Sentinels", startWithSentinels],
  ["a cluster", startAsCluster],
];

for (const [name, start] of KINDS) {
  // Mostly they wait for time to pass.
  test.concurrent(
    `${name}, all killed: everything is 503 within the deadline, and works again when they are back`,
    async () => {
      const servers = await start();
      try {
        await withKeyhold([...servers.store, "--promise", "applied"], async (server, http) => {
          for (const key of names()) expect((await http.put(`/${key}`, key)).status).toBe(201);
          const watch = await openWatch(server);
          await Promise.all(servers.nodes.map((node) => node.kill()));
          await expectAway(http);
          await Promise.all(servers.nodes.map((node) => node.restart()));
          await untilReady(http);
          // What was acknowledged, and is on the servers' disks, is there.
          for (const key of names()) expect(await http.text(`/${key}`)).toBe(key);
          for (const key of names()) expect((await http.put(`/${key}`, "again")).status).toBe(204);
          await expectGoneOn(watch);
        });
      } finally {
        await servers.stop();
      }
    },
    TEST_MS,
  );
}

test.concurrent(
  "a store that is emptied under a running server is missed: not ready, and no write begins it anew",
  async () => {
    const { node, stop } = await startStandalone({ appendFsync: "everysec" });
    const args = [...standaloneStore(node.address), "--promise", "applied"];
    try {
      await withKeyhold(args, async (_server, http) => {
        expect((await http.put("/a", "1")).status).toBe(201);
        await node.ask("FLUSHALL");
        await expectMissed(http);
        expect((await http.put("/b", "2")).status).toBe(503);
        expect(Number(await node.ask("DBSIZE"))).toBe(0);
      });
      // Started again it is a new store, as the operator has been told.
      await withKeyhold(args, async (_server, http) => {
        expect((await http.get("/a")).status).toBe(404);
        expect((await http.put("/b", "2")).status).toBe(201);
      });
    } finally {
      await stop();
    }
  },
  TEST_MS,
);

test.concurrent(
  "a watch that begins while the servers are away is 503, also beside one that is open",
  async () => {
    const { node, stop } = await startStandalone({ appendFsync: "everysec" });
    try {
      await withKeyhold([...standaloneStore(node.address), "--promise", "applied"], async (server, http) => {
        const watch = await openWatch(server);
        await node.kill();
        await expectRefused("watch", () => http.get("/keys?watch"));
        await expectRefused("watch from the beginning", () => http.get("/keys?watch&since=0"));
        watch.stream.close();
      });
    } finally {
      await stop();
    }
  },
  TEST_MS,
);

test.concurrent(
  "one primary of a cluster that is emptied is missed as well",
  async () => {
    const cluster = await startCluster({ replicasPer: 0, appendFsync: "everysec" });
    try {
      await withKeyhold([...clusterStore(cluster), "--promise", "applied"], async (_server, http) => {
        for (const key of names()) expect((await http.put(`/${key}`, key)).status).toBe(201);
        // Whichever of them holds the key that names the store: the others are emptied.
        const holds = await Promise.all(
          cluster.nodes.map(async (node) => String(await node.ask("KEYS", "keyhold:store")) !== ""),
        );
        expect(holds.filter(Boolean)).toHaveLength(1);
        const emptied = cluster.nodes[holds.indexOf(false)];
        await emptied?.ask("FLUSHALL");
        await expectMissed(http);
      });
    } finally {
      await cluster.stop();
    }
  },
  TEST_MS,
);

/** Every kind of request, and the probe. */
async function expectAway(http: Http): Promise<void> {
  const asks: readonly (readonly [string, () => Promise<HttpAnswer>])[] = [
    ["GET", () => http.get("/k0")],
    ["HEAD", () => http.head("/k1")],
    ["PUT", () => http.put("/k2", "x")],
    ["PATCH", () => http.patch("/counter", "incr=1")],
    ["DELETE", () => http.delete("/k3")],
    ["POST", () => http.postJson("/keys", '{"new": 1}')],
    ["listing", () => http.get("/keys?keys")],
    ["count", () => http.head("/keys?count")],
    ["DELETE of many", () => http.delete("/keys?prefix=k")],
    ["wait", () => http.get("/k0?wait=30", { "If-None-Match": "*" })],
  ];
  // At once, as each takes as long as it may.
  await Promise.all(asks.map(([what, ask]) => expectRefused(what, ask)));
  expect((await http.get("/-/ready")).status).toBe(503);
  expect((await http.get("/-/healthy")).status).toBe(200);
}

async function expectRefused(what: string, ask: () => Promise<HttpAnswer>): Promise<void> {
  const begunAt = performance.now();
  const { status, headers, text } = await ask();
  const tookMs = performance.now() - begunAt;
  expect({ what, status, text: status === 503 ? "" : text }).toEqual({ what, status: 503, text: "" });
  expect({ what, retryAfter: Number(headers["retry-after"]) > 0 }).toEqual({ what, retryAfter: true });
  expectWithin(`the answer to ${what}`, tookMs, DEADLINE_MS + SLACK_MS);
}

async function expectMissed(http: Http): Promise<void> {
  const emptiedAt = performance.now();
  await pollUntil(async () => (await http.get("/-/ready")).status === 503, {
    ms: PATIENCE_MS,
    intervalMs: 20,
    what: () => "The server is ready though its store is gone",
  });
  expectWithin("a store that is gone", performance.now() - emptiedAt, NOTICED_MS);
  const { status, text, headers } = await http.put("/new", "x");
  expect({ status, text: status === 503 ? "" : text }).toEqual({ status: 503, text: "" });
  expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  console.log(`away: ${JSON.parse(text).detail}`);
}

async function untilReady(http: Http): Promise<void> {
  await pollUntil(async () => (await http.get("/-/ready")).status === 200, {
    ms: PATIENCE_MS,
    what: () => "The server does not find its servers again",
  });
}

async function openWatch(server: ServerProcess): Promise<EventReader> {
  const stream = await makeSocketClient(server.url).open({
    method: "GET",
    target: "/keys?watch",
    headers: {},
    body: null,
  });
  const reader = new EventReader(stream, () => Bun.sleep(1));
  await reader.until("ready");
  return reader;
}

/** It either sees what is written once they are back, or has been told that it is over. */
async function expectGoneOn(watch: EventReader): Promise<void> {
  const seen = new Set<string>();
  while (seen.size < KEYS) {
    const event = await watch.next();
    if (event === null) return;
    if (event.event === "bye") {
      expect(await watch.next()).toBeNull();
      return;
    }
    if (event.event === "put" && event.data["value"] === "again") seen.add(String(event.data["key"]));
  }
  watch.stream.close();
}

function names(): readonly string[] {
  return Array.from({ length: KEYS }, (_, index) => `k${index}`);
}

async function startOne(): Promise<Going> {
  const { node, stop } = await startStandalone({ appendFsync: "everysec" });
  return { ca: null, nodes: [node], store: standaloneStore(node.address), stop };
}

async function startWithSentinels(): Promise<Going> {
  const set = await startSentinelSet({ replicas: 1, appendFsync: "everysec" });
  // The Sentinels too: nobody is left who knows who the primary is.
  return { ca: null, nodes: [...set.nodes, ...set.sentinels], store: sentinelStore(set), stop: () => set.stop() };
}

async function startAsCluster(): Promise<Going> {
  const cluster = await startCluster({ replicasPer: 0, appendFsync: "everysec" });
  return { ca: null, nodes: cluster.nodes, store: clusterStore(cluster), stop: () => cluster.stop() };
}
