// Mutated requests by the thousand on sockets, to a server process with a store on disk: it answers each connection with HTTP or
// closes it, tells of no fault of its own, goes on serving a client that means well, and holds on to nothing.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KeptConnection } from "../../support/kept-connection.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { residentBytes } from "../../support/process-memory.ts";
import { KEYHOLD, keyholdAfter, SERVE, type ServerProcess, startListening } from "../../support/server-process.ts";
import { FAULTS_MAX, type Findings, type Run } from "../method.ts";
import { drawConnection } from "./drawn-connection.ts";
import { judgeAnswers } from "./judge-answers.ts";
import { playConnection } from "./play-connection.ts";
import { routeRequests } from "./route-requests.ts";

/** Connections at once. */
const LANES = 24;
const SECRET = `kh_${"F".repeat(43)}`;
/**
 * Little is kept of answers and of the past: a store that grows fills the caches of its pages, 64 MiB for the writer alone, which would
 * count as growth.
 */
const BOUNDS = ["--entry-cache", "8MiB", "--history-changes", "10000", "--idempotency-age", "1m"];
const FLAGS = ["--head-timeout", "2s", "--idle-timeout", "3s", ...BOUNDS];
const FAULTY = fileURLToPath(new URL("./faulty-server.ts", import.meta.url));
/** Looks at the memory, evenly over the run. */
const LOOKS = 40;
/**
 * From the second quarter of the run, when all has been used once, to its last, of the least that was seen in each: what comes and
 * goes with the collector is in neither.
 */
const GROWTH_BYTES_MAX = 20_000_000;
/** In a run of few requests, in which the heap is still finding its size. */
const EARLY_REQUESTS = 100_000;
const EARLY_GROWTH_BYTES_MAX = 80_000_000;
/** Threads that are started when they are first needed, each with its own files. */
const FILES_MORE_MAX = 24;
const SETTLED_MS = 30_000;
const PROBE_PAUSE_MS = 20;
const PROBE_LATE_MS = 30_000;
const SHOWN_LENGTH = 1500;
/** Of connections: who is refused in the middle of what it sends may find its connection reset, with the answer still on its way. */
const RESETS_SHARE_MAX = 0.1;

/** Where a campaign stands. */
interface Progress {
  sent: number;
  connections: number;
  readonly statuses: Map<number, number>;
  /** Connections that the system took away with bytes on their way, and of these, those that had no answer. */
  resets: number;
  unanswered: number;
  probes: number;
  slowestProbeMs: number;
  readonly looks: number[];
  readonly faults: string[];
}

export async function fuzzSockets({ rounds, seed, plant, directory, say }: Run): Promise<Findings> {
  const server = await startFuzzed(directory, plant);
  const progress: Progress = {
    ...{ sent: 0, connections: 0, statuses: new Map(), resets: 0, unanswered: 0, probes: 0, slowestProbeMs: 0 },
    ...{ looks: [], faults: [] },
  };
  const { faults } = progress;
  void server.exited.then((code) =>
    faults.push(`The server ended with ${code}: ${server.output().slice(-SHOWN_LENGTH)}`),
  );
  try {
    const filesBefore = filesOf(server);
    const isOn = () => progress.sent < rounds && faults.length < (plant === null ? FAULTS_MAX : 1);
    const requests = routeRequests();
    let next = seed * rounds;
    const lane = async () => {
      while (isOn()) {
        const drawn = drawConnection({ seed: next++, requests, secret: SECRET });
        progress.sent += drawn.requests;
        await playOne(progress, drawn, Number(new URL(server.url).port));
        look(progress, { server, rounds, say });
      }
    };
    const lanes = Promise.all(Array.from({ length: LANES }, lane));
    let isFuzzed = true;
    const probing = probe(server, progress, () => isFuzzed && faults.length === 0);
    await lanes;
    isFuzzed = false;
    await probing;
    if (progress.resets > progress.connections * RESETS_SHARE_MAX)
      faults.push(`Of ${progress.connections} connections ${progress.resets} were reset`);
    const growthMax = rounds < EARLY_REQUESTS ? EARLY_GROWTH_BYTES_MAX : GROWTH_BYTES_MAX;
    if (growthOf(progress) > growthMax) faults.push(`The server's memory grew by ${megabytes(growthOf(progress))} MB`);
    if (faults.length === 0) await lookAtEnd(server, progress, filesBefore);
  } finally {
    server.kill("SIGKILL");
  }
  return { figures: figuresOf(progress), faults: [...faults] };
}

async function startFuzzed(directory: string, plant: string | null): Promise<ServerProcess> {
  const secret = join(directory, "secret");
  writeFileSync(secret, SECRET);
  const keyhold = plant === null ? KEYHOLD : keyholdAfter(FAULTY);
  const store = ["--store", `sqlite:${join(directory, "store")}`, "--admin-token-file", secret];
  const environment = { PATH: process.env["PATH"] ?? "", ...(plant !== null && { FAULT: plant }) };
  return await startListening([...keyhold, ...SERVE, ...store, ...FLAGS], {
    directory,
    environment,
  });
}

