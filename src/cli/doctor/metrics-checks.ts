// Checks of a server's metrics: the room of its disk, how long its commits take, how many files it may still open.

import { toBytesText } from "../progress.ts";
import { ask, type Remote } from "../remote.ts";
import { type Finding, fail, ok, toMs, warn } from "./finding.ts";

const ANSWER_MS = 5000;
const MIB = 1024 ** 2;
const ROOM_MIN = { warn: 2048 * MIB, fail: 128 * MIB };
const COMMIT_MS = { slow: 50, verySlow: 500 };
/** Of the files that may be open. */
const OPEN_SHARE_MAX = 0.8;

/** Values by name, without those that have labels. */
type Samples = ReadonlyMap<string, number>;

/** Nothing where the token gives no leave for metrics: they are for scrapers, and told of elsewhere. */
export async function checkMetrics(remote: Remote): Promise<readonly Finding[]> {
  let samples: Samples;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { parts } = await ask(remote, { method: "GET", target: "/-/metrics", signal });
    const all: Uint8Array[] = [];
    for await (const part of parts) all.push(part);
    samples = parseSamples(Buffer.concat(all).toString());
  } catch {
    return [];
  }
  return [...checkRoom(samples), ...checkCommits(samples), ...checkOpenFiles(samples)];
}

export function parseSamples(text: string): Samples {
  const found = [...text.matchAll(/^([a-z_]+) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)] as const);
  return new Map(found.filter(([, value]) => Number.isFinite(value)));
}

function checkRoom(samples: Samples): readonly Finding[] {
  const free = samples.get("keyhold_disk_free_bytes");
  if (free === undefined) return [];
  const detail = `${toBytesText(free)} are free on the disk of the server's store`;
  const cure = "Make room there: at --disk-reserve the server refuses writes with 507 no-room";
  if (free < ROOM_MIN.fail) return [fail("disk-space", detail, cure)];
  return [free < ROOM_MIN.warn ? warn("disk-space", detail, cure) : ok("disk-space", detail)];
}

function checkCommits(samples: Samples): readonly Finding[] {
  const seconds = samples.get("keyhold_commit_duration_seconds_sum");
  const count = samples.get("keyhold_commit_duration_seconds_count");
  if (seconds === undefined || count === undefined || count === 0) return [];
  const meanMs = (seconds / count) * 1000;
  const detail = `${count} commits have taken ${toMs(meanMs)} on average, the sync of the disk among it`;
  const cure = "Look for what keeps the server's disk busy; keyhold doctor --store on that machine times a sync alone";
  if (meanMs >= COMMIT_MS.verySlow) return [fail("commits", detail, cure)];
  return [meanMs >= COMMIT_MS.slow ? warn("commits", detail, cure) : ok("commits", detail)];
}

function checkOpenFiles(samples: Samples): readonly Finding[] {
  const open = samples.get("process_open_fds");
  const most = samples.get("process_max_fds");
  if (open === undefined || most === undefined || most <= 0) return [];
  const detail = `the server has ${open} of ${most} files open`;
  const cure = "Raise the limit: LimitNOFILE= in its unit, or ulimit -n before its start";
  return [open > most * OPEN_SHARE_MAX ? warn("open-files", detail, cure) : ok("open-files", detail)];
}
