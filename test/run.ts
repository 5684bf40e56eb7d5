// `npm test`: types, lint, generated files and every test, one after another; the last line counts them. What a machine
// lacks is said in a sentence by the test that needs it.
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Step {
  readonly title: string;
  readonly command: readonly string[];
  /** Counts the step by what it printed; without it, the exit code counts as one. */
  readonly count?: (output: string, exitCode: number) => Count;
}

const STEPS: readonly Step[] = [
  { title: "Types", command: ["node", "node_modules/typescript/bin/tsc", "--noEmit"] },
  {
    title: "Lint and format",
    command: ["node", "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  },
  { title: "Tests", command: [process.execPath, "--no-env-file", "test", ...process.argv.slice(2)], count: countTests },
];

let passed = 0;
let failed = 0;
for (const step of STEPS) {
  const count = await run(step);
  passed += count.passed;
  failed += count.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function run({ title, command, count }: Step): Promise<Count> {
  console.log(`\n${title}: ${command.slice(1).join(" ")}`);
  const child = Bun.spawn([...command], { cwd: PROJECT, stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([pass(child.stdout), pass(child.stderr)]);
  const exitCode = await child.exited;
  return count?.(out + error, exitCode) ?? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1 };
}

/** Shows what a child prints as it comes, and keeps it. */
async function pass(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const part = decoder.decode(chunk, { stream: true });
    process.stdout.write(part);
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
