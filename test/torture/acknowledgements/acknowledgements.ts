// Audits a server under load by its system calls: each acknowledgement must follow the sync that covers what it acknowledges
// (sync-audit.ts). Two servers at a time, of one serving thread and of two. Between legs the load rests until the log was brought
// into the database, so that the next leg begins the log anew.
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { followTrace, lacksTracing, tracing } from "../../support/call-trace.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { mustRun } from "../../support/run-command.ts";
import { type ServerProcess, startServerProcess } from "../../support/server-process.ts";
import type { Findings, Method, Run } from "../method.ts";
import { MarkedLoad } from "./marked-load.ts";
import { type AuditFigures, SyncAudit } from "./sync-audit.ts";

/** Serving threads of each server. */
const LANES = [1, 2] as const;
const CONNECTIONS = 24;
const LEG_ROUNDS = 5000;
const REST_MS_MAX = 60_000;
const STALL_MS = 60_000;
const CALLS = ["pwrite64", "ftruncate", "fsync", "fdatasync"] as const;
const SOCKET_CALLS = ["recvfrom", "recvmsg", "read", "readv", "sendto", "sendmsg", "write", "writev"] as const;
/** A page of the database, whole. */
const BYTES_SHOWN = 4200;
/** Every seventh, from the 30th on of each thread: those of the start are done. */
const SKIPPED_SYNCS = "fsync:retval=0:when=30+7";

export const acknowledgements: Method = {
  name: "acknowledgements",
  summary: "Audits by system calls that each acknowledgement follows the sync that covers it",
  unit: "acknowledgements",
  rounds: { short: 2000, long: 100_000 },
  variants: [],
  plants: [
    {
      name: "relaxed",
      summary: "the server acknowledges before it syncs (--durability relaxed)",
      finds: /before its commit was synced/,
      rounds: 500,
    },
    {
      name: "skipped-sync",
      summary: "every seventh sync is reported as done, and is not",
      finds: /before its commit was synced/,
      rounds: 3000,
    },
  ],
  lacks: lacksTracing,
  run: auditAll,
};

async function auditAll(run: Run): Promise<Findings> {
  const lanes = await Promise.all(LANES.map((workers, lane) => auditLane(run, { workers, lane })));
  const sum = (figure: keyof AuditFigures) => lanes.reduce((total, { figures }) => total + figures[figure], 0);
  const unseen = lanes.flatMap(({ figures, acknowledged }, lane) =>
    figures.acknowledged === acknowledged || run.plant !== null
      ? []
      : [`Server ${lane} acknowledged ${acknowledged} writes, and ${figures.acknowledged} were audited`],
  );
  return {
    figures: {
      "acknowledgements audited": sum("acknowledged"),
      "before their sync": sum("early"),
      commits: sum("commits"),
      "syncs of the log": sum("syncs"),
      "largest group": Math.max(...lanes.map(({ figures }) => figures.largestGroup)),
      "pages brought into the database": sum("pagesMoved"),
      "logs begun anew": sum("logResets"),
    },
    faults: [...lanes.flatMap(({ faults }) => faults), ...unseen],
  };
}

interface Lane {
  readonly workers: number;
  readonly lane: number;
}

async function auditLane(run: Run, { workers, lane }: Lane) {
  const directory = join(run.directory, `lane${lane}`);
  mkdirSync(directory);
  const trace = `${directory}/trace`;
  await mustRun(["mkfifo", trace]);
  const store = realpathSync(directory);
  const audit = new SyncAudit({ database: `${store}/keyhold.db`, log: `${store}/keyhold.db-wal` });
  const reading = followTrace(trace, audit);
  const inject = run.plant === "skipped-sync" ? { inject: SKIPPED_SYNCS } : {};
  const wrapper = tracing({ calls: [...CALLS, ...SOCKET_CALLS], into: trace, bytesShown: BYTES_SHOWN, ...inject });
  const durability = run.plant === "relaxed" ? ["--durability", "relaxed"] : [];
  const server = await startServerProcess(["--store", store, "--workers", String(workers), ...durability], wrapper);
  let load: MarkedLoad;
  try {
    load = await loadInLegs(run, { server, audit, lane });
  } finally {
    server.kill("SIGTERM");
    await server.exited;
    await reading;
  }
  // The tracer may be far behind the load, so the audit has its say at the end of the trace alone.
  return { figures: audit.figures, acknowledged: load.acknowledged, faults: [...audit.faults, ...load.problems] };
}

async function loadInLegs(
  { rounds, seed, say }: Run,
  { server, audit, lane }: { readonly server: ServerProcess; readonly audit: SyncAudit; readonly lane: number },
): Promise<MarkedLoad> {
  const isOver = () => audit.faults.length > 0;
  const load = new MarkedLoad({ url: server.url, connections: CONNECTIONS, seed: seed + lane, lane, isOver });
  const goal = Math.ceil(rounds / LANES.length);
  const legs = Math.max(2, Math.ceil(goal / LEG_ROUNDS));
  const unwatch = killIfStalled(server, load);
  try {
    for (let leg = 1; leg <= legs && !isOver() && load.problems.length === 0; leg++) {
      await load.run(Math.ceil((goal * leg) / legs) - load.acknowledged);
      const { acknowledged, logResets } = audit.figures;
      say(`server ${lane}: ${acknowledged} acknowledgements, ${logResets} logs`);
      if (leg < legs && !isOver()) await untilMovedIn(audit);
    }
  } finally {
    unwatch();
  }
  return load;
}

/** So that a server that answers nothing more ends the run, and is told of. */
function killIfStalled(server: ServerProcess, load: MarkedLoad): () => void {
  let seen = -1;
  const timer = setInterval(() => {
    if (load.acknowledged === seen) {
      load.problems.push(`No write was answered for ${STALL_MS} ms, after ${seen} of them`);
      server.kill("SIGKILL");
    }
    seen = load.acknowledged;
  }, STALL_MS);
  return () => clearInterval(timer);
}

/** An idle server brings the log in by itself. */
async function untilMovedIn({ figures, faults }: SyncAudit): Promise<void> {
  const before = figures.pagesMoved;
  await pollUntil(async () => figures.pagesMoved > before || faults.length > 0, {
    ms: REST_MS_MAX,
    intervalMs: 10,
    what: () => "The idle server has not brought its log into the database",
  });
}
