// The method: epochs of contention under kill -9, pauses and slow syncs, each key's history checked against the model. In each epoch
// faults are planted in copies of its own histories as well: a checker that misses one is as bad as a store that breaks its promise.
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { FailingServer, lacksSlowSyncs } from "../failing-server.ts";
import { startMeddlingProxy } from "../meddling-proxy.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { checkKey, type Violation } from "./check-key.ts";
import type { Operation } from "./key-model.ts";
import { plantFault, withoutTags } from "./plant-fault.ts";
import { MEDDLING, PLANTS } from "./plants.ts";
import { type Epoch, recordEpoch } from "./record-epoch.ts";

export const linearizability: Method = {
  name: "linearizability",
  summary: "Clients contend for keys while the server dies, stops and syncs slowly; one order explains every answer",
  unit: "epochs",
  rounds: { short: 2, long: 500 },
  variants: [],
  plants: PLANTS,
  lacks: lacksSlowSyncs,
  run,
};

const OPERATIONS = 10_000;
/** A planted fault shows itself in fewer. */
const PLANTED_OPERATIONS = 4000;
/** To start a server takes as long as thousands of operations. */
const EPOCHS_A_KILL = 2;
const PLANTED_AN_EPOCH = 2;
/** Of histories and kinds of fault; most draws have a place. */
const PLANT_TRIES_MAX = 10_000;
const LANES = 2;
const SAID_MAX = 16;

interface Tally {
  operations: number;
  unknown: number;
  refused: number;
  keys: number;
  kills: number;
  pauses: number;
  slowLives: number;
  planted: number;
  found: number;
  readonly faults: string[];
}

async function run(options: Run): Promise<Findings> {
  const tally: Tally = {
    operations: 0,
    unknown: 0,
    refused: 0,
    keys: 0,
    kills: 0,
    pauses: 0,
    slowLives: 0,
    planted: 0,
    found: 0,
    faults: [],
  };
  const lanes = Math.min(LANES, options.rounds);
  const begun = { epochs: 0 };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(options, { lane, begun, tally })));
  const { faults } = tally;
  return {
    figures: {
      "operations checked": tally.operations,
      "without an answer": tally.unknown,
      "refused with 503": tally.refused,
      "keys contended for": tally.keys,
      "kill -9": tally.kills,
      pauses: tally.pauses,
      "lives with slow syncs": tally.slowLives,
      violations: faults.length,
      "faults planted in histories": tally.planted,
      "of them found": tally.found,
    },
    faults: faults.slice(0, FAULTS_MAX),
  };
}

/** Half of the epochs or so, on a server of its own: much of an epoch is waiting. */
async function runLane(
  options: Run,
  { lane, begun, tally }: { readonly lane: number; readonly begun: { epochs: number }; readonly tally: Tally },
): Promise<void> {
  const { rounds, seed, plant, directory, say } = options;
  const random = makeSeededRandom(seed + lane);
  const server = await FailingServer.start(`${directory}/lane${lane}`);
  const meddle = plant === null ? null : (MEDDLING[plant]?.(random) ?? null);
  const proxy = meddle === null ? null : await startMeddlingProxy(server.url, meddle);
  try {
    while (begun.epochs < rounds && (plant === null ? tally.faults.length < FAULTS_MAX : tally.faults.length === 0)) {
      const number = begun.epochs++;
      const url = proxy?.url ?? server.url;
      const operations = plant === null ? OPERATIONS : PLANTED_OPERATIONS;
      const kills = Math.floor(number / LANES) % EPOCHS_A_KILL === 0 ? 1 : 0;
      const epoch = await recordEpoch({ server, url, random, name: `e${number}`, operations, kills });
      await checkEpoch(epoch, { random, tally, isPlanting: plant === null });
      if ((number + 1) % Math.ceil(rounds / SAID_MAX) === 0) {
        say(`${number + 1} epochs, ${tally.operations} operations, ${tally.faults.length} violations`);
      }
    }
  } catch (error) {
    if (plant !== null) throw error;
    tally.faults.push(`Epoch by seed ${seed}: ${error instanceof Error ? error.message : error}`);
  } finally {
    const { kills, pauses, slowLives } = server.counts;
    tally.kills += kills;
    tally.pauses += pauses;
    tally.slowLives += slowLives;
    await proxy?.close();
    await server.close();
  }
}

async function checkEpoch(
  { histories, refused }: Epoch,
  { random, tally, isPlanting }: { readonly random: SeededRandom; readonly tally: Tally; readonly isPlanting: boolean },
): Promise<void> {
  tally.refused += refused;
  for (const [key, history] of histories) {
    const violation = checkKey(history) ?? checkKey(withoutTags(history));
    if (violation !== null) tally.faults.push(describe(key, violation));
    tally.operations += history.length;
    tally.unknown += history.filter(({ answer }) => answer.kind === "unknown").length;
    tally.keys++;
    // The clients of the other lane share this thread.
    await new Promise(setImmediate);
  }
  for (let planted = 0; isPlanting && planted < PLANTED_AN_EPOCH; planted++) plantOne([...histories], random, tally);
}

function plantOne(
  histories: readonly (readonly [string, readonly Operation[]])[],
  random: SeededRandom,
  tally: Tally,
): void {
  for (let tries = 0; tries < PLANT_TRIES_MAX; tries++) {
    const [key, history] = random.pick(histories);
    const planted = plantFault(history, random);
    if (planted === null) continue;
    tally.planted++;
    if (checkKey(planted.operations) !== null) tally.found++;
    else tally.faults.push(`The checker missed what was planted in the history of ${key}: ${planted.kind}`);
    return;
  }
  tally.faults.push(`No history of an epoch had a place for a planted fault in ${PLANT_TRIES_MAX} draws`);
}

function describe(key: string, { operation, underWay, states }: Violation): string {
  const text = (value: unknown) => JSON.stringify(value);
  return (
    `No order explains this answer on ${key}: ${text(operation)}. The key was one of ${text(states.slice(0, 3))}, ` +
    `and under way were ${text(underWay.slice(0, 5))}`
  );
}
