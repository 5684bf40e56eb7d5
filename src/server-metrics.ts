// What the metrics of a server are read from: its store, those who watch, its transport and its process. Families stand in
// observe/metric-families.ts; a part of the server that has figures of its own adds them to the registry as these do.

import { countOf, type Distribution } from "./core/histogram.ts";
import type { TransportUsage } from "./http/server.ts";
import type { HttpMetrics } from "./observe/http-metrics.ts";
import type { LogTally } from "./observe/log-tally.ts";
import { METRICS } from "./observe/metric-families.ts";
import { addDiskMetrics, addLoopLag, addProcessMetrics, type LoopClock } from "./observe/process-metrics.ts";
import type { Registry } from "./observe/registry.ts";
import type { BackupFigures } from "./service/transfer-schedule.ts";
import type { WatchHub } from "./service/watch/hub.ts";
import type { Store, WritingStats } from "./store/store.ts";

export interface MeasuredServer {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly http: HttpMetrics;
  readonly transport: { usage(): TransportUsage };
  readonly logged: LogTally["counts"];
  /** Null where the server makes no backups by itself. */
  readonly backups: { readonly figures: BackupFigures } | null;
  readonly clock: LoopClock;
  readonly versions: { readonly keyhold: string; readonly bun: string };
  readonly bounds: { readonly queuedCommits: number; readonly diskReserveBytes: number };
  /** On the disk of the store; null where there is none. */
  readonly directory: string | null;
  /** Why writes are refused, and why requests should go elsewhere; null where they are not to. */
  refusal(): string | null;
  unreadyReason(): string | null;
}

/** What each thread that serves measures of itself: added up where there are several. */
export type MeasuredThread = Pick<MeasuredServer, "store" | "hub" | "http" | "transport" | "clock">;

/** Adds what a thread measures of itself. Returns what ends the measuring. */
export function measureThread(registry: Registry, { store, hub, http, transport, clock }: MeasuredThread): () => void {
  http.addTo(registry);
  registry.addValue(METRICS.httpStreamBytes, () => transport.usage().streamBytes);
  registry.addValue(METRICS.streamsCut, () => transport.usage().streamsCut);
  registry.addValue(METRICS.commitWait, () => store.stats().writing?.waitSeconds ?? null);
  registry.addValue(METRICS.watchEvents, () => hub.told.events);
  registry.addValue(METRICS.watchersCut, () => hub.told.tooSlow);
  registry.addValue(METRICS.heapBytes, () => process.memoryUsage().heapUsed);
  return addLoopLag(registry, clock);
}

/** Adds every metric of the server. Returns what ends the measuring. */
export function measureServer(registry: Registry, server: MeasuredServer): () => void {
  const { logged, versions, store } = server;
  registry.add(METRICS.buildInfo, () => [{ labels: [versions.keyhold, versions.bun, store.engine], value: 1 }]);
  const endMeasuring = measureThread(registry, server);
  addTransport(registry, server);
  addStore(registry, server);
  addWriting(registry, server);
  registry.addValue(METRICS.watchers, () => server.hub.members);
  registry.addValue(METRICS.watchersMax, () => server.hub.membersMax);
  if (server.backups !== null) addBackups(registry, server.backups);
  registry.add(METRICS.logLines, () => [
    { labels: ["warn"], value: logged.warn },
    { labels: ["error"], value: logged.error },
  ]);
  if (server.directory !== null) addDiskMetrics(registry, server.directory, server.bounds.diskReserveBytes);
  addProcessMetrics(registry);
  return endMeasuring;
}

function addTransport(registry: Registry, { transport }: MeasuredServer): void {
  registry.addValue(METRICS.httpConnections, () => transport.usage().connections);
  registry.addValue(METRICS.httpBodyBytes, () => transport.usage().bodyBytes);
}

function addStore(registry: Registry, server: MeasuredServer): void {
  const { store } = server;
  registry.addValue(METRICS.storeUp, () => (server.refusal() === null ? 1 : 0));
  registry.addValue(METRICS.ready, () => (server.unreadyReason() === null ? 1 : 0));
  registry.addValue(METRICS.storeBytes, () => store.stats().bytes);
  registry.addValue(METRICS.walBytes, () => store.stats().logBytes);
  registry.addValue(METRICS.keys, () => store.stats().entries);
  registry.addValue(METRICS.revision, () => store.stats().revision);
  registry.addValue(METRICS.expiredKeys, () => store.stats().expired);
  registry.addValue(METRICS.idempotencyRecords, () => store.stats().records);
  registry.addValue(METRICS.idempotencyBytes, () => store.stats().recordBytes);
}

function addBackups(registry: Registry, backups: { readonly figures: BackupFigures }): void {
  registry.addValue(METRICS.lastBackup, () => {
    const { lastBackupAt } = backups.figures;
    return lastBackupAt === null ? null : lastBackupAt / 1000;
  });
  registry.addValue(METRICS.lastBackupBytes, () => backups.figures.lastBackupBytes);
  registry.addValue(METRICS.backupFailures, () => backups.figures.failures);
}

function addWriting(registry: Registry, { store, bounds }: MeasuredServer): void {
  const of = (read: (writing: WritingStats) => Distribution) => () => {
    const { writing } = store.stats();
    return writing === null ? null : read(writing);
  };
  registry.addValue(METRICS.commits, () => store.stats().commits);
  registry.addValue(METRICS.commitQueue, () => store.stats().queuedCommits);
  registry.addValue(METRICS.commitQueueMax, () => bounds.queuedCommits);
  registry.addValue(
    METRICS.commitDuration,
    of(({ commitSeconds }) => commitSeconds),
  );
  registry.addValue(
    METRICS.commitRequests,
    of(({ commitRequests }) => commitRequests),
  );
  const checkpoints = of(({ checkpointSeconds }) => checkpointSeconds);
  registry.addValue(METRICS.checkpointDuration, checkpoints);
  registry.addValue(METRICS.checkpoints, () => {
    const found = checkpoints();
    return found === null ? null : countOf(found);
  });
}
