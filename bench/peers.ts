// Keyhold beside its peers: `npm run bench:peers`. Every server that can be had here is started and filled with the same keys and
// values, and they are loaded in turn, round after round, the others idle: servers on one core, the load on the other. Prints a
// table for each workload, and ratios within rounds with the bars that we set ourselves. What cannot be had is named.
//
// `-- get-hot put-overwrite` chooses parts; ROUNDS, SECONDS, CONNECTIONS (16,64), KEYS, VALUE (bytes) and PEERS
// (keyhold,webdis) change the rest; ARGS gives our server further options ("--workers 2"), SERVER_CORES and LOAD_CORES (0-1) other
// cores. The parts that measure Keyhold alone are in alone.ts; minute, ten-million and start are long, and
// run only where they are named.
import { ValuePool } from "../src/load/value-pool.ts";
import { WORKLOADS, workloadOf } from "../src/load/workloads.ts";
import { ALONE } from "./alone.ts";
import { type Contender, Missing, type Stock } from "./contender.ts";
import { removeStores } from "./filled-stores.ts";
import { startFilledEtcd } from "./peers/etcd.ts";
import { startFilledFlask } from "./peers/flask.ts";
import { startFilledKeyhold } from "./peers/keyhold.ts";
import { startConstant, startNginxFiles, startNginxReturn } from "./peers/reads-only.ts";
import { startFilledUnstorage } from "./peers/unstorage.ts";
import { startFilledWebdis } from "./peers/webdis.ts";
import { PINNING, pinLoad } from "./process.ts";
import {
  type Bar,
  beginPart,
  cpu,
  machineLine,
  printKinds,
  printRatio,
  printResults,
  printVerdicts,
  rate,
} from "./report.ts";
import { type Measured, measureInTurn, type Results } from "./rounds.ts";
import { listOf, numberOf, SEED } from "./settings.ts";

const SETTINGS = {
  rounds: numberOf("ROUNDS", 5),
  seconds: numberOf("SECONDS", 3),
  keys: numberOf("KEYS", 1_000_000),
  valueBytes: numberOf("VALUE", 100),
};
/** Where CONNECTIONS does not say: those of the bars. */
const CONNECTIONS = listOf("CONNECTIONS").map(Number);

const ARGS = (process.env["ARGS"] ?? "").split(" ").filter((word) => word !== "");

const STARTS: Readonly<Record<string, (stock: Stock) => Promise<Contender>>> = {
  keyhold: (stock) => startFilledKeyhold(stock, { args: ARGS }),
  webdis: startFilledWebdis,
  etcd: startFilledEtcd,
  nginx: startNginxFiles,
  return: startNginxReturn,
  constant: startConstant,
  unstorage: startFilledUnstorage,
  flask: startFilledFlask,
};

const OURS = "Keyhold";
/** Our bars against others: what of ours to what of theirs. */
const BARS: readonly {
  readonly workload: string;
  readonly connections: readonly number[];
  readonly to: string;
  readonly what: "rate" | "CPU";
  readonly bar: Bar;
}[] = [
  ...["get-hot", "get-random"].flatMap((workload) => [
    { workload, connections: [64], to: "Webdis + Valkey", what: "CPU", bar: { most: 0.55 } } as const,
    { workload, connections: [64], to: "Webdis + Valkey", what: "rate", bar: { least: 1.5 } } as const,
  ]),
  { workload: "get-hot", connections: [64], to: "nginx files", what: "rate", bar: { least: 1 } },
  { workload: "get-random", connections: [64], to: "nginx files", what: "rate", bar: { least: 0.7 } },
  { workload: "get-hot", connections: [64], to: "Bun.serve", what: "rate", bar: { least: 1 } },
  { workload: "get-random", connections: [64], to: "Bun.serve", what: "rate", bar: { least: 0.8 } },
  { workload: "put-overwrite", connections: [64, 256], to: "Webdis + Valkey", what: "rate", bar: { least: 1.2 } },
  { workload: "put-overwrite", connections: [64, 256], to: "Webdis + Valkey", what: "CPU", bar: { most: 1 } },
  { workload: "put-overwrite", connections: [64, 256], to: "etcd", what: "rate", bar: { least: 6 } },
  { workload: "put-overwrite", connections: [64, 256], to: "Flask", what: "rate", bar: { least: 50 } },
];
/** For each key to be asked for once before reads are measured, as they will be again. */
const PASS_SECONDS_MAX = 60;
const DEFAULT_PARTS = ["get-hot", "get-random", "put-overwrite", "one-connection", "beside-writes", "listing"];

