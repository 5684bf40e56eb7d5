// What takes part in a comparison: a server, or several that answer together, and how it is asked for what workloads do.
import type { Dialect } from "../src/load/dialect.ts";
import type { Target } from "../src/load/open-socket.ts";
import type { ValuePool } from "../src/load/value-pool.ts";
import { cpuSeconds, forgetPeaks, peakBytes, residentBytes, withChildren } from "./process.ts";

export interface Stock {
  readonly keys: number;
  readonly values: ValuePool;
}

export interface Contender {
  readonly name: string;
  /** Programs and versions, and what it does not promise. */
  readonly about: string;
  readonly target: Target;
  readonly dialect: Dialect;
  /** The process that speaks HTTP; its children count with it. */
  readonly frontPid: number;
  /** The servers of the store behind it; none where it is the same process. */
  readonly storePids: readonly number[];
  stop(): Promise<void>;
}

/** The processes of one that takes part. */
export type Servers = Pick<Contender, "frontPid" | "storePids">;

/** It cannot take part; the message says what to install. */
export class Missing extends Error {}

export const HOST_FIELD = "Host: localhost\r\n";

export interface CpuTimes {
  readonly front: number;
  readonly store: number;
}

export function cpuOf({ frontPid, storePids }: Servers): CpuTimes {
  const total = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  return { front: total(withChildren(frontPid)), store: total(storePids) };
}

function pidsOf({ frontPid, storePids }: Servers): readonly number[] {
  return [...withChildren(frontPid), ...storePids];
}

/** What was resident at the most is counted from here on. */
export function forgetPeaksOf(servers: Servers): void {
  forgetPeaks(pidsOf(servers));
}

export function memoryOf(servers: Servers): { readonly bytes: number; readonly peakBytes: number } {
  const pids = pidsOf(servers);
  return { bytes: residentBytes(pids), peakBytes: peakBytes(pids) };
}
