// Makes a failing case small: takes away what it fails without, and delivers it as plainly as it still fails.
import type { Delivery } from "./delivery.ts";
import { judge } from "./judge.ts";
import { type Case, makeContext, playAll } from "./round.ts";
import type { Witness } from "./witness.ts";

/** Attempts, so that a case that fails now and then comes to an end. */
const ATTEMPTS_MAX = 3000;
/** As much of what is wrong must stay the same. */
const LIKENESS = 30;

const PLAINER: readonly Partial<Delivery>[] = [
  { cuts: [] },
  { waits: "always" },
  { isClosedAtOnce: false },
  { windowBytes: 1 << 20 },
  { delayTurns: 0 },
  { reads: "all" },
  { leavesBehind: null },
  { answers: "text" },
];

/** What is wrong with a case; null where nothing is. */
export async function faultOf(witness: Witness, { stream, delivery }: Case): Promise<string | null> {
  const asked = witness.ask([stream]);
  const [play] = await playAll([{ stream, delivery }], makeContext());
  const [testimony] = await asked;
  if (play === undefined || testimony === undefined) throw new Error("Nothing was played");
  const verdict = judge(play, testimony);
  return verdict.is === "fault" ? verdict.what : null;
}

export async function shrink(witness: Witness, failing: Case): Promise<Case> {
  const wanted = (await faultOf(witness, failing))?.slice(0, LIKENESS);
  // It fails only beside others, or only when it is delivered a second time.
  if (wanted === undefined) return failing;
  let attempts = 0;
  const stillFails = async (candidate: Case) =>
    ++attempts <= ATTEMPTS_MAX && (await faultOf(witness, candidate))?.slice(0, LIKENESS) === wanted;
  let smallest = failing;
  for (const plainer of PLAINER) {
    const candidate = { ...smallest, delivery: { ...smallest.delivery, ...plainer } };
    if (await stillFails(candidate)) smallest = candidate;
  }
  for (let length = smallest.stream.length >> 1; length > 0; length >>= 1) {
    for (let start = 0; start < smallest.stream.length; ) {
      const candidate = without(smallest, start, start + length);
      if (await stillFails(candidate)) smallest = candidate;
      else start += length;
    }
  }
  return smallest;
}

function without({ stream, delivery }: Case, start: number, end: number): Case {
  const cuts = delivery.cuts.map((at) => (at <= start ? at : Math.max(start, at - (end - start))));
  return { stream: stream.slice(0, start) + stream.slice(end), delivery: { ...delivery, cuts: [...new Set(cuts)] } };
}
