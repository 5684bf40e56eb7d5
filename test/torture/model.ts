// Commands of every kind, drawn at random and sent over HTTP, each answer compared with that of a second implementation: a model
// written from docs/protocol.md alone. Many sequences run at once on one server, each on keys of its own; some have a store to
// themselves, for what speaks of every key. A difference is shrunk and printed as curl lines.
import { lacksServer } from "./failover.ts";
import type { Findings, Method, Run } from "./method.ts";
import { Connection } from "./model/connection.ts";
import { PLANTS, withMeddlingProxy } from "./model/plants.ts";
import type { Tally } from "./model/play.ts";
import { playRound } from "./model/rounds.ts";
import { COMMANDS } from "./model/sequences.ts";
import { type ModelServers, withModelServers } from "./model/servers.ts";
import { StoreClock } from "./model/store-clock.ts";

/** Sequences that run at once on one server, so that commits are shared. */
const LANES = 32;
/** One sequence in so many has a store to itself. */
const ALONE_EVERY = 40;
const REPORTS = 12;

export const model: Method = {
  name: "model",
  summary:
    "Sends random commands of the whole protocol, and compares each answer with a model written from its document",
  unit: `sequences of ${COMMANDS} commands`,
  rounds: { short: 12, long: 10_400 },
  variants: ["sqlite", "valkey"],
  plants: PLANTS,
  lacks: (variant) => (variant === "valkey" ? lacksServer() : null),
  run,
};

async function run({ plant, ...options }: Run): Promise<Findings> {
  const tally = { commands: 0, requests: 0, refused: 0, replayed: 0, ended: 0, compared: 0, kinds: new Set<string>() };
  const faults: string[] = [];
  await withModelServers({ ...options, plant }, async (servers) => {
    const go = (url: string) =>
      playAll({ ...servers, shared: url }, { ...options, tally, faults, shrinks: plant === null });
    await (plant === null ? go(servers.shared) : withMeddlingProxy(plant, servers.shared, go));
  });
  const { commands, requests, refused, replayed, ended, compared, kinds } = tally;
  const figures = {
    commands,
    "kinds of command": kinds.size,
    "answers compared": requests,
    "of them refusals": refused,
    "answers given again": replayed,
    "entries that ended": ended,
    "entries compared at the ends": compared,
    differences: faults.length,
  };
  return { figures, faults };
}

interface Played extends Pick<Run, "rounds" | "seed" | "say"> {
  readonly tally: Tally;
  readonly faults: string[];
  readonly shrinks: boolean;
}

/** Ends with the first difference. */
async function playAll(
  { shared, alone }: ModelServers,
  { rounds, seed, say, tally, faults, shrinks }: Played,
): Promise<void> {
  const all = Array.from({ length: rounds }, (_, round) => round);
  let done = 0;
  const lane = async (url: string, clock: StoreClock, isAlone: boolean, queue: Iterator<number>) => {
    const connection = new Connection(url);
    for (let next = queue.next(); next.done !== true && faults.length === 0; next = queue.next()) {
      const fault = await playRound({ connection, clock, tally }, { round: next.value, seed, isAlone, shrinks });
      if (fault !== null) faults.push(fault);
      done++;
      if (done % Math.ceil(rounds / REPORTS) === 0) say(`${done} of ${rounds} sequences, ${tally.requests} answers`);
    }
    connection.close();
  };
  const clocks: StoreClock[] = [];
  const clockOf = async (url: string) => {
    const clock = await StoreClock.start(new Connection(url));
    clocks.push(clock);
    return clock;
  };
  const isApart = (round: number) => alone !== null && round % ALONE_EVERY === 0;
  const together = all.filter((round) => !isApart(round)).values();
  try {
    const sharedClock = await clockOf(shared);
    await Promise.all([
      ...(alone === null ? [] : [lane(alone, await clockOf(alone), true, all.filter(isApart).values())]),
      ...Array.from({ length: LANES }, () => lane(shared, sharedClock, false, together)),
    ]);
  } finally {
    for (const clock of clocks) clock.stop();
  }
}
