// What a request costs on our own transport, beside that of Bun, beside a Bun.serve that answers a constant, and beside nginx
// serving the same values as files: `npm run bench:transport`. Servers that stand beside each other are loaded over 64
// connections in alternating rounds, with 10,000 keys of 100 bytes on SQLite, durability full; ROUNDS and SECONDS lengthen it,
// names of parts (`-- writes`) choose.
//
// Load and server share the machine's cores. CPU time a request is the steadiest figure, and ratios within a round are what
// counts.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fillHotKeys, getHot, HOT_KEYS, HOT_VALUE, hotKey, putOverwrite } from "./hot-keys.ts";
import { type Program, startConstant, startKeyhold } from "./http-programs.ts";
import { type Comparison, type Measured, measureInTurn, printRatio, printResults, type Workload } from "./rounds.ts";
import { startNginx } from "./static-nginx.ts";

const PACE = {
  rounds: Number(process.env["ROUNDS"] ?? 5),
  seconds: Number(process.env["SECONDS"] ?? 3),
  connections: 64,
};
/** Least ratios: of what Bun's transport costs to what ours does, and of our rate to nginx'. */
const GET_BAR = 1.43;
const PUT_BAR = 1;
const NGINX_BAR = 1;

const PARTS = [
  ["reads", measureReads],
  ["writes", measureWrites],
] as const;
const asked = process.argv.slice(2);
const parts = PARTS.filter(([part]) => asked.length === 0 || asked.includes(part));
if (parts.length < asked.length) throw new Error(`The parts are ${PARTS.map(([part]) => part).join(" and ")}`);

const cpu = ({ frontMicros }: Measured) => frontMicros;
const rate = ({ perSecond }: Measured) => perSecond;

const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
const keyhold = await startOn("keyhold");
const bun = await startOn("bun");
const constant = await startConstant();
const nginx = await startNginx(new Map(Array.from({ length: HOT_KEYS }, (_, number) => [hotKey(number), HOT_VALUE])));
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${nginx?.version ?? "no nginx here"}; load before ${loadavg()[0]?.toFixed(2)}`,
);
console.log(
  `${PACE.connections} connections, ${HOT_KEYS} keys with values of ${HOT_VALUE.length} bytes, medians of ${PACE.rounds} rounds of ${PACE.seconds} s`,
);
try {
  for (const [, measure] of parts) await measure();
} finally {
  await Promise.all([keyhold, bun, constant, nginx].map((program) => program?.stop()));
  rmSync(directory, { recursive: true, force: true });
}

async function measureReads(): Promise<void> {
  const results = await measureInTurn(
    [
      getOf("get-hot, keyhold", keyhold),
      getOf("get-hot, bun", bun),
      getOf("constant, Bun.serve", constant),
      ...(nginx === null ? [] : [getOf("static file, nginx", nginx)]),
    ],
    PACE,
  );
  printResults(results);
  const compare = (of: string, to: string, what: Comparison["what"]) => ({ results, of, to, what });
  printRatio("CPU, bun to keyhold", compare("get-hot, bun", "get-hot, keyhold", cpu), GET_BAR);
  printRatio("CPU, a constant to keyhold", compare("constant, Bun.serve", "get-hot, keyhold", cpu));
  if (nginx === null) return;
  printRatio("rate, keyhold to nginx", compare("get-hot, keyhold", "static file, nginx", rate), NGINX_BAR);
  printRatio("CPU, nginx to keyhold", compare("static file, nginx", "get-hot, keyhold", cpu));
}

/** After the reads: a store that is written goes on working for a while. */
async function measureWrites(): Promise<void> {
  const results = await measureInTurn(
    [putOf("put-overwrite, keyhold", keyhold), putOf("put-overwrite, bun", bun)],
    PACE,
  );
  printResults(results);
  const compared = { results, of: "put-overwrite, bun", to: "put-overwrite, keyhold", what: cpu };
  printRatio("CPU, bun to keyhold", compared, PUT_BAR);
}

async function startOn(transport: "keyhold" | "bun"): Promise<Program> {
  const program = await startKeyhold(["--store", `sqlite:${join(directory, transport)}`, "--transport", transport]);
  await fillHotKeys(program.url);
  return program;
}

function getOf(name: string, { url, pid }: Program): Workload {
  return { name, url, next: (sequence) => getHot(sequence), status: 200, frontPid: pid, storePids: [] };
}

function putOf(name: string, { url, pid }: Program): Workload {
  return { name, url, next: putOverwrite, status: 204, frontPid: pid, storePids: [] };
}