async function playOne(progress: Progress, drawn: ReturnType<typeof drawConnection>, port: number): Promise<void> {
  const played = await playConnection(port, drawn);
  const { answers, fault } = judgeAnswers(played);
  progress.connections++;
  for (const { status } of answers) progress.statuses.set(status, (progress.statuses.get(status) ?? 0) + 1);
  if (played.end === "reset") {
    progress.resets++;
    if (answers.length === 0) progress.unanswered++;
  }
  if (fault === null) return;
  const stream = JSON.stringify(drawn.stream);
  const shown = stream.length > SHOWN_LENGTH ? `${stream.slice(0, SHOWN_LENGTH)}…` : stream;
  progress.faults.push(`Connection ${drawn.seed}, which ends ${drawn.ends}: ${fault}; sent ${shown}`);
}

function look(
  { sent, looks, connections }: Progress,
  { server, rounds, say }: Pick<Run, "rounds" | "say"> & { server: ServerProcess },
) {
  if (sent < ((looks.length + 1) * rounds) / LOOKS) return;
  looks.push(residentBytes(server.pid));
  if (looks.length % 4 === 0)
    say(`${sent} requests on ${connections} connections, ${megabytes(looks.at(-1) ?? 0)} MB resident`);
}

/** A client that means well: what it writes it reads again, in one transaction, as mutated requests delete what they like. */
async function probe(server: ServerProcess, progress: Progress, isOn: () => boolean): Promise<void> {
  try {
    const client = await KeptConnection.open(server.url);
    for (; isOn(); progress.probes++) {
      const value = String(progress.probes);
      const ops = [{ put: { key: "probe", value } }, { get: { key: "probe" } }];
      const fields = { Authorization: `Bearer ${SECRET}`, "Content-Type": "application/json" };
      const sentAt = performance.now();
      const late = AbortSignal.timeout(PROBE_LATE_MS);
      const isLate = new Promise<never>((_, reject) =>
        late.addEventListener("abort", () => reject(new Error("It is late"))),
      );
      isLate.catch(() => {});
      const answer = await Promise.race([
        client.send(client.render("POST /-/txn", fields, JSON.stringify({ ops }))),
        isLate,
      ]);
      progress.slowestProbeMs = Math.max(progress.slowestProbeMs, performance.now() - sentAt);
      if (answer.status !== 200 || !answer.body.includes(`"value": "${value}"`))
        throw new Error(`${answer.head} ${answer.body}`);
      await Bun.sleep(PROBE_PAUSE_MS);
    }
    client.close();
  } catch (error) {
    progress.faults.push(
      `A client that means well is no longer served: ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function lookAtEnd(server: ServerProcess, progress: Progress, filesBefore: number): Promise<void> {
  const { faults } = progress;
  await pollUntil(async () => filesOf(server) <= filesBefore + FILES_MORE_MAX, {
    ms: SETTLED_MS,
    what: () => `The server had ${filesBefore} descriptors before and ${filesOf(server)} afterwards`,
  }).catch((error: Error) => faults.push(error.message));
  for (const line of server.output().split("\n")) {
    if (/"level":"(?:error|fatal)"|"code":"internal"/.test(line))
      faults.push(`The log tells of a fault: ${line.slice(0, SHOWN_LENGTH)}`);
  }
  if (faults.length > 0) return;
  server.kill("SIGTERM");
  const code = await server.exited;
  // The news of an end is a fault but for this one.
  faults.length = 0;
  if (code !== 0) faults.push(`The server ended with ${code} after SIGTERM`);
}

function growthOf({ looks }: Progress): number {
  const quarter = looks.length >> 2;
  if (quarter === 0) return 0;
  return Math.min(...looks.slice(-quarter)) - Math.min(...looks.slice(quarter, 2 * quarter));
}

function figuresOf(progress: Progress): Findings["figures"] {
  const { sent, connections, statuses, resets, unanswered, probes, slowestProbeMs } = progress;
  const within = (low: number) =>
    [...statuses].reduce((sum, [status, count]) => sum + (status >= low && status < low + 100 ? count : 0), 0);
  const others = [...statuses].filter(([status]) => status >= 500).toSorted(([a], [b]) => a - b);
  return {
    "mutated requests": sent,
    connections,
    "answers 2xx": within(200),
    "3xx": within(300),
    "4xx": within(400),
    "5xx": others.length === 0 ? 0 : others.map(([status, count]) => `${count} × ${status}`).join(" and "),
    "connections reset": resets,
    "without an answer": unanswered,
    "requests of a client that means well": probes,
    "its slowest, ms": Math.round(slowestProbeMs),
    "growth of resident memory, MB": Math.round(growthOf(progress) / 1e5) / 10,
  };
}

function filesOf({ pid }: ServerProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
