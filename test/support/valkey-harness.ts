// The Valkey engine for the suites: on servers that all tests of this process share, each test under a prefix of its own.

import { beforeAll, setDefaultTimeout } from "bun:test";
import { valkeyCapabilities } from "../../src/engines/valkey/capabilities.ts";
import { formatVectorCursor, parseVectorCursor } from "../../src/engines/valkey/cursor.ts";
import { toCursor } from "../../src/store/cursor.ts";
import type { WithHistoryEngine } from "../histories/histories.suite.ts";
import { INCARNATION } from "../histories/history-requests.ts";
import type { WithSeedServer } from "../transcripts/seeds.suite.ts";
import { type ServerFlags, type WithServer, withSocketServer } from "./http-harness.ts";
import { seedProcess } from "./seed-servers.ts";
import type { ForgedCursors, MakeStore } from "./store-harness.ts";
import { sharedCluster } from "./valkey-cluster.ts";
import { sharedSentinelSet } from "./valkey-sentinel.ts";
import { sharedStandalone } from "./valkey-standalone.ts";
import { openTestStore, type ServersAt } from "./valkey-store.ts";

/** Servers, and how many partitions a store on them has. */
export interface ValkeySetting {
  readonly topology: ServersAt["topology"];
  readonly partitions: number;
}

/** Longer than any test: upkeep runs once, when the store is opened, and not again. */
const NEVER_MS = 3_600_000;
const UPKEEP_MS = 2;
/** A cluster takes some five seconds, longer where the machine is busy. */
const START_MS = 60_000;
/** Several times as long as tests wait for what they wait for. */
const TEST_MS = 60_000;
/** The servers' clock is this machine's; both are read in whole milliseconds, and not at once. */
const CLOCK_ERROR_MS = 2;
/** Far beyond whatever a test logs. */
const BEYOND_MS = 3_600_000;

export function nameOf({ topology, partitions }: ValkeySetting): string {
  return `valkey ${topology}, ${partitions} partition${partitions === 1 ? "" : "s"}`;
}

/** Nothing else on the shared servers begins so. */
export function newPrefix(): string {
  return `t${crypto.randomUUID().slice(0, 13)}`;
}

/**
 * Has the shared servers started before the first test of a file, as a cluster takes longer than a test may. And no test is
 * ended by the runner before it has given up by itself: a test that runs out of the runner's time takes all processes that
 * this one has started with it, the servers of every other test among them.
 */
export function startBeforehand(topology: ValkeySetting["topology"]): void {
  setDefaultTimeout(TEST_MS);
  beforeAll(async () => {
    await serversAt(topology);
  }, START_MS);
}

export function valkeyHarness({ topology, partitions }: ValkeySetting): MakeStore {
  return harnessAt(() => serversAt(topology), partitions);
}

/** As valkeyHarness(), on servers of the test's own. */
export function harnessAt(servers: () => Promise<ServersAt>, partitions: number): MakeStore {
  return async ({ upkeep, historyChanges, idempotencyAgeMs, idempotencyBytes }) => {
    const store = await openTestStore(await servers(), {
      prefix: newPrefix(),
      partitions,
      sweepIntervalMs: upkeep === "on" ? UPKEEP_MS : NEVER_MS,
      // Each partition keeps its share.
      historyChanges: historyChanges * partitions,
      idempotencyBytes: idempotencyBytes * partitions,
      idempotencyAgeMs,
    });
    return {
      store,
      cursors: vectorCursors(partitions),
      clockErrorMs: CLOCK_ERROR_MS,
      step: () => Bun.sleep(1),
      close: () => store.close(),
    };
  };
}

/** One store, closed and opened again; nothing is swept in it, so that what has ended stands as it does in the model. */
export function withValkeyHistory({ topology, partitions }: ValkeySetting): WithHistoryEngine {
  return async (body) => {
    const prefix = newPrefix();
    const at = await serversAt(topology);
    await body({
      open: () => openTestStore(at, { prefix, partitions, newIncarnation: INCARNATION, sweepIntervalMs: NEVER_MS }),
      inspect: () => {},
      isLasting: true,
      sweepsWhenOpened: false,
      isExact: false,
    });
  };
}

/** As withSqliteServer: startServer over a socket, by flags. */
export function withValkeyServer({ topology, partitions }: ValkeySetting, prefix = newPrefix): WithServer {
  return async (body, flags = {}) =>
    withSocketServer(body, {
      flags: { ...(await valkeyFlags({ topology, partitions }, prefix())), ...flags },
      capabilities: valkeyCapabilities(partitions, "applied"),
      cursors: vectorCursors(partitions),
      clockErrorMs: CLOCK_ERROR_MS,
    });
}

/** A server process over an empty store. */
export function valkeySeedProcess(setting: ValkeySetting): WithSeedServer {
  return async (body) => {
    const flags = await valkeyFlags(setting, newPrefix());
    await seedProcess(() => Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]))(body);
  };
}

/** What a server is told of the shared servers. */
export async function valkeyFlags({ topology, partitions }: ValkeySetting, prefix: string): Promise<ServerFlags> {
  return {
    store: await urlOf(topology),
    "store-prefix": prefix,
    promise: "applied",
    partitions: String(partitions),
  };
}

async function urlOf(topology: ValkeySetting["topology"]): Promise<string> {
  const { seeds, masterName } = await serversAt(topology);
  const hosts = seeds.map(({ host, port }) => `${host}:${port}`).join(",");
  switch (topology) {
    case "standalone":
      return `valkey://${hosts}/0`;
    case "sentinel":
      return `valkey+sentinel://${hosts}/${masterName}`;
    case "cluster":
      return `valkey+cluster://${hosts}`;
    default:
      return topology satisfies never;
  }
}

async function serversAt(topology: ValkeySetting["topology"]): Promise<ServersAt> {
  switch (topology) {
    case "standalone":
      return { topology, seeds: [(await sharedStandalone()).node.address] };
    case "sentinel": {
      const { sentinels, name } = await sharedSentinelSet();
      return { topology, seeds: sentinels.map(({ address }) => address), masterName: name };
    }
    case "cluster":
      return { topology, seeds: (await sharedCluster()).nodes.map(({ address }) => address) };
    default:
      return topology satisfies never;
  }
}

function vectorCursors(partitions: number): ForgedCursors {
  const places = Array.from({ length: partitions }, (_, index) => ({ ms: 1_795_000_000_000 + index, sequence: index }));
  return {
    foreign: () => formatVectorCursor(places, "otherlife"),
    beyond(latest) {
      const [, incarnation = ""] = latest.split(".");
      const known = parseVectorCursor(latest, incarnation, partitions) ?? [];
      const end = Math.max(...known.map(({ ms }) => ms));
      return [1, BEYOND_MS].map((by) =>
        formatVectorCursor(
          known.map(({ sequence }) => ({ ms: end + by, sequence })),
          incarnation,
        ),
      );
    },
    malformed: [
      ...["", "1", "x", "1.life1", "AAAA.life1", ".life1", `${formatVectorCursor(places, "life1")}A`],
      ...[` ${formatVectorCursor(places, "life1")}`, formatVectorCursor(places, "life1").replace(".", "=.")],
      toCursor(`${formatVectorCursor(places, "life1")}\n`),
    ],
  };
}
