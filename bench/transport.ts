// What a request costs on our own transport, beside that of Bun, beside a Bun.serve that answers a constant, and beside nginx
// serving the same values as files: `npm run bench:transport`. Servers that stand beside each other are loaded over 64
// connections in alternating rounds, with 10,000 keys of 100 bytes on SQLite, durability full; ROUNDS and SECONDS lengthen it,
// names of parts (`-- writes`) choose.
//
// Servers share one core and the load has the other. CPU time a request is the steadiest figure, and ratios within a round are what
// counts.
import { workloadOf } from "../src/load/workloads.ts";
import type { Contender } from "./contender.ts";
import { HOT_STOCK } from "./hot-stock.ts";
import { startFilledKeyhold } from "./peers/keyhold.ts";
import { startConstant, startNginxFiles } from "./peers/reads-only.ts";
import { PINNING, pinLoad } from "./process.ts";
import { type Comparison, frontCpu, machineLine, printRatio, printResults, rate } from "./report.ts";
import { type Lane, measureInTurn } from "./rounds.ts";
import { numberOf, SEED } from "./settings.ts";

const PACE = {
  rounds: numberOf("ROUNDS", 5),
  seconds: numberOf("SECONDS", 3),
  connections: 64,
};
/** Least ratios: of what Bun's transport costs to what ours does, and of our rate to nginx'. */
const GET_BAR = { least: 1.43 };
const PUT_BAR = { least: 1 };
const NGINX_BAR = { least: 1 };

const PARTS = [
  ["reads", measureReads],
  ["writes", measureWrites],
] as const;
const asked = process.argv.slice(2);
const parts = PARTS.filter(([part]) => asked.length === 0 || asked.includes(part));
if (parts.length < asked.length) throw new Error(`The parts are ${PARTS.map(([part]) => part).join(" and ")}`);

pinLoad();
const keyhold = await startOn("keyhold");
const bun = await startOn("bun");
const constant = await startConstant(HOT_STOCK);
const nginx = await startNginxFiles(HOT_STOCK);
console.log(`${machineLine()}, ${nginx.about}; ${PINNING}`);
console.log(
  `${PACE.connections} connections, ${HOT_STOCK.keys} keys with values of ${HOT_STOCK.values.valueBytes} bytes, medians of ${PACE.rounds} rounds of ${PACE.seconds} s`,
);
try {
  for (const [, measure] of parts) await measure();
} finally {
  await Promise.all([keyhold, bun, constant, nginx].map((contender) => contender.stop()));
}

async function measureReads(): Promise<void> {
  const results = await measureInTurn(
    [
      laneOf("get-hot, keyhold", "get-hot", keyhold),
      laneOf("get-hot, bun", "get-hot", bun),
      laneOf("constant, Bun.serve", "get-hot", constant),
      laneOf("static file, nginx", "get-hot", nginx),
    ],
    PACE,
  );
  printResults(results);
  const compare = (of: string, to: string, what: Comparison["what"]) => ({ results, of, to, what });
  printRatio("CPU, bun to keyhold", compare("get-hot, bun", "get-hot, keyhold", frontCpu), GET_BAR);
  printRatio("CPU, a constant to keyhold", compare("constant, Bun.serve", "get-hot, keyhold", frontCpu));
  printRatio("rate, keyhold to nginx", compare("get-hot, keyhold", "static file, nginx", rate), NGINX_BAR);
  printRatio("CPU, nginx to keyhold", compare("static file, nginx", "get-hot, keyhold", frontCpu));
}

/** After the reads: a store that is written goes on working for a while. */
async function measureWrites(): Promise<void> {
  const results = await measureInTurn(
    [laneOf("put-overwrite, keyhold", "put-overwrite", keyhold), laneOf("put-overwrite, bun", "put-overwrite", bun)],
    PACE,
  );
  printResults(results);
  const compared = { results, of: "put-overwrite, bun", to: "put-overwrite, keyhold", what: frontCpu };
  printRatio("CPU, bun to keyhold", compared, PUT_BAR);
}

function startOn(transport: "keyhold" | "bun"): Promise<Contender> {
  return startFilledKeyhold(HOT_STOCK, { args: ["--transport", transport] });
}

function laneOf(name: string, workload: string, contender: Contender): Lane {
  const next = workloadOf(workload).make(contender.dialect, { keys: HOT_STOCK.keys, seed: SEED });
  return { ...contender, name, next };
}
