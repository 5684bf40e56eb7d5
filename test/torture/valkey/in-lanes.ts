// Rounds in several lanes at once, each with servers of its own: rounds that wait for a fail-over mostly wait. What a lane throws,
// and a round that does not end, is a fault that says where.
import { withPatience } from "../../support/patience.ts";
import type { Run } from "../method.ts";
import type { LossTally } from "./loss-tally.ts";

export interface LanesOptions extends Pick<Run, "rounds" | "plant" | "say"> {
  readonly tally: LossTally;
}

/** What a lane does. */
export interface Lane {
  readonly number: number;
  /** Makes rounds as long as there are some left and nothing is broken. @param once - given the round's number */
  makeRounds(once: (round: number) => Promise<void>): Promise<void>;
}

/** Below, one lane is enough. */
const ROUNDS_FOR_TWO = 8;
const ROUND_MS_MAX = 300_000;
/** Lines on how far it is, of a whole run. */
const LINES = 12;

export async function runInLanes(
  { rounds, plant, tally, say }: LanesOptions,
  body: (lane: Lane) => Promise<void>,
): Promise<void> {
  const count = rounds < ROUNDS_FOR_TWO ? 1 : 2;
  const linesEvery = Math.max(1, Math.ceil(rounds / LINES));
  let begun = 0;
  let ended = 0;
  const runLane = async (number: number) => {
    let at = "at the start";
    const makeRounds: Lane["makeRounds"] = async (once) => {
      while (begun < rounds && !tally.isBroken) {
        const round = begun++;
        at = `in round ${round}`;
        await withPatience(once(round), { ms: ROUND_MS_MAX, what: "The round" });
        ended++;
        if (ended % linesEvery === 0)
          say(`${ended} of ${rounds}, ${tally.acknowledged.toLocaleString("en")} acknowledged`);
      }
      at = "at the end";
    };
    try {
      await body({ number, makeRounds });
    } catch (error) {
      if (plant !== null) throw error;
      tally.broken(`Lane ${number} stopped ${at}: ${error instanceof Error ? error.message : error}`);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => runLane(number)));
}
