// Streams of requests, mutated, to our transport in memory and to Node's HTTP server: ours takes from each what Node's takes, or
// less for a reason that stands in the list of test/wire/fuzz/deliberate.ts.
import { type Failure, type Report, runCampaign } from "../../wire/fuzz/campaign.ts";
import { shrink } from "../../wire/fuzz/shrink.ts";
import { startWitness, type Witness } from "../../wire/fuzz/witness.ts";
import type { Findings, Run } from "../method.ts";
import { FAULTY_PARSERS, findFault } from "./faulty-parsers.ts";

/** Between two lines that say how far a run is. */
const SAYS = 12;
/**
 * By how many objects for each stream of half the run the heap may grow. A connection that stays behind is dozens of them; bytes
 * say less, as the heap swings by tens of megabytes, the more where others work.
 */
const OBJECTS_A_STREAM_MAX = 2;
/** What the heap may grow by in a run of a few streams, where what runs for the first time is most of it. */
const OBJECTS_SLACK = 5000;
/** Failing streams that are made small. */
const SHRUNK_MAX = 3;
const CLIPPED_LENGTH = 2000;
/**
 * Where the streams begin in which faulty parsers are to be found. The same each time: what is looked at is whether streams are
 * drawn that tell such a parser from others, and the rarest fault is in five of ten thousand.
 */
const PLANTED_SEED = 1;

export async function fuzzParser({ rounds, seed, plant, say }: Run): Promise<Findings> {
  const witness = await startWitness();
  try {
    return plant === null ? await compare(witness, { rounds, seed, say }) : await findFaulty(witness, rounds);
  } finally {
    await witness.close();
  }
}

async function compare(
  witness: Witness,
  { rounds, seed, say }: Pick<Run, "rounds" | "seed" | "say">,
): Promise<Findings> {
  let said = 0;
  const onBatch = ({ streams, failures }: Report) => {
    if (streams < (rounds * (said + 1)) / SAYS) return;
    said++;
    say(`${streams} streams, ${failures.length} faults`);
  };
  const report = await runCampaign({ witness, seed: seed * rounds, streams: rounds, onBatch });
  const faults: string[] = [];
  for (const [index, failure] of report.failures.entries())
    faults.push(index < SHRUNK_MAX ? await shown(witness, failure) : `Stream ${failure.seed}: ${failure.what}`);
  const growth = growthOf(report);
  if (growth > Math.max((OBJECTS_A_STREAM_MAX * rounds) / 2, OBJECTS_SLACK))
    faults.push(`${growth} objects stay behind`);
  const stricter = [...report.counts].reduce(
    (sum, [name, count]) => sum + (name.startsWith("stricter") ? count : 0),
    0,
  );
  const figures = {
    "streams compared": report.streams,
    "delivered a second time": report.again,
    "requests answered": report.taken,
    "refused by decision": stricter,
    "compared with": witness.version,
  };
  return { figures, faults };
}

/** Of as many streams each. A fault is told where every one of them was found, as each stands for a fault that we may have. */
async function findFaulty(witness: Witness, streams: number): Promise<Findings> {
  const found: string[] = [];
  const names = Object.keys(FAULTY_PARSERS);
  for (const fault of names) {
    const what = await findFault(witness, { fault, seed: PLANTED_SEED, streams });
    if (what !== null) found.push(`A parser in which ${fault}: ${what}`);
  }
  const figures = { "faulty parsers": names.length, "of these found": found.length };
  return { figures, faults: found.length === names.length ? found : [] };
}

/** Between the two halves of the run. */
function growthOf({ memory }: Report): number {
  const objects = memory.map((look) => look.objects);
  const half = objects.length >> 1;
  return half === 0 ? 0 : Math.min(...objects.slice(half)) - Math.min(...objects.slice(0, half));
}

async function shown(witness: Witness, { seed, what, failed }: Failure): Promise<string> {
  const { stream, delivery } = await shrink(witness, failed);
  return `Stream ${seed}: ${what}; smallest: ${clipped(stream)}; delivered: ${clipped(delivery)}`;
}

function clipped(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > CLIPPED_LENGTH ? `${text.slice(0, CLIPPED_LENGTH)}… (${text.length} in all)` : text;
}
