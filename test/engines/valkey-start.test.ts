// Servers that cannot keep the promise are refused before the engine is open, each with the line to change.
import { describe, expect, test } from "bun:test";
import { NodePool } from "../../src/engines/valkey/node-pool.ts";
import type { ServersOptions } from "../../src/engines/valkey/servers.ts";
import { checkServers } from "../../src/engines/valkey/start-check.ts";
import type { ServerMap } from "../../src/engines/valkey/topology.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { sharedCluster } from "../support/valkey-cluster.ts";
import { NO_ACCESS } from "../support/valkey-connection.ts";
import { ListLog, PATIENCE_MS, serversOptions, withServers } from "../support/valkey-servers.ts";
import type { ServerSettings } from "../support/valkey-settings.ts";
import { startReplicated, startStandalone } from "../support/valkey-standalone.ts";
import type { ServerAddress } from "../support/valkey-wire.ts";

type Changed = Parameters<typeof serversOptions>[1];

/** What a start is refused with; null where it is not. */
async function refusalOf(address: ServerAddress, changed: Changed = {}): Promise<string | null> {
  const refusal = await rejectionOf(() => withServers(serversOptions([address], changed), async () => {}));
  if (refusal !== null) expect(refusal.code).toBe("unavailable");
  return refusal?.detail ?? null;
}

const REFUSED: readonly (readonly [string, ServerSettings, Changed, string])[] = [
  ["that evicts", { lines: ["maxmemory-policy allkeys-lru"] }, {}, "CONFIG SET maxmemory-policy noeviction"],
  ["that evicts what expires", { lines: ["maxmemory-policy volatile-ttl"] }, {}, "volatile-ttl"],
  ["without a log", {}, { promise: "fsync" }, "CONFIG SET appendonly yes, or start with --promise applied"],
  ["without a log", {}, { promise: "replicated:1" }, "aof_enabled 0"],
  ["that syncs each second", { appendFsync: "everysec" }, { promise: "fsync" }, "CONFIG SET appendfsync always"],
  ["without replicas", { appendFsync: "always" }, { promise: "replicated:1" }, "0 replicas online"],
  ["without replicas", { appendFsync: "always" }, { promise: "replicated:1+fsync" }, "start with --promise fsync"],
  ["that is no cluster", {}, { topology: "cluster" }, "name it as valkey://127.0.0.1:"],
  ["without EVAL", { lines: ['rename-command EVAL ""'] }, {}, "use a server that runs EVAL"],
  ["with a password", { password: "secret" }, {}, "NOAUTH"],
  ["with another password", { password: "secret" }, { access: { ...NO_ACCESS, password: "wrong" } }, "WRONGPASS"],
  ["whose user may run no scripts", { lines: ["user default on nopass ~* &* +@all -@scripting"] }, {}, "+@scripting"],
];

for (const [what, settings, changed, sentence] of REFUSED) {
  const how = Object.values({ promise: "applied", ...changed }).find((value) => typeof value === "string");
  test(
    `a server ${what} is refused (${how}): ${sentence}`,
    async () => {
      const server = await startStandalone(settings);
      try {
        const refusal = await refusalOf(server.node.address, changed);
        expect(refusal).toContain(sentence);
        expect(refusal).toContain(String(server.node.address.port));
      } finally {
        await server.stop();
      }
    },
    PATIENCE_MS,
  );
}

test(
  "a node of a cluster is refused where one server is wanted, with how to name it",
  async () => {
    const { nodes } = await sharedCluster();
    const [node] = nodes;
    if (node === undefined) throw new Error("The cluster has no nodes");
    const { port } = node.address;
    expect(await refusalOf(node.address)).toContain(`name it as valkey+cluster://127.0.0.1:${port}`);
  },
  PATIENCE_MS,
);

