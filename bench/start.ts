// How long it takes from the start of the process to its first answer: `npm run bench:start`. Starts the executable of
// `npm run build:binary`, which must have run, the launcher that npm installs, and Bun on the sources, in turn, each on a new
// store with durability full. --version is beside it to tell what of that is the runtime's and the command line's.
// STARTS=50 starts each more often.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listeningUrl } from "./process.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BINARY = join(ROOT, "dist/keyhold");
const STARTS = Number(process.env["STARTS"] ?? 20);

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "dist/keyhold": [BINARY],
  "node bin/keyhold.js": ["node", join(ROOT, "bin/keyhold.js")],
  "bun src/main.ts": [process.execPath, join(ROOT, "src/main.ts")],
};

const QUIET = { stdout: "ignore", stderr: "inherit" } as const;

if (!existsSync(BINARY)) {
  console.error("There is no dist/keyhold: run npm run build:binary first");
  process.exit(1);
}
const directory = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
try {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${STARTS} starts each; ms`);
  const rows = await measureAll();
  console.log("| Started as | `--version` | to the first answer: median | fastest | slowest |\n|---|---|---|---|---|");
  for (const [name, { versionMs, answerMs }] of rows) {
    const [median, fastest, slowest] = [0.5, 0, 1].map((share) => quantile(answerMs, share).toFixed(0));
    console.log(`| \`${name}\` | ${quantile(versionMs, 0.5).toFixed(0)} | ${median} | ${fastest} | ${slowest} |`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

interface Times {
  readonly versionMs: number[];
  readonly answerMs: number[];
}

/** By turns, so that what else the machine does meets all of them. */
async function measureAll(): Promise<ReadonlyMap<string, Times>> {
  const rows = new Map(Object.keys(COMMANDS).map((name): [string, Times] => [name, { versionMs: [], answerMs: [] }]));
  for (let start = 0; start <= STARTS; start++) {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const versionMs = await timeOf(async () => void (await Bun.spawn([...command, "--version"], QUIET).exited));
      const answerMs = await timeToAnswer(command, join(directory, `${name.replaceAll(/\W/g, "-")}-${start}`));
      // The first start of each fills the file cache.
      if (start === 0) continue;
      rows.get(name)?.versionMs.push(versionMs);
      rows.get(name)?.answerMs.push(answerMs);
    }
  }
  return rows;
}

async function timeToAnswer(command: readonly string[], store: string): Promise<number> {
  const startedAt = performance.now();
  const server = Bun.spawn([...command, "serve", "--port", "0", "--log-format", "json", "--store", store], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const { origin } = await listeningUrl(server.stdout);
  const { status } = await fetch(`${origin}/-/ready`);
  const answeredMs = performance.now() - startedAt;
  server.kill("SIGTERM");
  await server.exited;
  if (status !== 200) throw new Error(`/-/ready answered ${status}`);
  return answeredMs;
}

async function timeOf(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
