// Runs streams by the thousand: makes them, asks the witness, plays them to our transport, judges, and counts. Each stream has a
// seed of its own, so that one that fails is run again alone.
import { heapStats } from "bun:jsc";
import { makeSeededRandom } from "../../support/seeded-random.ts";
import { type Delivery, makeDelivery } from "./delivery.ts";
import { judge, refusalKey, type Verdict } from "./judge.ts";
import { makeStream } from "./mutations.ts";
import type { Play } from "./play.ts";
import { type Case, makeContext, playAll } from "./round.ts";
import type { Witness } from "./witness.ts";

export interface CampaignOptions {
  readonly witness: Witness;
  /** Of the first stream; the others follow. */
  readonly seed: number;
  readonly streams: number;
  /** Told after every batch. */
  readonly onBatch: (report: Report) => void;
}

export interface Failure {
  readonly seed: number;
  readonly what: string;
  readonly failed: Case;
}

export interface MemoryLook {
  readonly residentBytes: number;
  /** On the heap of JavaScript. How many there are is steady; how much room they take swings with when it is collected. */
  readonly objects: number;
}

export interface Report {
  /** Streams that were judged, and of these, how many were played once more, delivered otherwise. */
  streams: number;
  again: number;
  bytes: number;
  /** Requests that were answered. */
  taken: number;
  /** Of verdicts. */
  readonly counts: Map<string, number>;
  /** What the witness was asked again with: see its `mends`. */
  readonly mends: Map<string, number>;
  readonly failures: Failure[];
  /** Of this process after a collection, at each tenth of the way. */
  readonly memory: MemoryLook[];
}

const BATCH_STREAMS = 500;
/** One stream in so many is played a second time, with other cuts, windows and pauses. */
const AGAIN_ODDS = 16;
/** A run ends with the batch in which it has as many. */
const FAILURES_MAX = 20;
const MEMORY_LOOKS = 10;

export async function runCampaign({ witness, seed, streams, onBatch }: CampaignOptions): Promise<Report> {
  const report: Report = {
    streams: 0,
    again: 0,
    bytes: 0,
    taken: 0,
    counts: new Map(),
    mends: new Map(),
    failures: [],
    memory: [],
  };
  const context = makeContext();
  const batches = Math.ceil(streams / BATCH_STREAMS);
  for (let batch = 0; batch < batches && report.failures.length < FAILURES_MAX; batch++) {
    const first = seed + batch * BATCH_STREAMS;
    const cases = makeCases(first, Math.min(BATCH_STREAMS, streams - report.streams));
    const asked = witness.ask(cases.map(({ stream }) => stream));
    const plays = await playAll(cases, context);
    const testimonies = await asked;
    for (const [index, play] of plays.entries()) {
      const testimony = testimonies[index];
      if (testimony === undefined) throw new Error("The witness left a stream out");
      note(report, judge(play, testimony), { seed: first + index, failed: play });
      report.bytes += play.stream.length;
      report.taken += play.taken.length;
      for (const mend of testimony.mends) count(report.mends, mend);
    }
    await playAgain(report, plays, { first, context });
    report.streams += cases.length;
    const left = leftBehind(context);
    if (left !== null)
      throw new Error(`SEED=${first} STREAMS=${cases.length}: all connections have ended, and ${left}`);
    if ((batch + 1) % Math.ceil(batches / MEMORY_LOOKS) === 0) report.memory.push(lookAtMemory());
    onBatch(report);
  }
  return report;
}

/** The streams of so many seeds, each as it is delivered. */
export function makeCases(first: number, streams: number): readonly Case[] {
  return Array.from({ length: streams }, (_, index) => {
    const random = makeSeededRandom(first + index);
    const stream = makeStream(random);
    return { stream, delivery: makeDelivery(stream, random) };
  });
}

/** The same bytes must be taken alike however they come. A body that is not read may end the connection sooner or later. */
async function playAgain(
  report: Report,
  plays: readonly Play[],
  { first, context }: { readonly first: number; readonly context: ReturnType<typeof makeContext> },
): Promise<void> {
  const before = plays
    .map((play, index) => ({ play, seed: first + index }))
    .filter(({ play, seed }) => seed % AGAIN_ODDS === 0 && isWhole(play.delivery));
  const cases = before.map(({ play: { stream, delivery }, seed }) => {
    const made = makeDelivery(stream, makeSeededRandom(~seed));
    const other: Delivery = { ...made, reads: "all", leavesBehind: null, answers: delivery.answers };
    return { stream, delivery: other };
  });
  for (const [index, play] of (await playAll(cases, context)).entries()) {
    const other = before[index];
    report.again++;
    if (other === undefined || isAlike(play, other.play)) continue;
    const what = `it depends on how it is delivered: ${endOf(play)} or ${endOf(other.play)}`;
    note(report, { is: "fault", what }, { seed: other.seed, failed: play });
  }
}

function isWhole({ reads, leavesBehind }: Delivery): boolean {
  return reads === "all" && leavesBehind === null;
}

/** Refused either way; by which rule may depend on what has come when it is looked at: a bound, the end, or what stands there. */
const LOOKED_AT_LATER = ["truncated", "head-too-large", "target-too-long"];

function isAlike(play: Play, other: Play): boolean {
  const keys = [refusalKey(play), refusalKey(other)];
  const isRefused = !keys.includes(null) && LOOKED_AT_LATER.some((key) => keys.includes(key));
  return outcomeOf(play) === outcomeOf(other) && (isRefused || keys[0] === keys[1]);
}

function endOf(play: Play): string {
  return `${play.taken.length} taken and ${refusalKey(play) ?? "none refused"}`;
}

function outcomeOf(play: Play): string {
  const taken = play.taken.map(({ method, target, fields, body }) => [method, target, [...fields], body]);
  return JSON.stringify([taken, play.fault, play.isOver]);
}

/** What connections that have ended still count as theirs; null for nothing. */
function leftBehind({ bodies, answers, tally }: ReturnType<typeof makeContext>): string | null {
  if (bodies.bytes !== 0) return `${bodies.bytes} bytes of bodies are still reserved`;
  if (answers.heldBytes !== 0 || answers.waitingBytes !== 0) return "room for answers is still held";
  return tally.inFlight.total === 0 ? null : `${tally.inFlight.total} requests are still under way`;
}

function note(report: Report, verdict: Verdict, { seed, failed }: Omit<Failure, "what">): void {
  count(
    report.counts,
    verdict.is === "fine" ? verdict.how : verdict.is === "stricter" ? `stricter: ${verdict.rule}` : "FAULT",
  );
  if (verdict.is !== "fault") return;
  report.failures.push({ seed, what: verdict.what, failed: { stream: failed.stream, delivery: failed.delivery } });
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function lookAtMemory(): MemoryLook {
  Bun.gc(true);
  return { residentBytes: process.memoryUsage.rss(), objects: heapStats().objectCount };
}
