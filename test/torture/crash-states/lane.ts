// A thread that makes recordings and opens the states that a crash could have left of them. Told its part, it answers with what it has
// counted after each recording, and ends after the last or at its first fault.
import { join } from "node:path";
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { type CrashState, DiskModel } from "./disk-model.ts";
import { type Recording, record } from "./recording.ts";
import { type Acknowledged, compare, layOut, openAsServer, openByServer, type Verdict } from "./state-check.ts";

declare const self: Worker;

/** What it is told. */
export interface LaneOrder {
  readonly directory: string;
  readonly seed: number;
  readonly states: number;
  /** Of one recording, at most. */
  readonly statesARecording: number;
  readonly plant: string | null;
}

/** What it says: the counts since it last did. */
export interface LaneReport {
  readonly counts: Counts;
  readonly faults: readonly string[];
  readonly hasEnded: boolean;
  /** Why it could not go on; null while it can. */
  readonly failure: string | null;
}

export interface Counts {
  recordings: number;
  acknowledged: number;
  states: number;
  kept: number;
  dropped: number;
  torn: number;
  byServer: number;
  lost: number;
  corrupt: number;
}

/** One in so many states is opened by a whole server. */
const BY_SERVER = 200;

self.onmessage = ({ data }: MessageEvent<LaneOrder>) => void run(data);

async function run(order: LaneOrder): Promise<void> {
  try {
    for (let done = 0, part = 0; done < order.states; part++) {
      const states = Math.min(order.statesARecording, order.states - done);
      done += states;
      const { counts, faults } = await checkRecording(order, { seed: order.seed + part * 1000, states });
      const hasEnded = done >= order.states || faults.length > 0;
      tell({ counts, faults, hasEnded, failure: null });
      if (hasEnded) break;
    }
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ counts: noCounts(), faults: [], hasEnded: true, failure: reason });
  }
  setImmediate(() => process.exit(0));
}

function tell(report: LaneReport): void {
  self.postMessage(report);
}

interface Part {
  readonly seed: number;
  readonly states: number;
}

async function checkRecording(
  order: LaneOrder,
  { seed, states }: Part,
): Promise<Pick<LaneReport, "counts" | "faults">> {
  const recording = await record({ directory: join(order.directory, "recorded"), seed, plant: order.plant });
  const counts = noCounts();
  counts.recordings = 1;
  const faults: string[] = [];
  for (const { state, acknowledged, event } of drawStates(recording, { seed, states })) {
    const byServer = order.plant === null && counts.states % BY_SERVER === BY_SERVER - 1;
    const verdict = await judge(state, { recording, acknowledged, order, byServer });
    counts.states++;
    counts.kept += state.kept;
    counts.dropped += state.dropped;
    counts.torn += state.torn;
    counts.byServer += byServer ? 1 : 0;
    counts.lost += verdict.lost.length > 0 ? 1 : 0;
    counts.corrupt += verdict.corrupt.length > 0 ? 1 : 0;
    // What is acknowledged without a sync may be lost, but the store stays whole.
    if (order.plant === "relaxed" && verdict.corrupt.length > 0) throw new Error(verdict.corrupt.join("; "));
    const found = [...verdict.lost, ...verdict.corrupt];
    faults.push(...found.map((fault) => `recording ${seed}, a crash after event ${event}: ${fault}`));
    if (faults.length > 0) break;
  }
  counts.acknowledged = recording.events.filter(({ kind }) => kind === "answer").length;
  return { counts, faults };
}

interface Drawn {
  readonly state: CrashState;
  readonly acknowledged: Acknowledged;
  /** How many had happened. */
  readonly event: number;
}

/** In the order of the recording. */
function* drawStates({ events, histories }: Recording, { seed, states }: Part): Generator<Drawn> {
  const random = makeSeededRandom(seed);
  const moments = drawMoments(random, states, events);
  const disk = new DiskModel();
  const acknowledged = histories.map(() => 0);
  for (const [index, event] of events.entries()) {
    disk.apply(event);
    if (event.kind === "answer") acknowledged[event.writer] = (acknowledged[event.writer] ?? 0) + 1;
    for (let crash = moments.get(index) ?? 0; crash > 0; crash--)
      yield { state: disk.crash(random), acknowledged, event: index + 1 };
  }
}

/** How many crashes there are after which event: most where a sync begins, with all that it is to cover open. */
function drawMoments(random: SeededRandom, states: number, events: Recording["events"]): ReadonlyMap<number, number> {
  const syncs = [...events.keys()].filter((index) => events[index]?.kind === "sync-begins");
  const moments = new Map<number, number>();
  for (let state = 0; state < states; state++) {
    const moment = random.oneIn(4) ? random.below(events.length) : random.pick(syncs);
    moments.set(moment, (moments.get(moment) ?? 0) + 1);
  }
  return moments;
}

interface Crash {
  readonly recording: Recording;
  readonly acknowledged: Acknowledged;
  readonly order: LaneOrder;
  readonly byServer: boolean;
}

async function judge(state: CrashState, { recording, acknowledged, order, byServer }: Crash): Promise<Verdict> {
  const directory = join(order.directory, "crashed");
  layOut(state, directory);
  const durability = order.plant === "relaxed" ? "relaxed" : "full";
  try {
    const held = await (byServer ? openByServer : openAsServer)(directory, durability);
    return compare(held, recording.histories, acknowledged);
  } catch (error) {
    return { lost: [], corrupt: [error instanceof Error ? error.message : String(error)] };
  }
}

function noCounts(): Counts {
  return { recordings: 0, acknowledged: 0, states: 0, kept: 0, dropped: 0, torn: 0, byServer: 0, lost: 0, corrupt: 0 };
}
