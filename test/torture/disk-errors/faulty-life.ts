// One life of a server on a disk that fails: started with an error injected into its calls, written to by a script that comes by
// everything that writes to the store, and stopped. What came of it is told, and not judged.
import { join } from "node:path";
import {
  type Call,
  type CallResult,
  type CallWitness,
  closeTrace,
  fileOf,
  followTrace,
  tracing,
} from "../../support/call-trace.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../../support/server-process.ts";
import { SyncAudit } from "../acknowledgements/sync-audit.ts";
import { CALL_NAMES, type Injection, toStrace } from "./injections.ts";
import type { ScriptedLoad } from "./scripted-load.ts";

export interface FaultyLife {
  /** Before it listened, or later. */
  readonly hasStarted: boolean;
  /** Null after a signal. */
  readonly exitCode: number | null;
  /** It did not end by itself within its time, and was killed. */
  readonly wasHung: boolean;
  readonly output: string;
  /** What failed, as "pwrite64 keyhold.db-wal", each time that it did; a kill is none of them. */
  readonly failed: readonly string[];
  /** Whether the first of them came after the server was told to stop. */
  readonly hasFailedAtStop: boolean;
  readonly audit: SyncAudit;
  /** Most calls of one thread, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface FaultyLifeOptions {
  readonly store: string;
  /** Where the tracer writes. */
  readonly fifo: string;
  readonly workers: number;
  /** Null for a life without an error, in which calls are counted. */
  readonly injection: Injection | null;
  /** Whether so much is written that the log is brought in while writes go on. */
  readonly isLong: boolean;
  /** A command that the server is run by. */
  readonly wrapper: readonly string[];
  readonly makeLoad: (url: string) => ScriptedLoad;
}

/** Between an error and the end of the process, and for a stop; a server that hangs has 30 s of its own. */
const LIFE_MS_MAX = 60_000;
const TURNS = 4;
/** The log is brought in by a thread of its own from 16 MiB on. */
const BULK_BYTES = 1024 * 1000;
const BULK_TURNS = 5;
const REST_MS_MAX = 1000;
const BYTES_SHOWN = 4200;
const AUDITED = ["pwrite64", "ftruncate", "fsync", "recvfrom", "sendto"] as const;
const FILES = [
  "keyhold.db",
  "keyhold.db-wal",
  "keyhold.db-shm",
  "keyhold.db-journal",
  "lock.db",
  "holder.json",
  "holder.json.new",
  "",
];

export async function liveFaultily(
  options: FaultyLifeOptions,
): Promise<FaultyLife & { readonly load: ScriptedLoad | null }> {
  const { store, fifo, workers, injection, wrapper, makeLoad } = options;
  const audit = new SyncAudit({ database: `${store}/keyhold.db`, log: `${store}/keyhold.db-wal` });
  const witness = new FailureWitness(audit);
  const reading = followTrace(fifo, witness);
  const byPath = injection?.isByPath === true || injection === null;
  const calls = byPath ? CALL_NAMES : AUDITED;
  const paths = byPath ? { paths: FILES.map((name) => join(store, name)) } : {};
  const inject = injection === null ? {} : { inject: toStrace(injection) };
  const tracer = tracing({ calls, into: fifo, bytesShown: BYTES_SHOWN, ...paths, ...inject });
  const flags = ["--store", store, "--workers", String(workers), "--sweep-interval", "20ms", "--wide"];
  let load: ScriptedLoad | null = null;
  let ending: Pick<FaultyLife, "hasStarted" | "exitCode" | "wasHung" | "output">;
  try {
    const server = await startServerProcess(flags, [...tracer, ...wrapper]);
    load = makeLoad(server.url);
    const wasHung = await runScript(server, load, { isLong: options.isLong, onStop: () => witness.noteStop() });
    ending = { hasStarted: true, exitCode: await server.exited, wasHung, output: server.output() };
  } catch (error) {
    if (!(error instanceof FailedStart)) throw error;
    ending = { hasStarted: false, exitCode: error.exitCode, wasHung: false, output: error.output };
  }
  closeTrace(fifo);
  await reading;
  const { failed, hasFailedAtStop, counts } = witness;
  return { ...ending, failed, hasFailedAtStop, audit, counts, load };
}

/** Returns whether the server had to be killed, as it did not end. */
async function runScript(
  server: ServerProcess,
  load: ScriptedLoad,
  { isLong, onStop }: { readonly isLong: boolean; readonly onStop: () => void },
): Promise<boolean> {
  let wasHung = false;
  const patience = setTimeout(() => {
    wasHung = true;
    server.kill("SIGKILL");
  }, LIFE_MS_MAX);
  const before = await countCheckpoints(server);
  await load.run(TURNS);
  await untilMovedIn(server, before);
  if (isLong) for (let turn = 0; turn < BULK_TURNS; turn++) await load.run(1, BULK_BYTES);
  await Promise.all([load.run(TURNS), backUp(server)]);
  onStop();
  server.kill("SIGTERM");
  await server.exited;
  clearTimeout(patience);
  return wasHung;
}

/** An idle server brings its log in; one that cannot may go on without. */
async function untilMovedIn(server: ServerProcess, before: number): Promise<void> {
  const until = performance.now() + REST_MS_MAX;
  while ((await countCheckpoints(server)) <= before && performance.now() < until) await Bun.sleep(5);
}

/** Without end where the server is gone. */
async function countCheckpoints({ url }: ServerProcess): Promise<number> {
  try {
    const metrics = await (await fetch(`${url}/-/metrics`)).text();
    return Number(/^keyhold_checkpoints_total (\d+)/m.exec(metrics)?.[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Whether that works is for other tests to say. */
async function backUp({ url }: ServerProcess): Promise<void> {
  await fetch(`${url}/-/backup`)
    .then((response) => response.arrayBuffer())
    .catch(() => null);
}

/** Counts calls and notes which failed by injection, and lets the audit see all of them. */
class FailureWitness implements CallWitness {
  readonly failed: string[] = [];
  readonly counts = new Map<string, number>();
  hasFailedAtStop = false;
  readonly #audit: SyncAudit;
  readonly #countsOfThreads = new Map<string, number>();
  #isStopping = false;

  constructor(audit: SyncAudit) {
    this.#audit = audit;
  }

  noteStop(): void {
    this.#isStopping = true;
  }

  begins(call: Call): void {
    this.#audit.begins(call);
    const key = `${call.thread} ${call.name}`;
    const count = (this.#countsOfThreads.get(key) ?? 0) + 1;
    this.#countsOfThreads.set(key, count);
    this.counts.set(call.name, Math.max(count, this.counts.get(call.name) ?? 0));
  }

  ends(call: Call, result: CallResult): void {
    this.#audit.ends(call, result);
    if (!result.isInjected) return;
    if (this.failed.length === 0) this.hasFailedAtStop = this.#isStopping;
    this.failed.push(`${call.name} ${fileNameOf(call)}`);
  }
}

/** Of the file that is written to, or else of the path that is named first. */
function fileNameOf(call: Call): string {
  const path = /^\d+</.test(call.args) ? fileOf(call) : (/"([^"]*)"/.exec(call.args)?.[1] ?? "");
  return path.split("/").at(-1) ?? "";
}