describe("where the others do not know yet who is the primary, as after a failover,", () => {
  test(
    "they are asked again",
    async () => {
      await withStaleMap({ looksUntilKnown: 3 }, async (map, pool, options) => {
        await checkServers(map, pool, options);
        expect(map.looks).toBe(3);
      });
    },
    PATIENCE_MS,
  );

  test(
    "the start is given up at last, and it is told who they are waiting for",
    async () => {
      await withStaleMap({ looksUntilKnown: Number.POSITIVE_INFINITY }, async (map, pool, options) => {
        const refusal = await rejectionOf(() => checkServers(map, pool, options));
        expect(refusal?.detail).toMatch(
          /^Server \S+ is a replica \(role slave\).* do not agree yet that \S+ is the primary/,
        );
        expect(map.looks).toBeGreaterThan(3);
      });
    },
    PATIENCE_MS,
  );
});

/** A map of a cluster that takes a replica for its primary, until it has been looked at so often. */
async function withStaleMap(
  { looksUntilKnown }: { readonly looksUntilKnown: number },
  body: (map: ServerMap & { readonly looks: number }, pool: NodePool, options: ServersOptions) => Promise<void>,
): Promise<void> {
  const { nodes, replicasOf } = await sharedCluster();
  const [primary, replica] = [nodes[0], (await replicasOf(0))[0]];
  if (primary === undefined || replica === undefined) throw new Error("The cluster lacks a primary or its replica");
  const options = serversOptions([primary.address], { topology: "cluster", deadlineMs: 100 });
  const { access, promise, deadlineMs, preload } = options;
  const pool = new NodePool({ access, promise, deadlineMs, preload, bounds: { commands: 10, bytes: 1000 } });
  let looks = 0;
  const map = {
    kind: "cluster" as const,
    refreshIntervalMs: 1000,
    trouble: null,
    primaryOf: () => null,
    primaries: () => [pool.at((looks < looksUntilKnown ? replica : primary).address)],
    redirect: () => null,
    refresh: async () => {
      looks++;
    },
    close() {},
    get looks() {
      return looks;
    },
  };
  try {
    await body(map, pool, options);
  } finally {
    pool.close();
  }
}

test(
  "a replica is refused, with its primary; a replica that does not sync refuses a promise of synced copies",
  async () => {
    const group = await startReplicated({ appendFsync: "always" });
    try {
      const [replica] = group.replicas;
      if (replica === undefined) throw new Error("There is no replica");
      const primary = `valkey://127.0.0.1:${group.primary.address.port}`;
      expect(await refusalOf(replica.address)).toContain(primary);
      const changed = { promise: "replicated:1+fsync" };
      expect(await refusalOf(group.primary.address, changed)).toBeNull();
      await replica.ask("CONFIG", "SET", "appendfsync", "everysec");
      const refusal = await refusalOf(group.primary.address, changed);
      expect(refusal).toContain("appendfsync everysec");
      expect(refusal).toContain(String(replica.address.port));
      expect(await refusalOf(group.primary.address, { promise: "replicated:1" })).toBeNull();
      expect(await refusalOf(group.primary.address, { promise: "replicated:2" })).toContain("--promise replicated:1");
    } finally {
      await group.stop();
    }
  },
  PATIENCE_MS,
);

test(
  "nobody there, and a port that is none of a server's, are told as such",
  async () => {
    const server = await startStandalone();
    await server.stop();
    expect(await refusalOf(server.node.address, { deadlineMs: 100 })).toContain("Cannot reach server 127.0.0.1:");
  },
  PATIENCE_MS,
);

test(
  "a server that does not tell its settings is taken on trust, with a warning",
  async () => {
    const server = await startStandalone({ appendFsync: "always", lines: ['rename-command CONFIG ""'] });
    try {
      const log = new ListLog();
      expect(await refusalOf(server.node.address, { promise: "fsync", log })).toBeNull();
      expect(log.complaints.join()).toContain("does not tell its appendfsync");
    } finally {
      await server.stop();
    }
  },
  PATIENCE_MS,
);

test(
  "writes that may be lost with the server are warned of",
  async () => {
    const server = await startStandalone();
    try {
      const log = new ListLog();
      expect(await refusalOf(server.node.address, { log })).toBeNull();
      expect(log.complaints.join()).toContain("keeps no log of its writes");
    } finally {
      await server.stop();
    }
  },
  PATIENCE_MS,
);
