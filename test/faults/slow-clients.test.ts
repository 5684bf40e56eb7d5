// Clients that are slow on purpose, by the thousand: heads and bodies byte by byte, answers that nobody takes. Each is cut by
// its deadline and told why where it can be told; others are served meanwhile, and the server keeps within its memory.
import { expect, test } from "bun:test";
import { parseExposition } from "../support/exposition.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { findCommand } from "../support/other-program.ts";
import { pollUntil } from "../support/poll-until.ts";
import { peakResidentBytes, tellsMemory } from "../support/process-memory.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { crowdOf, type SlowEnd, type SlowKind, withSlowCrowd } from "../support/slow-crowd.ts";
import { expectWithin } from "../support/time-bar.ts";
import { withServerProcess } from "../support/with-server-process.ts";

/** Of each of the four: heads, bodies, readers, and those that say nothing. */
const CONNECTIONS = Number(process.env["CONNECTIONS"] ?? 200);
const HEAD_TIMEOUT_SECONDS = 2;
const IDLE_TIMEOUT_SECONDS = 3;
/** For what has come at the least rate, and for the server to look round. */
const SLACK_SECONDS = 1;
/**
 * For a machine that does other things too, so many times the slowest answer to another client meanwhile: what is late for one
 * reason is late for all.
 */
