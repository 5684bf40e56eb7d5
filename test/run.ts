// `npm test`: the build, types, lint, generated files and every test; the last line counts them. What a machine lacks is said in a sentence
// by the test that needs it. The tests run in groups (test-groups.ts), several beside each other, as most wait more than they
// work; LANES=1 runs one after the other. With arguments, Bun is given these, and nothing runs beside it.
import { fileURLToPath } from "node:url";
import { testGroups } from "./test-groups.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Result extends Count {
  readonly title: string;
  readonly seconds: number;
  /** What its failed tests printed, in full or at the end. */
  readonly failures: readonly string[];
}

interface Step {
  readonly title: string;
  readonly command: readonly string[];
  /** Counts the step by what it printed; without it, the exit code counts as one. */
  readonly count?: (output: string, exitCode: number) => Count;
}

/** Groups of tests that run at once. */
const LANES = Number(process.env["LANES"] ?? 3);

/**
 * For a test that names no time of its own. A disk that stalls for seconds is no fault of what is tested, and a test that runs
 * out of its time takes the servers of others with it, as Bun ends what the process has started.
 */
const TEST_MS = 20_000;

/** Of each failed test, said again at the end of all. */
const FAILURE_LINES = 30;

/** One after the other, before any test: what these make, tests may use. */
const STEPS_BEFORE: readonly Step[] = [
  { title: "Build", command: [process.execPath, "--no-env-file", "scripts/build.ts"] },
  { title: "Types", command: ["node", "node_modules/typescript/bin/tsc", "--noEmit"] },
  {
    title: "Types of pages",
    command: ["node", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.web.json"],
  },
  {
    title: "Lint and format",
    command: ["node", "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  },
];

/** By what is asked for on the command line; all groups without. */
function testSteps(asked: readonly string[]): readonly Step[] {
  const command = [process.execPath, "--no-env-file", "test", `--timeout=${TEST_MS}`];
  const groups = asked.length > 0 ? [{ title: "Tests", files: asked }] : testGroups(PROJECT);
  return groups.map(({ title, files }) => ({ title, command: [...command, ...files], count: countTests }));
}

const results: Result[] = [];
for (const step of STEPS_BEFORE) results.push(await run(step));
const queue = [...testSteps(process.argv.slice(2))];
await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) results.push(await run(step));
  }),
);
report();

/** The last line counts everything. */
function report(): void {
  const times = results.map(({ title, seconds }) => `${title} ${seconds.toFixed(0)} s`);
  console.log(`\nTook: ${times.join(", ")}`);
  // Once more at the end, as whoever looks at a long run is often given its last lines alone.
  const failures = results.flatMap((result) => result.failures);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}\n`);
  const [passed, failed] = [sumOf(({ passed }) => passed), sumOf(({ failed }) => failed)];
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

function sumOf(figure: (result: Result) => number): number {
  return results.reduce((sum, result) => sum + figure(result), 0);
}

async function run({ title, command, count }: Step): Promise<Result> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], { cwd: PROJECT, stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([pass(child.stdout, title), pass(child.stderr, title)]);
  const exitCode = await child.exited;
  const counted = count?.(out + error, exitCode) ?? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1 };
  const seconds = (performance.now() - startedAt) / 1000;
  return { title, seconds, ...counted, failures: exitCode === 0 ? [] : failuresIn(out + error) };
}

/** Keeps what a child prints, and shows it as it comes, a line at a time with whose it is. */
async function pass(stream: ReadableStream<Uint8Array>, title: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let shownTo = 0;
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    for (const line of text.slice(shownTo, end).split("\n").slice(0, -1)) console.log(`${title} | ${line}`);
    shownTo = Math.max(shownTo, end);
  }
  return text;
}

/** A run that ends badly without naming a failed test, such as a crash, counts as one failure. */
function countTests(output: string, exitCode: number): Count {
  const passedTests = Number(/^\s*(\d+) pass$/m.exec(output)?.[1] ?? 0);
  const failedTests = Number(/^\s*(\d+) fail$/m.exec(output)?.[1] ?? 0);
  return { passed: passedTests, failed: exitCode !== 0 && failedTests === 0 ? 1 : failedTests };
}

/** The file and what stands before each `(fail)` line, back to the test before it; the last lines of all where no test is named. */
function failuresIn(output: string): readonly string[] {
  const failed: string[] = [];
  let file = "";
  let since: string[] = [];
  for (const line of output.split("\n")) {
    if (/^\S+\.test\.tsx?:$/.test(line)) file = line;
    else since.push(line);
    if (!/^\((?:pass|fail|skip|todo)\) /.test(line)) continue;
    if (line.startsWith("(fail) ")) failed.push([file, ...since.slice(-FAILURE_LINES)].join("\n"));
    since = [];
  }
  return failed.length > 0 ? failed : [since.slice(-FAILURE_LINES).join("\n")];
}
