// The wall clock of a running server is turned forward and back, by a second to a year, and so is it while the server is down. By
// what guarantees.md says of its clock, it is known within milliseconds what the store must take the time for; so it is known of
// each entry whether it must be there, may be, or must not.
import { lacksFakedClock } from "../support/faked-clock.ts";
import { withPatience } from "../support/patience.ts";
import { ClockWalk } from "./clock-walk.ts";
import type { Method } from "./method.ts";

const LANES = 2;
const ROUND_MS_MAX = 120_000;

export const clock: Method = {
  name: "clock",
  summary:
    "Turns the wall clock forward and back, under a server and while it is down: no entry comes back or ends early",
  unit: "stores under a turned clock",
  rounds: { short: 2, long: 40 },
  variants: [],
  plants: [
    {
      name: "forgotten-instant",
      summary: "the highest instant in the database is set back while the server is down",
      finds: /the store's clock tells/,
      rounds: 1,
    },
    {
      name: "altered-end",
      summary: "the ends of entries in the database are a second earlier, changed while the server is down",
      finds: /was \{.*\}, and is answered/,
      rounds: 1,
    },
  ],
  lacks: lacksFakedClock,
  run: async ({ rounds, seed, plant, directory, say }) => {
    const faults: string[] = [];
    const sums = { turns: 0, restarts: 0, instants: 0, writes: 0, alive: 0, ended: 0 };
    let begun = 0;
    const work = async () => {
      while (begun < rounds && faults.length === 0) {
        const round = begun++;
        if (round > 0 && round % Math.ceil(rounds / 12) === 0) say(`${round} stores, ${sums.turns} turns`);
        const walk = new ClockWalk({ seed: seed + round, plant, directory: `${directory}/${round}` });
        try {
          await withPatience(walk.run(), { ms: ROUND_MS_MAX, what: "The round" });
        } catch (error) {
          if (plant !== null) throw error;
          faults.push(`Store ${round}: ${error instanceof Error ? error.message : error}`);
        } finally {
          await walk.end();
        }
        faults.push(...walk.faults.map((fault) => `Store ${round}: ${fault}`));
        for (const name of Object.keys(sums).filter(isSum)) sums[name] += walk.sums[name];
      }
    };
    const isSum = (name: string): name is keyof typeof sums => name in sums;
    await Promise.all(Array.from({ length: LANES }, work));
    return {
      figures: {
        "turns of the clock": sums.turns,
        "restarts among them": sums.restarts,
        "instants compared": sums.instants,
        "acknowledged writes": sums.writes,
        "entries found alive": sums.alive,
        "entries found ended": sums.ended,
      },
      faults,
    };
  },
};