const SLOWEST_TIMES = 5;
const RESIDENT_BYTES_MAX = 300_000_000;
/** What the readers ask for: more than the system takes for one that reads nothing. */
const LARGE_VALUES = 8;
const LARGE_BYTES = 256 * 1024;
const LISTINGS = 200;
/** A part for each of them would be 700 MB. */
const LISTINGS_RESIDENT_BYTES_MAX = 450_000_000;
const SERVED_WITHIN_MS = 1000;
/** Answers to another client meanwhile, two seconds at the least: far fewer than one that is served gets in each of them. */
const SERVED_MIN = 50;
const SETTLED_MS = 15_000;
/** Between two requests of the client that is not slow: the machine has other things to do too. */
const PAUSE_MS = 5;
/** By then the last has long been due. */
const ALL_ENDED_MS = 20_000;
/** Of the checkpoint thread, which the bodies start: its connection and its event loop. */
const THREAD_FILES = 16;
/** The crowd's clock starts a moment before the server's. */
const EARLY_SECONDS = 0.1;
const TIMEOUT =
  /^HTTP\/1\.1 408 [\s\S]*\r\nContent-Type: application\/problem\+json\r\n[\s\S]*\r\n\{.*"code":"request-timeout"/i;
const FLAGS = [
  ...["--head-timeout", `${HEAD_TIMEOUT_SECONDS}s`, "--idle-timeout", `${IDLE_TIMEOUT_SECONDS}s`],
  ...["--transfer-rate", "1KiB", "--transport", process.env["TRANSPORT"] ?? "keyhold"],
];
const TEST_MS = 120_000;

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

const python = findCommand(["python3"], "Debian's python3");

test.skipIf(python === null || !tellsMemory)(
  `${CONNECTIONS} slow heads, bodies and readers each are cut in time, and others are served meanwhile`,
  async () => {
    await withSlowServer(async (server) => {
      const counts = crowdOf(CONNECTIONS);
      const before = await readUse(server);
      const crowd = { command: python ?? "", url: server.url, counts, isReplaced: false };
      await withSlowCrowd(crowd, async (slow) => {
        const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
        const served = await serveWhile(server, () => slow.ends.length < all);
        console.log(
          `slow clients: ${served.answers} answers meanwhile, the slowest after ${served.slowestMs.toFixed(0)} ms`,
        );
        for (const kind of KINDS) expectEnds(slow.ends, { kind, count: counts[kind], slowestMs: served.slowestMs });
      });
      await pollUntil(async () => (await readUse(server)).files <= before.files + THREAD_FILES, {
        ms: SETTLED_MS,
        what: () => "The server holds on to connections that it has cut",
      });
      expect(await readUse(server)).toMatchObject({ bodyBytes: 0, answerBytes: 0 });
      const peak = peakResidentBytes(server.pid);
      console.log(`slow clients: the server's peak was ${Math.round(peak / 1e6)} MB`);
      expect(peak).toBeLessThan(RESIDENT_BYTES_MAX);
    });
  },
  TEST_MS,
);

test.skipIf(python === null || !tellsMemory)(
  `${LISTINGS} listings of values of 1 MiB that nobody takes are cut, and held but for a few`,
  async () => {
    await withSlowServer(async (server) => {
      const counts = { ...crowdOf(0), "stalled-listing": LISTINGS };
      await withSlowCrowd({ command: python ?? "", url: server.url, counts, isReplaced: false }, async (slow) => {
        const { slowestMs } = await serveWhile(server, () => slow.ends.length < LISTINGS);
        expectEnds(slow.ends, { kind: "stalled-listing", count: LISTINGS, slowestMs });
      });
      const peak = peakResidentBytes(server.pid);
      console.log(`slow clients: the server's peak was ${Math.round(peak / 1e6)} MB with listings`);
      expect(peak).toBeLessThan(LISTINGS_RESIDENT_BYTES_MAX);
    }, 1024 * 1024);
  },
  TEST_MS,
);

function expectEnds(
  all: readonly SlowEnd[],
  { kind, count, slowestMs }: { readonly kind: SlowKind; readonly count: number; readonly slowestMs: number },
): void {
  const ends = all.filter((end) => end.kind === kind);
  const seconds = ends.map((end) => end.seconds);
  const [first, last] = [Math.min(...seconds), Math.max(...seconds)];
  console.log(`slow clients: ${ends.length} of ${kind} ended after ${first.toFixed(1)} to ${last.toFixed(1)} s`);
  const fate = FATES[kind];
  const slackSeconds = SLACK_SECONDS + (SLOWEST_TIMES * slowestMs) / 1000;
  const isInTime = last < fate.seconds + slackSeconds && (fate.isCutBefore || first > fate.seconds - EARLY_SECONDS);
  expect({ kind, count: ends.length, first, last, slackSeconds, isInTime }).toEqual({
    ...{ kind, count, first, last, slackSeconds },
    isInTime: true,
  });
  const untold = ends.filter(({ received }) => fate.isTold && !TIMEOUT.test(received));
  expect(untold).toEqual([]);
}

/** Small reads and durable writes of a client that is not slow. Resolves when nothing is left to wait for, or it is too late. */
async function serveWhile(
  server: ServerProcess,
  isOn: () => boolean,
): Promise<{ readonly answers: number; readonly slowestMs: number }> {
  const client = await KeptConnection.open(server.url);
  const requests = [client.render("PUT /hot", {}, "value"), client.render("GET /hot", {}, "")];
  const endsAt = performance.now() + ALL_ENDED_MS;
  let [answers, slowestMs] = [0, 0];
  try {
    for (; isOn() && performance.now() < endsAt; answers++) {
      const sentAt = performance.now();
      const { status } = await client.send(requests[answers % requests.length] ?? "");
      expect([200, 201, 204]).toContain(status);
      slowestMs = Math.max(slowestMs, performance.now() - sentAt);
      await Bun.sleep(PAUSE_MS);
    }
  } finally {
    client.close();
  }
  expect(answers).toBeGreaterThan(SERVED_MIN);
  expectWithin("the slowest answer beside slow clients", slowestMs, SERVED_WITHIN_MS);
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

async function withSlowServer(body: (server: ServerProcess) => Promise<void>, largeBytes = LARGE_BYTES): Promise<void> {
  await withServerProcess(
    async (server) => {
      for (const key of ["large", ...Array.from({ length: LARGE_VALUES }, (_, index) => `listed${index}`)]) {
        const answer = await fetch(`${server.url}/keys/${key}`, { method: "PUT", body: "x".repeat(largeBytes) });
        expect(answer.status).toBe(201);
      }
      await body(server);
    },
    (directory) => ["--store", `sqlite:${directory}/store`, ...FLAGS],
  );
}
