// Clients that are slow on purpose, by the thousand: heads and bodies byte by byte, answers that nobody takes. Each is cut by
// its deadline and told why where it can be told; others are served meanwhile, and the server keeps within its memory.
import { parseExposition } from "../../support/exposition.ts";
import { KeptConnection } from "../../support/kept-connection.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { peakResidentBytes, tellsMemory } from "../../support/process-memory.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { crowdOf, type SlowEnd, type SlowKind, withSlowCrowd } from "../../support/slow-crowd.ts";
import { withServerProcess } from "../../support/with-server-process.ts";
import type { Findings, Method, Run } from "../method.ts";

/** Of each of the four, in a round: heads, bodies, readers, and those that say nothing. */
const CONNECTIONS = 200;
const HEAD_TIMEOUT_SECONDS = 2;
const IDLE_TIMEOUT_SECONDS = 3;
/** For what has come at the least rate, and for the server to look round. */
const SLACK_SECONDS = 1;
/**
 * For a machine that does other things too, so many times the slowest answer to another client meanwhile: what is late for one
 * reason is late for all.
 */
const SLOWEST_TIMES = 5;
/** Beyond it nobody could say that a deadline is kept. */
const SLACK_SECONDS_MAX = 10;
/** What another client may wait for at the longest. */
const SLOWEST_MS_MAX = 3000;
const RESIDENT_BYTES_MAX = 300_000_000;
/** For each connection of rounds beyond the first: its buffers, and what the collector leaves lying. */
const CONNECTION_BYTES = 64 * 1024;
/** What the readers ask for: more than the system takes for one that reads nothing. */
const LARGE_VALUES = 8;
const LARGE_BYTES = 256 * 1024;
const SETTLED_MS = 30_000;
/** Between two requests of the client that is not slow: the machine has other things to do too. */
const PAUSE_MS = 5;
/** By then the last has long been due. */
const ALL_ENDED_MS = 30_000;
/** With a plant, by which some are never cut. */
const PLANTED_MS = 7000;
/** Of the checkpoint thread, which the bodies start: its connection and its event loop. */
const THREAD_FILES = 16;
/** The crowd's clock starts a moment before the server's. */
const EARLY_SECONDS = 0.1;
const TIMEOUT =
  /^HTTP\/1\.1 408 [\s\S]*\r\nContent-Type: application\/problem\+json\r\n[\s\S]*\r\n\{.*"code":"request-timeout"/i;
const PLANTS: Readonly<Record<string, readonly string[]>> = {
  "heads-not-timed": ["--head-timeout", "60s"],
  "bodies-not-paced": ["--transfer-rate", "0B"],
};

/** How each kind ends: within which time, and whether before it too; and whether it is told why. */
interface Fate {
  readonly seconds: number;
  readonly isCutBefore: boolean;
  readonly isTold: boolean;
}

const LATE: Fate = { seconds: IDLE_TIMEOUT_SECONDS, isCutBefore: false, isTold: true };
/**
 * Cut before where others wait for the room of what they do not take. Later, as what their system takes for them counts as taken;
 * and one that has been told that there is no room is let go as one that rests, which it does not see, and is cut after that.
 */
const READER: Fate = { seconds: 3 * IDLE_TIMEOUT_SECONDS, isCutBefore: true, isTold: false };
const FATES: Readonly<Record<SlowKind, Fate>> = {
  head: { ...LATE, seconds: HEAD_TIMEOUT_SECONDS },
  body: LATE,
  chunks: LATE,
  silent: { ...LATE, isTold: false },
  stalled: READER,
  "stalled-listing": READER,
  trickle: READER,
};
const KINDS = ["head", "body", "chunks", "silent", "stalled", "stalled-listing", "trickle"] as const;

export const slowClients: Method = {
  name: "slow-clients",
  summary: "Clients that are slow on purpose: each is cut in time and told why, and others are served meanwhile",
  unit: "times 200 heads, bodies, readers and silent clients at once",
  rounds: { short: 1, long: 8 },
  variants: [],
  plants: [
    {
      name: "heads-not-timed",
      summary: "a head may take a minute to arrive",
      finds: /of the kind head 0 were cut/,
      rounds: 1,
    },
    {
      name: "bodies-not-paced",
      summary: "a body may arrive as slowly as it likes",
      finds: /of the kind body 0 were cut/,
      rounds: 1,
    },
  ],
  lacks: () =>
    tellsMemory && Bun.which("python3") !== null
      ? null
      : "It needs Linux, and python3, Debian's, for the slow clients.",
  run,
};

interface Seen {
  readonly answers: number;
  readonly slowestMs: number;
  readonly ends: readonly SlowEnd[];
}

async function run({ rounds, plant, say }: Run): Promise<Findings> {
  const faults: string[] = [];
  const counts = crowdOf(CONNECTIONS * rounds);
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  let seen: Seen = { answers: 0, slowestMs: 0, ends: [] };
  let peakBytes = 0;
  await withSlowServer(plant, async (server) => {
    const before = await readUse(server);
    await withSlowCrowd({ command: "python3", url: server.url, counts, isReplaced: false }, async (slow) => {
      say(`${all} slow clients are there`);
      seen = {
        ...(await serveWhile(server, {
          ms: plant === null ? ALL_ENDED_MS : PLANTED_MS,
          isOn: () => slow.ends.length < all,
          faults,
        })),
        ends: [...slow.ends],
      };
    });
    if (seen.slowestMs > SLOWEST_MS_MAX) faults.push(`Another client waited for ${Math.round(seen.slowestMs)} ms`);
    for (const kind of KINDS) judgeEnds(seen, { kind, count: counts[kind], faults });
    if (plant !== null) return;
    await pollUntil(async () => (await readUse(server)).files <= before.files + THREAD_FILES, {
      ms: SETTLED_MS,
      what: () => "The server holds on to connections that it has cut",
    }).catch((error: Error) => faults.push(error.message));
    const { bodyBytes, answerBytes } = await readUse(server);
    if (bodyBytes !== 0 || answerBytes !== 0)
      faults.push(`Room is held still for ${bodyBytes} bytes of bodies and ${answerBytes} of answers`);
    peakBytes = peakResidentBytes(server.pid);
    const bytesMax = RESIDENT_BYTES_MAX + (all - all / rounds) * CONNECTION_BYTES;
    if (peakBytes > bytesMax) faults.push(`The server's peak was ${megabytes(peakBytes)} MB`);
  });
  const latest = (kind: SlowKind) =>
    Math.round(Math.max(0, ...seen.ends.filter((end) => end.kind === kind).map(({ seconds }) => seconds)) * 10) / 10;
  return {
    figures: {
      "slow clients": all,
      "cut by the server": seen.ends.length,
      "last head after, s": latest("head"),
      "last body after, s": latest("body"),
      "last reader after, s": latest("stalled"),
      "answers to another client meanwhile": seen.answers,
      "its slowest, ms": Math.round(seen.slowestMs),
      "peak of resident memory, MB": megabytes(peakBytes),
    },
    faults,
  };
}

function judgeEnds(
  { ends: all, slowestMs }: Seen,
  { kind, count, faults }: { readonly kind: SlowKind; readonly count: number; readonly faults: string[] },
): void {
  const ends = all.filter((end) => end.kind === kind);
  const seconds = ends.map((end) => end.seconds);
  const [first, last] = [Math.min(...seconds), Math.max(...seconds)];
  const fate = FATES[kind];
  const slackSeconds = Math.min(SLACK_SECONDS_MAX, SLACK_SECONDS + (SLOWEST_TIMES * slowestMs) / 1000);
  if (ends.length !== count) faults.push(`Of ${count} clients of the kind ${kind} ${ends.length} were cut`);
  if (last >= fate.seconds + slackSeconds) faults.push(`One of the kind ${kind} was cut after ${last.toFixed(1)} s`);
  if (!fate.isCutBefore && first <= fate.seconds - EARLY_SECONDS)
    faults.push(`One of the kind ${kind} was cut after ${first.toFixed(1)} s already`);
  const untold = ends.filter(({ received }) => fate.isTold && !TIMEOUT.test(received));
  if (untold.length > 0) faults.push(`${untold.length} of the kind ${kind} were not told why`);
}

/** Small reads and durable writes of a client that is not slow. Resolves when nothing is left to wait for, or it is too late. */
async function serveWhile(
  server: ServerProcess,
  { ms, isOn, faults }: { readonly ms: number; readonly isOn: () => boolean; readonly faults: string[] },
): Promise<Pick<Seen, "answers" | "slowestMs">> {
  const client = await KeptConnection.open(server.url);
  const requests = [client.render("PUT /hot", {}, "value"), client.render("GET /hot", {}, "")];
  const endsAt = performance.now() + ms;
  let [answers, slowestMs] = [0, 0];
  try {
    for (; isOn() && performance.now() < endsAt; answers++) {
      const sentAt = performance.now();
      const { status } = await client.send(requests[answers % requests.length] ?? "");
      if (![200, 201, 204].includes(status)) faults.push(`Another client was answered ${status}`);
      slowestMs = Math.max(slowestMs, performance.now() - sentAt);
      await Bun.sleep(PAUSE_MS);
    }
  } finally {
    client.close();
  }
  return { answers, slowestMs };
}

/** What the server holds. Each reading is a connection of its own, which is one of the files. */
async function readUse({ url }: ServerProcess) {
  const answer = await fetch(`${url}/-/metrics`, { headers: { Connection: "close" } });
  const series = parseExposition(await answer.text());
  return {
    files: series.get("process_open_fds") ?? Number.NaN,
    bodyBytes: series.get("keyhold_http_body_bytes"),
    answerBytes: series.get("keyhold_http_stream_bytes"),
  };
}

async function withSlowServer(plant: string | null, body: (server: ServerProcess) => Promise<void>): Promise<void> {
  const deadlines = {
    "--head-timeout": `${HEAD_TIMEOUT_SECONDS}s`,
    "--idle-timeout": `${IDLE_TIMEOUT_SECONDS}s`,
    "--transfer-rate": "1KiB",
  };
  const [flag = "", value = ""] = PLANTS[plant ?? ""] ?? [];
  const flags = Object.entries(deadlines).flatMap(([name, usual]) => [name, name === flag ? value : usual]);
  await withServerProcess(
    async (server) => {
      for (const key of ["large", ...Array.from({ length: LARGE_VALUES }, (_, index) => `listed${index}`)]) {
        const { status } = await fetch(`${server.url}/keys/${key}`, { method: "PUT", body: "x".repeat(LARGE_BYTES) });
        if (status !== 201) throw new Error(`A large value was answered ${status}`);
      }
      await body(server);
    },
    (directory) => ["--store", `sqlite:${directory}/store`, ...flags],
  );
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
