// From recordings of a server's system calls, the states that a crash of the machine could have left, each opened and compared with what
// was acknowledged by then: with writes that were not synced there, missing, or torn by the sectors of the disk.
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { lacksTracing } from "../../support/call-trace.ts";
import type { Findings, Method, Run } from "../method.ts";
import type { Counts, LaneOrder, LaneReport } from "./lane.ts";

export const crashStates: Method = {
  name: "crash-states",
  summary: "Opens states of the disk that a crash could have left, with writes missing and sectors torn",
  unit: "states",
  rounds: { short: 300, long: 20_000 },
  variants: [],
  plants: [
    {
      name: "relaxed",
      summary: "--durability relaxed, which does not sync what it acknowledges",
      finds: /were acknowledged, and its keys stand as after/,
      rounds: 300,
    },
    {
      name: "skipped-sync",
      summary: "every fifth sync is reported as done, and is not",
      finds: /were acknowledged, and its keys stand as after/,
      rounds: 1000,
    },
  ],
  lacks: lacksTracing,
  run: openStates,
};

const LANES = 2;
const LANES_FROM_STATES = 600;
const STATES_A_RECORDING = 1000;
/** Of memory that holds files, which spares the disk; taken where so much is free. */
const MEMORY_DISK = "/dev/shm";
const MEMORY_BYTES_MIN = 512 * 1024 * 1024;
/** Without a word of a lane. */
const SILENCE_MS_MAX = 240_000;

async function openStates(run: Run): Promise<Findings> {
  const directory = makeFastDirectory(run.directory);
  const total: Counts = {
    ...{ recordings: 0, acknowledged: 0, states: 0, kept: 0, dropped: 0, torn: 0, byServer: 0, lost: 0, corrupt: 0 },
  };
  const faults: string[] = [];
  const lanes = run.rounds >= LANES_FROM_STATES ? LANES : 1;
  const tellAt = { next: run.rounds / 12 };
  const hear = (report: LaneReport) => {
    addCounts(total, report.counts);
    faults.push(...report.faults);
    if (total.states < tellAt.next) return;
    tellAt.next += run.rounds / 12;
    run.say(`${total.states} states, ${total.torn} torn writes, ${faults.length} faults`);
  };
  try {
    const orders = Array.from({ length: lanes }, (_, lane) => ({
      directory: join(directory, `lane-${lane}`),
      seed: run.seed * 1_000_000 + lane,
      states: Math.floor(run.rounds / lanes) + (lane < run.rounds % lanes ? 1 : 0),
      statesARecording: STATES_A_RECORDING,
      plant: run.plant,
    }));
    await Promise.all(orders.map((order) => runLane(order, hear)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { figures: figuresOf(total), faults };
}

function figuresOf(total: Counts): Findings["figures"] {
  return {
    states: total.states,
    "torn writes": total.torn,
    "dropped writes": total.dropped,
    "kept writes that were not synced": total.kept,
    recordings: total.recordings,
    "acknowledged writes": total.acknowledged,
    "opened by a whole server": total.byServer,
    "states that lost": total.lost,
    "states that were corrupt": total.corrupt,
  };
}

function addCounts(total: Counts, counts: Counts): void {
  total.recordings += counts.recordings;
  total.acknowledged += counts.acknowledged;
  total.states += counts.states;
  total.kept += counts.kept;
  total.dropped += counts.dropped;
  total.torn += counts.torn;
  total.byServer += counts.byServer;
  total.lost += counts.lost;
  total.corrupt += counts.corrupt;
}

/** Resolves when the lane has ended. */
async function runLane(order: LaneOrder, hear: (report: LaneReport) => void): Promise<void> {
  mkdirSync(order.directory, { recursive: true });
  const thread = new Worker(new URL("./lane.ts", import.meta.url).href);
  const ended = Promise.withResolvers<void>();
  const giveUp = () => ended.reject(new Error(`A lane has said nothing for ${SILENCE_MS_MAX} ms`));
  let silence = setTimeout(giveUp, SILENCE_MS_MAX);
  thread.onmessage = ({ data }: MessageEvent<LaneReport>) => {
    clearTimeout(silence);
    hear(data);
    if (data.failure !== null) ended.reject(new Error(`A lane cannot go on: ${data.failure}`));
    else if (data.hasEnded) ended.resolve();
    else silence = setTimeout(giveUp, SILENCE_MS_MAX);
  };
  thread.onerror = ({ message }) => ended.reject(new Error(`A lane failed: ${message}`));
  thread.postMessage(order);
  try {
    await ended.promise;
  } finally {
    clearTimeout(silence);
  }
}

function makeFastDirectory(otherwise: string): string {
  if (!existsSync(MEMORY_DISK)) return otherwise;
  const { bavail, bsize } = statfsSync(MEMORY_DISK);
  return bavail * bsize < MEMORY_BYTES_MIN ? otherwise : mkdtempSync(join(MEMORY_DISK, "keyhold-test-"));
}
