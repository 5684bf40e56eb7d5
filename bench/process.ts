// Server processes as the benchmarks see them from outside: where they listen, what they take, and which core they run on.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** Linux counts processor time in these (sysconf _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;
/** As taskset takes them: "0", "0,1", "0-3". */
const SERVER_CORES = process.env["SERVER_CORES"] ?? "0";
const LOAD_CORES = process.env["LOAD_CORES"] ?? "1";

/** Null where load and servers cannot have a core each: there is one, or no taskset (util-linux). */
const taskset = cpus().length > 1 ? Bun.which("taskset") : null;

/** For the lines that a benchmark begins with. */
export const PINNING =
  taskset === null
    ? `not pinned: ${cpus().length > 1 ? "taskset (util-linux) is not on the PATH" : "there is one core"}`
    : `servers on core ${SERVER_CORES}, load on core ${LOAD_CORES}`;

/** What runs a server on its core: the words before its command. */
export const ON_SERVER_CORE: readonly string[] = taskset === null ? [] : [taskset, "-c", SERVER_CORES];

/** For work that is not measured: what a pinned process starts is pinned with it. */
export const ON_ALL_CORES: readonly string[] = taskset === null ? [] : [taskset, "-c", `0-${cpus().length - 1}`];

/** Has this process, with all of its threads, run on the core of the load. */
export function pinLoad(): void {
  if (taskset === null) return;
  const { success } = Bun.spawnSync([taskset, "-a", "-c", "-p", LOAD_CORES, String(process.pid)]);
  if (!success) throw new Error("taskset cannot pin the load");
}

/** The URL in the line that a server writes when it listens. @throws when it ends before */
export async function listeningUrl(stdout: ReadableStream<Uint8Array>): Promise<URL> {
  let text = "";
  for await (const chunk of stdout) {
    text += new TextDecoder().decode(chunk);
    const url = /"url":"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) return new URL(url);
  }
  throw new Error(`The server ended: ${text}`);
}

/** User and system time of all threads of a process. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** A process and all that it has started, directly or not. */
export function withChildren(pid: number): readonly number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(Number(name))] as const);
  const family = new Set([pid]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child);
  }
  return [...family];
}

/** Of the processes together, in bytes; each page of a file that several have mapped counts for each. */
export function residentBytes(pids: readonly number[]): number {
  return sumOf(pids, "VmRSS");
}

/** Without pages of files, which are the system's cache. */
export function anonymousBytes(pids: readonly number[]): number {
  return sumOf(pids, "RssAnon");
}

/** The most that they had resident since forgetPeaks(). */
export function peakBytes(pids: readonly number[]): number {
  return sumOf(pids, "VmHWM");
}

export function forgetPeaks(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function sumOf(pids: readonly number[], field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m");
  return pids.reduce((sum, pid) => {
    return sum + Number(line.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  }, 0);
}

function parentOf(pid: number): number {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

/** From the third field on: what comes before is the name, which may hold blanks. */
function statOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return text.slice(text.lastIndexOf(") ") + 2).split(" ");
}