const asked = process.argv.slice(2);
const known = [...WORKLOADS.map(({ name }) => name), ...Object.keys(ALONE)];
const strange = asked.filter((name) => !known.includes(name));
if (strange.length > 0) throw new Error(`There is no part ${strange.join(", ")}: the parts are ${known.join(", ")}`);
const parts = asked.length === 0 ? DEFAULT_PARTS : asked;

pinLoad();
console.log(`${machineLine()}; ${PINNING}`);
const { rounds, seconds, keys, valueBytes } = SETTINGS;
console.log(
  `${keys} keys with values of ${valueBytes} bytes, medians of ${rounds} rounds of ${seconds} s, ratios within rounds`,
);
const workloads = parts.filter((part) => WORKLOADS.some(({ name }) => name === part));
if (workloads.length > 0) await compareAll(workloads);
try {
  for (const part of parts) await ALONE[part]?.({ rounds, seconds, keys, valueBytes });
} finally {
  removeStores();
}
printVerdicts();

async function compareAll(names: readonly string[]): Promise<void> {
  const contenders = await startAll({ keys, values: new ValuePool(valueBytes, SEED) });
  try {
    for (const name of names) {
      const bars = BARS.filter(({ workload }) => workload === name).flatMap(({ connections }) => connections);
      const counts = CONNECTIONS.length > 0 ? CONNECTIONS : bars.length > 0 ? [...new Set(bars)] : [64];
      for (const connections of counts) await compare(name, connections, contenders);
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/** One after another, as each takes the disk for itself while it is filled. */
async function startAll(stock: Stock): Promise<readonly Contender[]> {
  const wanted = listOf("PEERS");
  const contenders: Contender[] = [];
  for (const [name, start] of Object.entries(STARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const startedAt = performance.now();
    try {
      const contender = await start(stock);
      contenders.push(contender);
      console.log(
        `- ${contender.name}: ${contender.about}; filled in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
      );
    } catch (error) {
      if (!(error instanceof Missing)) {
        await Promise.all(contenders.map((contender) => contender.stop()));
        throw error;
      }
      console.log(`- ${name} is left out: ${error.message}`);
    }
  }
  return contenders;
}

async function compare(name: string, connections: number, contenders: readonly Contender[]): Promise<void> {
  const workload = workloadOf(name);
  const able = contenders.filter(({ dialect }) => workload.asks.every((what) => dialect.has(what)));
  const lanes = able.map((contender) => ({
    ...contender,
    next: workload.make(contender.dialect, { keys, seed: SEED }),
  }));
  beginPart(`${name}, ${connections} connections`, workload.summary);
  const isReading = workload.asks.every((what) => what === "get");
  const results = await (isReading
    ? measureInTurn(lanes, { rounds, seconds, connections }, { seconds: PASS_SECONDS_MAX, requests: keys }, printPass)
    : measureInTurn(lanes, { rounds, seconds, connections }));
  printResults(results);
  if (workload.asks.length > 1) printKinds(results);
  if (results.has(OURS)) printRatios(name, connections, results);
}

/** Of the first time that each key is asked for. */
function printPass(name: string, measured: Measured): void {
  console.log(
    `  first pass over the keys, ${name}: ${measured.perSecond.toFixed(0)}/s, CPU ${cpu(measured).toFixed(1)} µs a request`,
  );
}

function printRatios(name: string, connections: number, results: Results): void {
  const WHAT: readonly (readonly ["rate" | "CPU", (measured: Measured) => number])[] = [
    ["rate", rate],
    ["CPU", cpu],
  ];
  for (const to of results.keys()) {
    for (const [label, what] of WHAT) {
      const bar = BARS.find(
        (each) =>
          each.workload === name && each.connections.includes(connections) && each.to === to && each.what === label,
      );
      if (to !== OURS) printRatio(`${label}, ${OURS} to ${to}`, { results, of: OURS, to, what }, bar?.bar ?? null);
    }
  }
}
