// `npm test`: the build, types, lint, generated files and every test, one after another; the last line counts them. What a machine
// lacks is said in a sentence by the test that needs it.
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Result extends Count {
  /** What has not been shown yet. */
  readonly held: string;
  /** What its failed tests printed, in full or at the end. */
  readonly failures: readonly string[];
}

interface Step {
  readonly title: string;
  readonly command: readonly string[];
  /** Counts the step by what it printed; without it, the exit code counts as one. */
  readonly count?: (output: string, exitCode: number) => Count;
}

/**
 * Suites that ask servers across the network for everything, and wait for them more than they work: they run beside the other
 * tests, which takes a quarter off the whole.
 */
const BESIDE = [
  "test/conformance/http-valkey-",
  "test/conformance/valkey-",
  "test/conformance/redis-",
  "test/engines/",
];

/**
 * For a test that names no time of its own. A disk that stalls for seconds is no fault of what is tested, and a test that runs
 * out of its time takes the servers of all others with it, as Bun ends what the process has started.
 */
const TEST_MS = 20_000;

/** Of each failed test, said again at the end of all. */
const FAILURE_LINES = 30;

/** By what is asked for on the command line; all tests in two processes without. */
function testSteps(asked: readonly string[]): readonly Step[] {
  const command = [process.execPath, "--no-env-file", "test", `--timeout=${TEST_MS}`];
  if (asked.length > 0) return [{ title: "Tests", command: [...command, ...asked], count: countTests }];
  const others = BESIDE.map((path) => `--path-ignore-patterns=${path}*.test.ts`);
  return [
    { title: "Tests", command: [...command, ...others], count: countTests },
    { title: "Tests on Valkey and Redis", command: [...command, ...BESIDE], count: countTests },
  ];
}

const STEPS: readonly Step[] = [
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

let passed = 0;
let failed = 0;
const failures: string[] = [];
for (const step of STEPS) note(await run(step));
const [first, ...beside] = testSteps(process.argv.slice(2)).map((step, index) => run(step, index === 0));
if (first !== undefined) note(await first);
for (const other of beside) note(await other);
// Once more at the end, as whoever looks at a long run is often given its last lines alone.
if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function note(result: Result): void {
  process.stdout.write(result.held);
  passed += result.passed;
  failed += result.failed;
  failures.push(...result.failures);
}

/** @param isShown - whether its output is shown as it comes; else it is held, so that two steps do not mix theirs */
async function run({ title, command, count }: Step, isShown = true): Promise<Result> {
  const heading = `\n${title}: ${command.slice(1).join(" ")}\n`;
  if (isShown) process.stdout.write(heading);
  const child = Bun.spawn([...command], { cwd: PROJECT, stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([pass(child.stdout, isShown), pass(child.stderr, isShown)]);
  const exitCode = await child.exited;
  const counted = count?.(out + error, exitCode) ?? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1 };
  const held = isShown ? "" : `${heading}${out}${error}`;
  return { ...counted, held, failures: exitCode === 0 ? [] : failuresIn(out + error) };
}

/** Keeps what a child prints, and shows it as it comes. */
async function pass(stream: ReadableStream<Uint8Array>, isShown: boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const part = decoder.decode(chunk, { stream: true });
    if (isShown) process.stdout.write(part);
    text += part;
  }
  return text;
}

/** A run that ends badly without naming a failed test, such as a crash, counts as one failure. */
function countTests(output: string, exitCode: number): Count {
  const passedTests = Number(/^\s*(\d+) pass$/m.exec(output)?.[1] ?? 0);
  const failedTests = Number(/^\s*(\d+) fail$/m.exec(output)?.[1] ?? 0);
  return { passed: passedTests, failed: exitCode !== 0 && failedTests === 0 ? 1 : failedTests };
}

/** What stands before each `(fail)` line, back to the test before it; the last lines of all where no test is named. */
function failuresIn(output: string): readonly string[] {
  const failed: string[] = [];
  let since: string[] = [];
  for (const line of output.split("\n")) {
    since.push(line);
    if (!/^\((?:pass|fail|skip|todo)\) /.test(line)) continue;
    if (line.startsWith("(fail) ")) failed.push(since.slice(-FAILURE_LINES).join("\n"));
    since = [];
  }
  return failed.length > 0 ? failed : [since.slice(-FAILURE_LINES).join("\n")];
}
