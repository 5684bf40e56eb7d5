// What the process takes of the machine: memory, processor, files, the disk of its store, and how late its event loop is.
// What Linux alone tells is left out elsewhere.
import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { Histogram } from "../core/histogram.ts";
import { METRICS } from "./metric-families.ts";
import type { Registry } from "./registry.ts";

const OPEN_FILES = "/proc/self/fd";
const LIMITS_FILE = "/proc/self/limits";
const LAG_INTERVAL_MS = 250;
/** In seconds. */
const LAG_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The standard process_* family. Collections are not shown: Bun does not tell of them. */
export function addProcessMetrics(registry: Registry): void {
  registry.addValue(METRICS.processMemory, () => process.memoryUsage.rss());
  registry.addValue(METRICS.processCpu, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startedSeconds = Math.round(performance.timeOrigin) / 1000;
  registry.addValue(METRICS.processStart, () => startedSeconds);
  registry.addValue(METRICS.processFds, () => readOrNull(() => readdirSync(OPEN_FILES).length));
  registry.addValue(METRICS.processFdsMax, () => readOrNull(openFilesMax));
}

/** @param directory - on the disk that is meant */
export function addDiskMetrics(registry: Registry, directory: string, reserveBytes: number): void {
  registry.addValue(METRICS.diskFreeBytes, () =>
    readOrNull(() => {
      const { bavail, bsize } = statfsSync(directory);
      return bavail * bsize;
    }),
  );
  registry.addValue(METRICS.diskReserveBytes, () => reserveBytes);
}

export interface LoopClock {
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. Returns what calls it off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** Measures from now on. Returns what ends it. */
export function addLoopLag(registry: Registry, { steadyMs, after }: LoopClock): () => void {
  const lag = new Histogram(LAG_BOUNDS);
  let cancel = () => {};
  const wait = () => {
    const dueMs = steadyMs() + LAG_INTERVAL_MS;
    cancel = after(LAG_INTERVAL_MS, () => {
      lag.observe(Math.max(0, steadyMs() - dueMs) / 1000);
      wait();
    });
  };
  wait();
  registry.addValue(METRICS.loopLag, () => lag.read());
  return () => cancel();
}

function openFilesMax(): number | null {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync(LIMITS_FILE, "utf8"))?.[1];
  return limit === undefined ? null : Number(limit);
}

/** Null on systems that have no such file, and where the disk does not answer. */
function readOrNull(read: () => number | null): number | null {
  try {
    return read();
  } catch {
    return null;
  }
}
