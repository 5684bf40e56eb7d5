// The method: epochs of concurrent transactions under kill -9, pauses and slow syncs, each replayed in the model in the order of its
// revisions. What stands at the end of an epoch is compared whole, and is where the next one begins.
import { makeSeededRandom } from "../../support/seeded-random.ts";
import { TransactionModel } from "../../support/transaction-model.ts";
import { FailingServer, lacksSlowSyncs } from "../failing-server.ts";
import { startMeddlingProxy } from "../meddling-proxy.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { checkTransactions } from "./check-transactions.ts";
import { MEDDLING, PLANTS } from "./plants.ts";
import { type Epoch, recordTransactions } from "./record-transactions.ts";

export const transactions: Method = {
  name: "transactions",
  summary:
    "Concurrent transactions, batches and reads of several keys under kill -9 and pauses are strictly serialisable",
  unit: "epochs",
  rounds: { short: 2, long: 60 },
  variants: [],
  plants: PLANTS,
  lacks: lacksSlowSyncs,
  run,
};

const TRANSACTIONS = 3000;
/** A planted fault shows itself in fewer. */
const PLANTED_TRANSACTIONS = 1000;
const LANES = 2;
const SAID_MAX = 16;

interface Tally {
  readonly counts: Map<string, number>;
  readonly faults: string[];
  begun: number;
}

async function run(options: Run): Promise<Findings> {
  const tally: Tally = { counts: new Map(), faults: [], begun: 0 };
  const lanes = Math.min(LANES, options.rounds);
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(options, lane, tally)));
  const { counts, faults } = tally;
  const figures = FIGURES.map((what) => [what, counts.get(what) ?? 0] as const);
  return {
    figures: { ...Object.fromEntries(figures), violations: faults.length },
    faults: faults.slice(0, FAULTS_MAX),
  };
}

const FIGURES = [
  "transactions and reads checked",
  "committed",
  "refused by a check or a bound",
  "read",
  "without an answer",
  "kill -9",
  "pauses",
  "lives with slow syncs",
];

/** Half of the epochs or so, on a server of its own: much of an epoch is waiting. */
async function runLane({ rounds, seed, plant, directory, say }: Run, lane: number, tally: Tally): Promise<void> {
  const { counts, faults } = tally;
  const random = makeSeededRandom(seed + lane);
  const server = await FailingServer.start(`${directory}/lane${lane}`);
  const meddle = plant === null ? null : (MEDDLING[plant]?.(random) ?? null);
  const proxy = meddle === null ? null : await startMeddlingProxy(server.url, meddle);
  let state = { revision: 0, model: new TransactionModel() };
  try {
    // Behind a fault the model no longer knows what stands.
    while (tally.begun < rounds && faults.length === 0) {
      const number = tally.begun++;
      const count = plant === null ? TRANSACTIONS : PLANTED_TRANSACTIONS;
      const url = proxy?.url ?? server.url;
      const isFirst = state.revision === 0;
      const epoch = await recordTransactions({ server, url, random, transactions: count, isFirst });
      const verdict = checkTransactions(state, epoch.all);
      state = verdict;
      faults.push(...verdict.faults);
      if (verdict.faults.length === 0 && !Bun.deepEquals(epoch.entries, verdict.model.state())) {
        faults.push(
          `What stands behind epoch ${number} is ${JSON.stringify(epoch.entries)}, and had to be ${JSON.stringify(verdict.model.state())}`,
        );
      }
      countEpoch(counts, epoch);
      if ((number + 1) % Math.ceil(rounds / SAID_MAX) === 0) {
        say(`${number + 1} epochs, ${counts.get("committed")} commits, ${faults.length} violations`);
      }
    }
  } catch (error) {
    if (plant !== null) throw error;
    faults.push(`Epochs of seed ${seed}: ${error instanceof Error ? error.message : error}`);
  } finally {
    const { kills, pauses, slowLives } = server.counts;
    add(counts, "kill -9", kills);
    add(counts, "pauses", pauses);
    add(counts, "lives with slow syncs", slowLives);
    await proxy?.close();
    await server.close();
  }
}

function countEpoch(counts: Map<string, number>, { all, unanswered }: Epoch): void {
  add(counts, "transactions and reads checked", all.length);
  add(counts, "without an answer", unanswered);
  for (const { told } of all) {
    if (told.kind === "committed") add(counts, "committed", 1);
    else add(counts, told.kind === "failed" ? "refused by a check or a bound" : "read", 1);
  }
}

function add(counts: Map<string, number>, what: string, number: number): void {
  counts.set(what, (counts.get(what) ?? 0) + number);
}
